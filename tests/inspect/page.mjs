// Opens each page of a folder in headless Chromium, goes through it by keys, and compares every number with the JSON.
// Usage: node page.mjs FOLDER [FOLDER for screenshots]; node page.mjs --look only looks whether playwright-core is
// there. ONLY=name,name takes these pages only, TIMES=1 says how long each takes to be shown.
import {readFileSync, readdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {checkActivations} from './activations.mjs';
import {addressOf, findChromium, inEachLook, launch, pagesOf, reload, resize, tabThrough} from './browser.mjs';
import {expect, takeAll} from './expect.mjs';
import {checkKeys} from './keys.mjs';
import {look, lookAfter} from './look.mjs';
import {checkNeurons, isShare, isSlope, isSumGradient, isWeightedSum} from './neurons.mjs';
import {checkSentences} from './sentences.mjs';
import {goBack, inPage, sightOf, stepThrough} from './sight.mjs';
import {checkTraining} from './training.mjs';

const [, , folder, pictures] = process.argv,
  chromium = findChromium();
if (folder === '--look') process.exit(0);
// Only these get hostile hashes and units, which the same code reads on all: without steps, with units, a quiz, large.
const attacked = ['nothing', 'net_xor', 'descent', 'layers'];

// ---- What the page must show ----
const real = v => (v === 'NaN' ? NaN : v === 'Infinity' ? Infinity : v === '-Infinity' ? -Infinity : v);
const parse = t => (t === 'nan' ? NaN : t === 'inf' ? Infinity : t === '-inf' ? -Infinity : Number(t));
const same = (a, b) => Object.is(a, b) || (a === b && a !== 0) || (a === 0 && b === 0 && Object.is(a, b));
const narrow = (v, type) => (type === 'f32' ? Math.fround(v) : v);
const read = text => {
  const t = text
    .replace(/[×‖()]/g, '')
    .replaceAll('−', '-')
    .replace('∞', 'Infinity')
    .trim();
  return Number(t === 'NaN' ? NaN : t);
};

const norm = s => (s.some(Number.isNaN) ? NaN : Math.hypot(...s));
const push = (map, key, v) => (map.has(key) ? map.get(key).push(v) : map.set(key, [v]));
// The tape with what is looked up in it, of both walks: parts by whom they are for, and the calls that gave them.
function readTape(text) {
  const tape = JSON.parse(text),
    T = new Map(tape.tensors.map(t => [t.id, t])),
    of = new Map(),
    from = new Map();
  for (const p of [...tape.parts, ...tape.functional]) {
    push(of, p.of, p);
    if (p.from) push(from, p.from, p);
  }
  return {tape: {...tape, of: id => of.get(id) || [], from: id => from.get(id) || [], gradients: new Map()}, T};
}
// Every number that a tensor's gradient may be: each sum of its first parts, and the engine's own.
function gradientsOf(tape, T, id) {
  const t = T.get(id),
    type = t ? t.type : 'f64',
    sums = [];
  if (tape.gradients.has(id)) return tape.gradients.get(id);
  for (const band of [tape.parts, tape.functional]) {
    let sum = null,
      sweep;
    for (const p of band.filter(p => p.of === id)) {
      const part = p.part.exact && p.part.exact.map(v => narrow(real(v), type));
      const isFresh = !sum || (sweep !== p.sweep && ((t && t.operator) || band === tape.functional));
      sum = !part ? null : isFresh ? part : sum.map((v, i) => narrow(v + part[i], type));
      sweep = p.sweep;
      if (sum) sums.push(sum);
    }
  }
  const g = t && t.gradient,
    found = {sums, own: g && g.exact ? g.exact.map(real) : null, norm: g && real(g.norm)};
  tape.gradients.set(id, found);
  return found;
}
function valuesOf(tape, T, id) {
  const t = T.get(id);
  return [t && t.now, t && t.value, ...tape.changes.filter(c => c.leaf === id).map(c => c.before)].filter(Boolean);
}

// Whether a number of the page is one of the JSON's.
function isOfJson(tape, T, n) {
  if (n.id && !T.has(n.id)) return tape.isCut;
  const x = parse(n.exact),
    i = n.index === undefined ? 0 : +n.index,
    t = T.get(n.id);
  const type = t ? t.type : 'f64',
    near = v =>
      v !== undefined &&
      same(narrow(real(v), n.what.includes('-') ? 'f64' : type), narrow(x, n.what.includes('-') ? 'f64' : type));
  const parts = tape
    .of(n.id)
    .filter(p => (n.from === undefined || p.from === n.from) && (n.place === undefined || p.place === +n.place));
  switch (n.what) {
    case 'value':
      return valuesOf(tape, T, n.id).some(v => v.exact && near(v.exact[i]));
    case 'gradient': {
      const g = gradientsOf(tape, T, n.id),
        ups = tape.from(t && t.call).flatMap(p => p.upstream || []);
      return (
        g.sums.some(s => near(s[i])) || (g.own && near(g.own[i])) || ups.some(u => u && u.exact && near(u.exact[i]))
      );
    }
    case 'weighted-sum':
      return isWeightedSum(T, t, i, x);
    case 'share':
      return isShare(tape, t, i, x);
    case 'slope':
      return isSlope(t, i, x);
    case 'sum-gradient':
      return isSumGradient(T, t, i, x);
    case 'gradient-norm': {
      if (!n.id) return true; // of a fold
      const ups = tape.from(n.id).flatMap(p => p.upstream || []);
      // The norm of a sum that is not whole is computed in the page.
      if (gradientsOf(tape, T, n.id).sums.some(s => same(norm(s), x) || Math.abs(norm(s) / x - 1) < 1e-12)) return true;
      return (
        near(t.gradient && t.gradient.norm) || ups.some(u => u && near(u.norm)) || parts.some(p => near(p.part.norm))
      );
    }
    case 'local':
      return parts.some(p => near(p.local));
    case 'part':
      return parts.some(p => p.part.exact && near(p.part.exact[i]));
    case 'part-norm':
      return parts.some(p => near(p.part.norm));
    case 'value-min':
    case 'value-max':
    case 'value-mean':
    case 'value-rms':
    case 'value-norm':
      return [t.value, t.now].some(v => v && near(v[n.what.slice(6)]));
    case 'gradient-min':
    case 'gradient-max':
    case 'gradient-mean':
    case 'gradient-rms':
      return (
        t.gradient &&
        (t.gradient[n.what.slice(9)] === undefined ||
          near(t.gradient[n.what.slice(9)]) ||
          Math.abs(real(t.gradient.rms) / x - 1) < 1e-12)
      );
    default:
      return true; // deviation, update-ratio, dead: the C suites compare them
  }
}

// ---- Tests of one page ----
function checkNumbers(sight, tape, T, what) {
  for (const n of sight.numbers) {
    expect(
      isOfJson(tape, T, n),
      `${what}: ${n.what} of ${n.of} (${n.id}, from ${n.from}) is ${n.exact}, which the JSON has not`
    );
    const x = parse(n.exact),
      t = read(n.text);
    expect(
      Object.is(x, t) || Math.abs(x - t) <= 5.1e-2 * Math.abs(x) || n.what === 'dead',
      `${what}: ${n.what} of ${n.of} is ${n.exact}, and is shown as ${n.text}`
    );
  }
}
// At each step a box has a value from when its entry was computed, and a gradient from when a part reached it.
function checkBoxes(s, tape, T, k) {
  for (const b of s.boxes) {
    const t = T.get(b.id);
    expect(
      b.label.includes('value ') && b.label.includes('gradient '),
      `step ${k}: ${b.id} has no value and gradient in its label: ${b.label}`
    );
    const change = tape.parts.length && s.phase !== 'descent' && tape.changes.find(c => c.leaf === b.id);
    if (change && change.before.n === 1 && b.value !== undefined)
      expect(
        same(parse(b.value), real(change.before.exact[0])),
        `step ${k}: ${b.id} is ${b.value}, which it was not before it was changed`
      );
    if (b.text === '·')
      expect(b.value === undefined && b.gradient === undefined, `step ${k}: ${b.id} is not computed, but has a number`);
    if (s.walk || b.partial || b.gradient === undefined || !t.gradient || t.gradient.n !== 1) continue;
    expect(
      same(parse(b.gradient), real(t.gradient.exact[0])),
      `step ${k}: the gradient of ${b.id} is whole, and is ${b.gradient}, not ${t.gradient.exact[0]}`
    );
  }
}
// What is seen of a step, without its numbers.
const stepOf = () => ({
  step: +document.body.dataset.step,
  text:
    document.querySelector('#say').innerText +
    [...document.querySelectorAll('.graph:not([hidden]) .node')]
      .map(n => [...n.classList].filter(c => c !== 'sel').sort() + n.textContent)
      .join('|')
});
async function goThrough(page, tape, T, most) {
  await page.keyboard.press('Home');
  const order = ['forward', 'error', 'reverse', 'descent'],
    seen = await stepThrough(page, most),
    {steps} = seen[0];
  let phase = 0;
  expect(seen[0].step === 0 && seen[0].phase === 'forward', `Home goes to step ${seen[0].step}, ${seen[0].phase}`);
  for (const [k, s] of seen.entries()) {
    expect(s.step === k, `after ${k} times → the step is ${s.step}`);
    expect(order.indexOf(s.phase) >= phase, `step ${k}: phase ${s.phase} after ${order[phase]}`);
    phase = Math.max(phase, order.indexOf(s.phase));
    expect(s.sentence.length > 10, `step ${k} has no sentence`);
    checkNumbers(s, tape, T, `step ${k}`);
    checkBoxes(s, tape, T, k);
  }
  if (steps <= most)
    for (const {step, text} of await goBack(page, steps - 1, stepOf))
      expect(text === seen[step].text, `step ${step} is another one on the way back`);
  await page.keyboard.press('End');
  await checkEnd(page, tape, T, steps);
}
// When ad_backward is done, every box that has a gradient in the JSON has it.
async function checkEnd(page, tape, T, steps) {
  const [last, s] = await inPage(page, async () => {
    const last = +document.body.dataset.step;
    while (+document.body.dataset.walk) await press('ArrowLeft');
    return [last, read()];
  });
  expect(last === steps - 1, `End goes to step ${last} of ${steps}`);
  checkBoxes(s, tape, T, 'last');
  for (const b of s.phase === 'forward' ? [] : s.boxes) {
    const isGiven = T.get(b.id).gradient && tape.parts.some(p => p.of === b.id);
    expect(!isGiven || b.gradient !== undefined, `the gradient of ${b.id} is not shown at the end`);
  }
}
const spoken = page => page.evaluate(() => document.querySelector('#say').innerText);
async function checkQuiz(page) {
  await page.keyboard.press('End');
  await page.keyboard.press('q');
  const asked = await spoken(page),
    url = await addressOf(page);
  await page.keyboard.press('q');
  const told = await spoken(page);
  expect(url.includes('quiz=1'), 'the hash does not keep the quiz');
  if (told.includes('=')) expect(asked.includes('?') && asked !== told, `the quiz hides nothing: ${asked}`);
  await page.keyboard.press('q');
}
// z says ad_why_zero's sentence of an entry whose gradient is 0 or was not computed.
async function checkReasons(page, tape, T) {
  const reasons = await inPage(page, async () => {
    const {why} = JSON.parse(document.querySelector('#gradtape-page').textContent),
      reasons = [];
    for (const id of Object.keys(why).slice(0, 6)) {
      const node = document.querySelector(`.graph:not([hidden]) .node[data-id="${id}"]`);
      for (let k = 0; node && k < 500 && +document.body.dataset.walk; k++) await press('ArrowLeft');
      if (node) {
        node.focus();
        for (const key of ['Enter', 'z']) await press(key);
      }
      reasons.push({id, why: why[id], said: node && document.querySelector('#say').innerText});
    }
    return reasons;
  });
  for (const {id, why, said} of reasons) {
    const norm = T.get(id).gradient && T.get(id).gradient.norm;
    expect(!norm, `a reason why the gradient of ${id} is 0, which is ${norm}`);
    if (said !== null) expect(said.trim() === why.trim(), `z says of ${id}: ${said}, not: ${why}`);
  }
}
const isBad = n => !!n && n.not_finite > 0;
// Of a page that was just opened: n says what the message of a check says, or goes to the first number that is not finite
// and on in the order of the tape.
async function checkBad(page, tape, T) {
  const values = tape.tensors.filter(t => isBad(t.value)).map(t => t.id),
    back = tape.tensors.filter(t => isBad(t.gradient) && !isBad(t.value)).reverse(),
    isLeaf = t => t.id[0] === 'k';
  const wanted = [...values, ...back.filter(t => !isLeaf(t)).map(t => t.id), ...back.filter(isLeaf).map(t => t.id)];
  const alert = await page.evaluate(() => (document.querySelector('.alert.nan') || {}).textContent || '');
  if (tape.status === 'AD_OK')
    expect(/^First (tensor|gradient) that is not finite: /.test(alert) === wanted.length > 0, `the alert is: ${alert}`);
  if (tape.status === 'AD_NOT_FINITE' || !wanted.length) {
    await page.keyboard.press('n');
    const said = await spoken(page);
    expect(said.includes(tape.status === 'AD_NOT_FINITE' ? tape.message : 'All numbers are finite'), `n says: ${said}`);
    return;
  }
  const seen = await inPage(
    page,
    async n => {
      const seen = [read()];
      for (let k = 1; k < n; k++) {
        await press('n');
        seen.push(read());
      }
      return seen;
    },
    Math.min(wanted.length, 12),
    () => new URLSearchParams(hash().slice(1)).get('node')
  );
  const names = wanted.slice(0, seen.length).map(id => T.get(id).name || id);
  expect(seen.join() === names.join(), `the page opens at, and n goes to ${seen}, not ${names}`);
}
// Folds in folds: the hash names each, and a reload is inside of them again.
async function checkFolds(page, depth) {
  await page.keyboard.press('g');
  for (let k = 0; k < depth; k++) {
    await page.locator('.graph:not([hidden]) .node.fold').first().focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('f');
  }
  const names = p => p.evaluate(() => [document.querySelector('.graph:not([hidden])').dataset.drawing, location.hash]);
  const [inner, hash] = await names(page),
    fold = new URLSearchParams(hash.slice(1)).get('fold');
  expect(fold.split(',').length === depth, `${depth} folds are open, and the hash has ${fold}`);
  await reload(page);
  expect((await names(page))[0] === inner, `a reload of ${hash} opens another fold`);
  for (let k = 0; k < depth; k++) await page.keyboard.press('F');
  expect(!(await names(page))[1].includes('fold='), 'F does not leave all folds');
}
// A tensor of more than two axes is drawn as matrices side by side.
async function checkFacets(page, tape) {
  await page.keyboard.press('v');
  for (const t of tape.tensors
    .filter(t => t.shape.length > 2 && t.shape.slice(0, -2).reduce((a, n) => a * n, 1) > 1)
    .slice(-2)) {
    await page.locator('#pick').selectOption(t.id);
    const text = await page.locator('#maps').innerText(),
      facets = t.shape.slice(0, -2).reduce((a, n) => a * n, 1);
    expect(
      text.includes(`${facets} matrices [${t.shape.slice(-2).join(', ')}]`),
      `${t.id} [${t.shape}] is drawn so: ${text}`
    );
  }
  await page.keyboard.press('g');
}
// Heat maps follow the system's theme while the page is open.
async function checkTheme(page) {
  await page.keyboard.press('v');
  const drawn = async colorScheme => {
    await page.emulateMedia({colorScheme});
    return page.evaluate(async () => {
      for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
      return [...document.querySelectorAll('#maps canvas')].map(c => c.toDataURL()).join();
    });
  };
  const light = await drawn('light');
  if (light) expect(light !== (await drawn('dark')), 'heat maps stay light when the theme of the system turns dark');
  await page.emulateMedia({colorScheme: 'light'});
  await page.keyboard.press('g');
}
// What is said where the page is, and at each of n steps on.
const goOn = (page, n) =>
  inPage(
    page,
    async n => {
      const said = [read()];
      for (let k = 0; k < n; k++) {
        await press('ArrowRight');
        said.push(read());
      }
      return said;
    },
    n,
    () => document.querySelector('#say').innerText
  );
// Of a step only its direction is known. A change that goes back has a negative rate.
async function checkDescent(page, tape) {
  const ones = tape.changes.flatMap((c, k) => (c.by === 'descend' && c.before.n === 1 ? [k] : [])),
    gradient = k => (tape.tensors.find(t => t.id === tape.changes[k].leaf).gradient || {exact: []}).exact[0],
    still = ones.find(k => gradient(k) === 0),
    k = ones.find(k => gradient(k) !== 0);
  if (!tape.parts.length) return;
  if (still !== undefined) {
    await page.keyboard.press('4');
    const text = (await goOn(page, still)).pop();
    expect(text.includes('Its gradient is 0, so that it stays'), `of a gradient of 0: ${text}`);
  }
  if (k === undefined) return;
  const html = readFileSync(new URL(page.url()), 'utf8'),
    change = tape.changes[k],
    t = tape.tensors.find(t => t.id === change.leaf);
  for (const isBack of [false, true]) {
    const other = structuredClone({...tape, of: 0, from: 0, gradients: 0});
    if (isBack) [other.changes[k].before, other.tensors.find(o => o.id === t.id).now] = [t.now, change.before];
    const own = await page.context().newPage();
    await own.setContent(html.replace(/(id="gradtape-tape">)[^<]*/, (_, start) => start + JSON.stringify(other)));
    await own.keyboard.press('4');
    const text = (await goOn(own, k)).pop();
    expect(!/gradient makes/.test(text), `a step is said to do what is not known: ${text}`);
    expect(
      isBack
        ? /with the gradient/.test(text) && !/− −/.test(text)
        : /a step against the gradient; a small enough one makes/.test(text),
      `of a step ${isBack ? 'back' : 'on'} it is said: ${text}`
    );
    await own.close();
  }
}
// Where C wrote no products, as after a replay, sentences of layers have letters for places.
async function checkWithoutProducts(page) {
  const html = readFileSync(new URL(page.url()), 'utf8'),
    own = await page.context().newPage();
  await own.setContent(html.replace(/"products":\[\{[^]*?\}\],"why"/, '"products":[{},{}],"why"'));
  await own.keyboard.press('3');
  for (const text of await goOn(own, 7)) expect(!text.includes('NaN'), `without products it is said: ${text}`);
  await own.close();
}
async function checkTab(page) {
  const {missed} = await tabThrough(page, 'button,select,input,[tabindex="0"],summary,.node');
  expect(missed.length === 0, `Tab does not reach ${missed.slice(0, 3).join(', ')}`);
}
// Opens the page: one request, nothing said, all there within a second or two of the browser's own time.
async function openPage(name, said) {
  const page = await pages.take();
  await page.emulateMedia({media: null, colorScheme: 'light'});
  await resize(page, 1280, 720);
  const path = join(folder, name + '.html'),
    bytes = statSync(path).size;
  let requests = 0;
  page.on('console', m => said.push(m.text()));
  page.on('pageerror', e => said.push(e.message));
  page.on('request', () => requests++);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', {timeDomain: 'threadTicks'});
  const busyUntilNow = async () => {
    const {metrics} = await session.send('Performance.getMetrics');
    return metrics.find(m => m.name === 'TaskDuration').value;
  };
  const before = await busyUntilNow();
  await page.goto(pathToFileURL(path).href);
  await page.evaluate(() => document.body.offsetHeight);
  const busy = (await busyUntilNow()) - before;
  await session.detach();
  expect(requests === 1, `${requests} requests`);
  expect(bytes < (name === 'classifier' ? 1 : 3) << 20, `${bytes} bytes`);
  expect(busy < 5, `it is shown after ${busy.toFixed(2)} s`);
  if (process.env.TIMES) console.log(`${name}: ${bytes} bytes, shown after ${busy.toFixed(2)} s`);
  return page;
}
// The page's JSON, which is that of ad_write_json unless the tape is too large for a page. Lessons write pages only.
async function tapeOf(page, name) {
  const embedded = await page.locator('#gradtape-tape').evaluate(e => e.textContent);
  const own = name.endsWith('-tape') ? embedded : readFileSync(join(folder, name + '.json'), 'utf8'),
    isWhole = own.length < 5e6;
  const found = readTape(embedded);
  found.tape.isCut = !isWhole;
  if (isWhole) expect(embedded === own, 'the JSON in the page is not that of ad_write_json');
  return found;
}
async function checkSecondWalk(page, tape) {
  if (!tape.functional.length) return;
  await page.keyboard.press('End');
  const s = await sightOf(page);
  expect(s.walk === 1 || tape.changes.length, 'the functional sweep is not among the steps');
  expect(s.walk !== 1 || s.sentence.includes('Functional sweep'), `of the functional sweep it is said: ${s.sentence}`);
}
// Folds: each that the drawing shows can be looked into, and left again.
async function checkUnfolding(page, tape, T) {
  const folds = page.locator('.graph:not([hidden]) .node.fold'),
    n = await folds.count();
  for (let i = 0; i < Math.min(n, 2); i++) {
    await folds.nth(i).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('f');
    expect((await addressOf(page)).includes('fold='), `fold ${i} does not open`);
    await goThrough(page, tape, T, 20);
    await look(page, `inside of fold ${i}`);
    await page.keyboard.press('Shift+F');
    expect(!(await addressOf(page)).includes('fold='), `fold ${i} does not close`);
  }
}
async function lookAtAll(page, name) {
  const views = ['t', 'l', 'v', 'g'];
  await inEachLook(page, async (what, scheme, width) => {
    const phases = (scheme === 'light') === width > 1000 ? ['Home', '2', '3', 'End'] : [];
    await lookAfter(page, [...views, ...phases], what);
    for (const key of pictures ? views : []) {
      await page.keyboard.press(key);
      await page.screenshot({path: join(pictures, `${name}-${what.replace(' ', '-')}-${key}.png`)});
    }
  });
}
const hostileHashes = [
  'view=%3Cimg%3E&step=1e99&node=__proto__&fold=constructor',
  'step=-7&view=tape&view=__proto__',
  '%%%',
  'step=NaN&big=1&theme=x" onload="',
  'fold=outer,nothing,%E0%A4%A,~1,__proto__&quiz=2&log=x'
];
// A reload of the hash is where it was; a hostile hash does nothing.
async function checkHash(page, name) {
  for (const key of ['g', 'Home', 'ArrowRight']) await page.keyboard.press(key);
  const before = await sightOf(page);
  await reload(page);
  const after = await sightOf(page);
  expect(before.step === after.step && before.text === after.text, 'a reload is not where it was');
  for (const hash of attacked.includes(name) ? hostileHashes : []) {
    await page.evaluate(hash => history.replaceState(null, '', '#' + hash), hash);
    await reload(page);
  }
}
async function checkPrint(page) {
  await page.emulateMedia({media: 'print'});
  await resize(page, 718, 1000); // A4 less its margins
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(wide <= 718, `print is ${wide} px wide, and A4 has 718`);
  const lacks = await page.evaluate(() =>
    ['#v-tape table', '#v-graph svg', '#v-layers table', '#v-tensors table'].filter(
      s => !document.querySelector(s).checkVisibility()
    )
  );
  expect(lacks.length === 0, `print lacks ${lacks}`);
}
async function checkPage(name) {
  const said = [],
    page = await openPage(name, said),
    {tape, T} = await tapeOf(page, name);
  await checkBad(page, tape, T);
  await goThrough(page, tape, T, name === 'many' ? 12 : 60);
  if (tape.parts.length && name !== 'many') await checkQuiz(page);
  await checkSentences(page, tape, T, name, expect);
  for (const key of ['t', 'l', 'v', 'g']) {
    await page.keyboard.press(key);
    checkNumbers(await sightOf(page), tape, T, `view ${key}`);
  }
  await checkReasons(page, tape, T);
  await checkActivations(page, name, tape, expect, look);
  if (name === 'ranks' || name === 'facets') await checkFacets(page, tape);
  if (name === 'layers') await checkFolds(page, 2);
  if (name === 'layers' || name === 'training') await checkKeys(page, expect); // together they have all views, and folds
  await checkSecondWalk(page, tape);
  await checkTheme(page);
  await checkDescent(page, tape);
  if (name === 'network') await checkWithoutProducts(page);
  await checkUnfolding(page, tape, T);
  await lookAtAll(page, name);
  await page.keyboard.press('b');
  await look(page, 'A+');
  await page.keyboard.press('b');
  const check = (numbers, what) => checkNumbers({numbers}, tape, T, what);
  await checkNeurons(page, tape, T, {plain, expect, look, check, isAttacked: attacked.includes(name)});
  await checkTab(page);
  await checkTraining(page, folder, name, {plain, expect, look, checkTab, pictures});
  await checkHash(page, name);
  expect(said.length === 0, `the console says: ${said.slice(0, 3).join('; ')}`);
  await checkPrint(page);
  page.removeAllListeners();
  pages.giveBack(page);
  await withoutScript(pathToFileURL(join(folder, name + '.html')).href, tape);
}
async function withoutScript(url, tape) {
  const page = await plain.take();
  await page.goto(url);
  const places = ['#v-tape table', '#v-graph .graph svg', '#v-layers table', '#v-tensors table'];
  for (const s of places) expect(await page.locator(s).first().isVisible(), `without JavaScript ${s} is not seen`);
  const text = await page.locator('#v-tape').innerText();
  for (const t of tape.tensors.slice(0, 100))
    if (/^[a-z0-9]+$/i.test(t.name)) expect(text.includes(t.name), `without JavaScript the table has no ${t.name}`);
  for (const t of tape.tensors.filter(t => t.now && t.value.n === 1).slice(0, 3)) {
    const cell = page.locator(`#v-tape tr[data-id="${t.id}"] [data-cell=value]`),
      values = await cell.locator('[data-exact]').evaluateAll(all => all.map(e => parseFloat(e.dataset.exact)));
    expect(
      values.length === 2 && same(values[0], real(t.value.exact[0])) && same(values[1], real(t.now.exact[0])),
      `${t.id} was ${t.value.exact[0]}, is ${t.now.exact[0]}, and the table has ${await cell.innerText()}`
    );
  }
  plain.giveBack(page);
}

const browser = await launch(chromium);
const size = {width: 1280, height: 720};
// Without transitions, what is seen right after a key is what stays.
const pages = pagesOf(await browser.newContext({viewport: size, colorScheme: 'light', reducedMotion: 'reduce'}));
// Where scripts do not run.
const plain = pagesOf(await browser.newContext({javaScriptEnabled: false, viewport: size}));
const names = readdirSync(folder)
  .filter(f => f.endsWith('.html'))
  .map(f => f.slice(0, -5));
if (names.includes('network')) for (const n of attacked) expect(names.includes(n), `the page ${n} is missing`);
// The longest first, so that the others fill the time beside them.
const bytes = new Map(names.map(n => [n, statSync(join(folder, n + '.html')).size]));
await takeAll(names.sort().sort((a, b) => bytes.get(b) - bytes.get(a)), checkPage);
