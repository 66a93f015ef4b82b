// The view Neurons in the browser: each number of each row at each step, by hand from what the JSON has.
import {inEachLook, reload, resize} from './browser.mjs';
import {sightOf, stepThrough} from './sight.mjs';

const real = v => (v === 'NaN' ? NaN : v === 'Infinity' ? Infinity : v === '-Infinity' ? -Infinity : v);
const narrow = (v, type) => (type === 'f32' ? Math.fround(v) : v);
const numbersOf = t => t && t.value && t.value.exact && t.value.exact.map(v => narrow(real(v), t.type));
const near = (a, b, t) =>
  Object.is(a, b) || Math.abs(a - b) <= (t.type === 'f32' ? 1e-5 : 1e-12) * Math.max(1, Math.abs(a), Math.abs(b));

// Whether x is element i of the weighted sums of layer y, x w + b, as the JSON has these three.
export function isWeightedSum(T, y, i, x) {
  const [of, w, b] = y.operands.map(id => T.get(id)),
    xs = numbersOf(of),
    ws = numbersOf(w),
    bs = numbersOf(b);
  if (y.operator !== 'linear' || !xs || !ws || !bs) return false;
  const [inputs, units] = w.shape,
    row = Math.floor(i / units),
    unit = i % units;
  let sum = bs[unit];
  for (let k = 0; k < inputs; k++) sum += xs[row * inputs + k] * ws[k * units + unit];
  return near(sum, x, y);
}
// Whether x is element i of what the loss takes of y: the logistic, or the softmax of each row.
export function isShare(tape, y, i, x) {
  const all = numbersOf(y),
    units = y.shape[y.shape.length - 1],
    row = all && all.slice(Math.floor(i / units) * units).slice(0, units);
  if (!row) return false;
  if (tape.tensors.some(t => t.operator === 'logistic_cross_entropy' && t.operands[0] === y.id))
    return near(1 / (1 + Math.exp(-all[i])), x, y);
  const most = Math.max(...row),
    powers = row.map(v => Math.exp(v - most));
  return near(powers[i % units] / powers.reduce((a, v) => a + v), x, y);
}
// The derivatives of activations, by their output.
const slopes = {tanh: y => 1 - y * y, logistic: y => y * (1 - y), relu: y => (y > 0 ? 1 : 0), elu: y => (y > 0 ? 1 : y + 1), softplus: y => 1 - Math.exp(-y)};
const nameOf = ['', 'relu', 'tanh', 'logistic', 'softplus', 'elu'];
const slopeAt = (y, i) => (slopes[nameOf[y.attributes.activation]] || (() => NaN))(numbersOf(y)[i]);
export const isSlope = (y, i, x) => near(slopeAt(y, i), x, y);
// The gradient of a sum: of a batch of one row that of its bias, as the engine has it; else by the chain rule.
export function isSumGradient(T, y, i, x) {
  const b = T.get(y.operands[2]),
    units = y.shape[y.shape.length - 1],
    own = t => t.gradient && t.gradient.exact && t.gradient.exact.map(real);
  if (y.shape[0] === 1 && own(b) && near(own(b)[i % units], x, y)) return true;
  return !!own(y) && near(own(y)[i] * slopeAt(y, i), x, y);
}

// What is seen of the units. Functions of this part run in the page.
const units = () => {
  const text = e => (e ? e.textContent : undefined),
    one = (e, s) => e.querySelector(s);
  const numbers = [...document.querySelectorAll('#v-neurons [data-exact]')];
  return {
    step: +document.body.dataset.step,
    said: document.querySelector('#say').innerHTML === document.querySelector('#n-say').innerHTML,
    isSeen: document.querySelector('#n-say').checkVisibility(),
    units: [...document.querySelectorAll('.unit:not(.bias)')].map(e => ({
      c: +e.dataset.c,
      i: +e.dataset.i,
      out: text(one(e, '.out')),
      value: one(e, '.out').dataset.exact,
      gradient: one(e, '.gr') ? one(e, '.gr').dataset.exact : undefined,
      isPointSeen: !!one(e, '.pt') && one(e, '.pt').getAttribute('visibility') !== 'hidden',
      classes: [...e.classList],
      dash: getComputedStyle(one(e, '.ring')).strokeDasharray,
      label: e.getAttribute('aria-label')
    })),
    numbers: numbers.map(e => ({...e.dataset, text: e.textContent})),
    panel: document.querySelector('#n-unit').innerText,
    title: document.querySelector('#n-unit h2').textContent,
    now: [...new Set([...document.querySelectorAll('.unit.now:not(.bias)')].map(e => +e.dataset.c))],
    said_of: document.querySelector('#n-unit p').textContent,
    terms: [...document.querySelectorAll('#n-unit p:first-of-type [data-exact]')].map(e => +e.dataset.exact),
    hash: hash()
  };
};
const lines = () =>
  [...document.querySelectorAll('.ed.full')].map(e => ({
    ...e.dataset,
    width: parseFloat(getComputedStyle(e).strokeWidth),
    dash: getComputedStyle(e).strokeDasharray
  }));
const choice = () => ({
  title: document.querySelector('#n-unit h2').textContent,
  unit: new URLSearchParams(hash().slice(1)).get('unit'),
  step: +document.body.dataset.step,
  hash: hash()
});
const sight = page => sightOf(page, units);

// A unit has its value from the step at which its layer is computed, and a gradient from when a part reached it.
function checkUnits(expect, s, tape, columns, row, what) {
  const first = id => tape.tensors.filter(t => t.operator).findIndex(t => t.id === id);
  for (const u of s.units) {
    const t = columns[u.c],
      at = row * (t.shape[t.shape.length - 1] || 1) + u.i;
    expect(/\S/.test(u.label) && /not |sum |input |output /.test(u.label), `${what}: a unit says ${u.label}`);
    if (u.value === undefined)
      expect(u.out === '·' || u.out === '…', `${what}: unit ${u.c}, ${u.i} has no number and shows ${u.out}`);
    else {
      const own = [t.now, t.value].filter(Boolean).map(n => narrow(real(n.exact[at]), t.type));
      expect(own.includes(narrow(Number(u.value), t.type)) || Number.isNaN(own[0]), `${what}: unit ${u.c}, ${u.i} is ${u.value}`);
    }
    if (s.step === 0 && t.operator)
      expect(u.value === undefined && !u.isPointSeen, `${what}: unit ${u.c}, ${u.i} has a number before its step`);
    if (u.gradient !== undefined && !u.classes.includes('now') && !u.classes.includes('sel'))
      expect((Number(u.gradient) < 0) === (u.dash !== 'none'), `${what}: ${u.gradient} is dashed ${u.dash}`);
    expect(first(t.id) < 0 || s.step > 0 || u.gradient === undefined || !tape.parts.length, `${what}: too early`);
  }
}
// A line is as wide as the gradient of its weight is large, and dashed where that is negative.
function checkLines(expect, drawn, data, T, what) {
  for (const l of drawn) {
    const layer = data.layers[+l.c],
      t = T.get(l.i === 'b' ? layer.b : layer.w),
      units = T.get(layer.w).shape[1];
    if (!t.gradient || !t.gradient.exact) continue;
    const g = real(t.gradient.exact[l.i === 'b' ? +l.j : +l.i * units + +l.j]);
    const wanted = g ? Math.min(7, Math.max(1.2, 1.2 + 1.45 * (Math.log10(Math.abs(g)) + 3))) : 1.2;
    expect(Math.abs(l.width - wanted) < 0.11, `${what}: the line of ${g} is ${l.width} wide, not ${wanted}`);
    expect(g < 0 === (l.dash !== 'none'), `${what}: the line of ${g} is dashed ${l.dash}`);
  }
}
async function checkRows(page, expect, tape, T, columns, data, check) {
  for (let row = 0; row < Math.min(data.rows, 3); row++) {
    if (data.rows > 1) await page.locator('#n-row').selectOption(String(row));
    const s = await sight(page);
    check(s.numbers, `row ${row}`);
    checkUnits(expect, s, tape, columns, row, `row ${row}`);
    expect(row === 0 || s.hash.includes(`row=${row}`), `row ${row} is not in the hash ${s.hash}`);
  }
  if (data.rows < 2) return;
  const shown = async () => (await sight(page)).units.map(u => [u.value, u.gradient]).join(),
    before = await shown();
  await reload(page);
  expect(before === (await shown()), 'a reload shows another row');
  await page.evaluate(() => history.replaceState(null, '', '#view=neurons&row=1e9'));
  await reload(page);
  expect((await sight(page)).units.length > 0, 'a hostile row leaves no units');
}
// The sentence of a unit is true: its products add up to its sum.
function checkSentence(expect, s, layer, T) {
  const terms = [...s.terms],
    isApplied = !!layer.activation,
    pairs = T.get(layer.w).shape[0];
  if (terms.length !== 2 * pairs + (layer.b ? 1 : 0) + (isApplied ? 2 : 1)) return expect(/…/.test(s.said_of), `it is said: ${s.said_of}`);
  let sum = layer.b ? terms[2 * pairs] : 0;
  for (let k = 0; k < pairs; k++) sum += terms[2 * k] * terms[2 * k + 1];
  expect(near(sum, terms[terms.length - (isApplied ? 2 : 1)], T.get(layer.y)), `it is said: ${s.said_of}`);
}
// By keys, a unit is chosen: its sentence is said with numbers, and its lines stand out.
async function checkChoice(page, expect, data, T) {
  const all = page.locator('#v-neurons .unit'),
    n = await all.count();
  for (const k of [0, n >> 1, n - 1]) {
    await all.nth(k).focus();
    await page.keyboard.press('Enter');
    const s = await sight(page),
      c = await chosenUnit(page, k);
    expect(c.chosen === 1 && c.isChosen, `unit ${k} is not chosen`);
    expect(/ = |gives /.test(s.panel), `the panel says nothing of unit ${k}: ${s.panel}`);
    expect(c.hasLines, `unit ${k} has no lines`);
    if (c.column && !c.isBias) checkSentence(expect, s, data.layers[c.column - 1], T);
  }
  await all.nth(n - 1).click();
  expect(data.layers.length > 0, 'a network without layers');
}
const chosenUnit = (page, k) =>
  page.evaluate(k => {
    const all = [...document.querySelectorAll('#v-neurons .unit')],
      e = all[k];
    return {
      chosen: all.filter(u => u.classList.contains('sel')).length,
      isChosen: e.classList.contains('sel'),
      hasLines: !!document.querySelector('.ed.full'),
      column: +e.dataset.c,
      isBias: e.dataset.i === 'b'
    };
  }, k);
const nameOfColumn = t => t.name || t.id;
// Without a choice, the panel tells of the layer that is now.
function checkFollowing(expect, s, columns) {
  if (s.now.length !== 1) return;
  const name = nameOfColumn(columns[s.now[0]]).slice(0, 20);
  expect(s.title.startsWith(name), `step ${s.step} is of ${name}, and the panel tells of ${s.title}`);
}
// A choice stays while one steps, is in the hash, and ends with Escape or at Home.
async function checkChoiceStays(page, expect, columns, isAttacked) {
  const unit = page.locator('#v-neurons .unit:not(.bias)[data-c="1"]').first(),
    now = () => sightOf(page, choice),
    choose = async () => {
      await unit.focus();
      await page.keyboard.press('Enter');
    };
  await page.keyboard.press('Home');
  expect((await now()).unit === null, 'a unit is in the hash that nobody chose');
  await choose();
  const before = await sight(page),
    chosen = before.title;
  expect(!/·\s*·|= ·(?!\d)/.test(before.said_of), `before numbers are there it is said: ${before.said_of}`);
  expect((await now()).unit === `${nameOfColumn(columns[1])}-0`, `the hash is ${before.hash}`);
  for (let k = 0; k < 3; k++) {
    await page.keyboard.press('ArrowRight');
    const {title} = await now();
    expect(title === chosen, `the panel leaves the chosen unit for ${title}`);
  }
  await reload(page);
  const {title} = await now();
  expect(title === chosen, `a reload tells of ${title}, not of ${chosen}`);
  await page.keyboard.press('Escape');
  expect((await now()).unit === null, 'Escape leaves the choice');
  checkFollowing(expect, await sight(page), columns);
  await choose();
  await page.keyboard.press('Home');
  expect((await now()).unit === null, 'Home leaves the choice');
  const name = nameOfColumn(columns[1]);
  for (const hostile of isAttacked ? ['<img src=y>-0', '__proto__-0', `${name}-99`, '-', `${name}-0.0`] : []) {
    const hash = '#' + new URLSearchParams({view: 'neurons', step: 2, unit: hostile});
    await page.evaluate(h => history.replaceState(null, '', h), hash);
    await reload(page);
    const s = await now();
    expect(s.step === 2 && s.unit === null, `the unit ${hostile} is not ignored: ${s.hash}`);
  }
}
// The gradient of a sum that the tape has not: its chain rule is true.
function checkSumGradients(expect, s) {
  for (const n of s.numbers.filter(n => n.what === 'sum-gradient')) {
    const of = what => s.numbers.find(m => m.what === what && m.id === n.id && m.index === n.index),
      [g, slope] = [of('gradient'), of('slope')];
    expect(g && slope && near(+g.exact * +slope.exact, +n.exact, {type: 'f32'}), `the chain rule of ${n.of} is not true`);
  }
}
async function checkSteps(page, expect, tape, T, columns, check) {
  await page.keyboard.press('Home');
  for (const [k, s] of (await stepThrough(page, 40, units)).entries()) {
    expect(s.said && s.isSeen, `step ${k}: the sentence is not the step's`);
    check(s.numbers, `step ${k}`);
    checkUnits(expect, s, tape, columns, 0, `step ${k}`);
    checkFollowing(expect, s, columns);
    checkSumGradients(expect, s);
  }
}
// On paper, and without the script, stands the end of row 0.
async function checkPaper(page, plain, expect, columns) {
  await page.keyboard.press('Home');
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
  const s = await sight(page);
  const has = s.units.filter(u => u.value !== undefined).length;
  const wanted = s.units.filter(u => (columns[u.c].value || {}).exact).length;
  expect(has === wanted, `on paper ${has} units have numbers, not ${wanted}`);
  await page.evaluate(() => dispatchEvent(new Event('afterprint')));
  const own = await plain.take();
  await own.goto(page.url().split('#')[0]);
  const all = await own.locator('.unit:not(.bias)').evaluateAll(all =>
    all.map(e => ({
      key: `${e.dataset.c} ${e.dataset.i}`,
      out: e.querySelector('.out').textContent,
      gradient: (e.querySelector('.gr') || {dataset: {}}).dataset.exact
    }))
  );
  for (const u of s.units) {
    const [p, ...more] = all.filter(p => p.key === `${u.c} ${u.i}`);
    expect(p && !more.length && p.out === u.out, `without the script unit ${u.c}, ${u.i} is not ${u.out}`);
    if (u.gradient !== undefined)
      expect(p && p.gradient === u.gradient, `without the script its gradient is not ${u.gradient}`);
  }
  plain.giveBack(own);
}

// Goes through the view. `plain` has pages where scripts do not run, `check` compares numbers with the JSON, `look` looks for
// texts that overlap.
export async function checkNeurons(page, tape, T, {plain, expect, check, look, isAttacked}) {
  const found = page.locator('#gradtape-neurons');
  const hasTab = await page.locator('#t-neurons').isVisible();
  expect(hasTab === ((await found.count()) > 0), 'the tab Neurons is there where the view is not, or is missing');
  if (!hasTab) return;
  const data = JSON.parse(await found.evaluate(e => e.textContent)),
    columns = [data.layers[0].x, ...data.layers.map(l => l.y)].map(id => T.get(id));
  await page.keyboard.press('u');
  await checkSteps(page, expect, tape, T, columns, check);
  await page.keyboard.press('End');
  if (!tape.functional.length) checkLines(expect, await sightOf(page, lines), data, T, 'at the end');
  await checkChoice(page, expect, data, T);
  await checkChoiceStays(page, expect, columns, isAttacked);
  await page.keyboard.press('End');
  await checkRows(page, expect, tape, T, columns, data, check);
  await inEachLook(page, what => look(page, what + ' u'));
  await page.keyboard.press('b');
  await look(page, 'A+ u');
  await page.keyboard.press('b');
  await checkPaper(page, plain, expect, columns);
  await page.emulateMedia({colorScheme: 'light'});
  await resize(page, 1280, 720);
  await page.evaluate(() => history.replaceState(null, '', location.pathname));
  await reload(page);
}
