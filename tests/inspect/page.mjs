// Opens each page of a folder in headless Chromium, goes through it by keys, and compares every number with the JSON.
// Usage: node page.mjs FOLDER [FOLDER for screenshots]; node page.mjs --look only looks whether playwright-core is there.
import {AsyncLocalStorage} from 'node:async_hooks';
import {createRequire} from 'node:module';
import {readFileSync, readdirSync, existsSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';

const [, , folder, pictures] = process.argv;
const places = [process.env.PLAYWRIGHT_CORE, ...(process.env.NODE_PATH || '').split(':'), process.cwd(), import.meta.dirname].filter(Boolean);
const require = createRequire(import.meta.url);
let chromium;
try {
  ({chromium} = require(require.resolve('playwright-core', {paths: places})));
} catch {
  process.exit(77);
}
if (folder === '--look') process.exit(0);

const AT_ONCE = 3; // pages
const failures = [];
let checks = 0;
const where = new AsyncLocalStorage(); // the page that is checked, while others are beside it
function expect(isSo, text) {
  checks++;
  if (!isSo) failures.push(`${where.getStore()}: ${text}`);
}

// ---- What the page must show ----
const real = v => v === 'NaN' ? NaN : v === 'Infinity' ? Infinity : v === '-Infinity' ? -Infinity : v;
const parse = t => t === 'nan' ? NaN : t === 'inf' ? Infinity : t === '-inf' ? -Infinity : Number(t);
const same = (a, b) => Object.is(a, b) || a === b && a !== 0 || a === 0 && b === 0 && Object.is(a, b);
const narrow = (v, type) => type === 'f32' ? Math.fround(v) : v;
const read = text => {
  const t = text.replace(/[×‖()]/g, '').replaceAll('−', '-').replace('∞', 'Infinity').trim();
  return Number(t === 'NaN' ? NaN : t);
};

// Every number that a tensor's gradient may be: each sum of its first parts, and the engine's own.
function gradientsOf(tape, T, id) {
  const t = T.get(id), type = t ? t.type : 'f64', out = [];
  let sum = null, sweep;
  for (const p of tape.parts.filter(p => p.of === id)) {
    const part = p.part.exact && p.part.exact.map(v => narrow(real(v), type));
    const isFresh = !sum || (t && t.operator && sweep !== p.sweep);
    sum = !part ? null : isFresh ? part : sum.map((v, i) => narrow(v + part[i], type));
    sweep = p.sweep;
    if (sum) out.push(sum);
  }
  return {sums: out, own: t && t.gradient && t.gradient.exact ? t.gradient.exact.map(real) : null, norm: t && t.gradient && real(t.gradient.norm)};
}
function valuesOf(tape, T, id) {
  const t = T.get(id);
  return [t && t.now, t && t.value, ...tape.changes.filter(c => c.leaf === id).map(c => c.before)].filter(Boolean);
}

// Whether a number of the page is one of the JSON's.
function isOfJson(tape, T, n) {
  if (n.id && !T.has(n.id)) return tape.isCut;
  const x = parse(n.exact), i = n.index === undefined ? 0 : +n.index, t = T.get(n.id);
  const type = t ? t.type : 'f64', near = v => v !== undefined && same(narrow(real(v), n.what.includes('-') ? 'f64' : type), narrow(x, n.what.includes('-') ? 'f64' : type));
  const parts = tape.parts.filter(p => p.of === n.id && (n.from === undefined || p.from === n.from) && (n.place === undefined || p.place === +n.place));
  switch (n.what) {
  case 'value': return valuesOf(tape, T, n.id).some(v => v.exact && near(v.exact[i]));
  case 'gradient': {
    const g = gradientsOf(tape, T, n.id), ups = tape.parts.filter(p => p.from && T.get(p.from) && T.get(p.from).call === (t && t.call)).flatMap(p => p.upstream || []);
    return g.sums.some(s => near(s[i])) || (g.own && near(g.own[i])) || ups.some(u => u && u.exact && near(u.exact[i]));
  }
  case 'gradient-norm': {
    if (!n.id) return true; // of a fold
    const ups = tape.parts.filter(p => p.from === n.id).flatMap(p => p.upstream || []);
    return near(t.gradient && t.gradient.norm) || ups.some(u => u && near(u.norm)) || parts.some(p => near(p.part.norm));
  }
  case 'local': return parts.some(p => near(p.local));
  case 'part': return parts.some(p => p.part.exact && near(p.part.exact[i]));
  case 'part-norm': return parts.some(p => near(p.part.norm));
  case 'value-min': case 'value-max': case 'value-mean': case 'value-rms': case 'value-norm':
    return [t.value, t.now].some(v => v && near(v[n.what.slice(6)]));
  case 'gradient-min': case 'gradient-max': case 'gradient-mean': case 'gradient-rms':
    return t.gradient && (t.gradient[n.what.slice(9)] === undefined || near(t.gradient[n.what.slice(9)]) || Math.abs(real(t.gradient.rms) / x - 1) < 1e-12);
  default: return true; // deviation, update-ratio, dead: the C suites compare them
  }
}

// ---- In the page ----
// The numbers that are seen, without those that were read before and are the same in all.
const numbersOf = page => page.evaluate(() => {
  const known = window.known ||= new Set();
  return [...document.querySelectorAll('[data-exact]')].filter(e => e.checkVisibility({visibilityProperty: true})).map(e => ({...e.dataset, text: e.textContent}))
    .filter(n => !known.has(JSON.stringify(n)) && known.add(JSON.stringify(n)));
});
const stateOf = page => page.evaluate(() => ({step: +document.body.dataset.step, steps: +document.body.dataset.steps, phase: document.body.dataset.phase,
  text: document.querySelector('#say').innerText + [...document.querySelectorAll('.graph:not([hidden]) .node')].map(n => [...n.classList].filter(c => c !== 'sel').sort() + n.textContent).join('|')}));

// Text that is seen: its rectangles, cut by what scrolls, and its colours.
const textsOf = page => page.evaluate(() => {
  const out = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const colour = (e, p) => getComputedStyle(e)[p];
  const isClear = c => !c || c === 'transparent' || /, 0\)$/.test(c) || c === 'none';
  const ground = e => {
    if (e.ownerSVGElement) {
      const rect = e.parentElement.querySelector('rect');
      if (rect && e.closest('.node')) return colour(rect, 'fill');
    }
    for (let a = e; a; a = a.parentElement) if (!isClear(colour(a, 'backgroundColor'))) return colour(a, 'backgroundColor');
    return 'rgb(255, 255, 255)';
  };
  for (let count = 0; walker.nextNode(); count++) {
    const node = walker.currentNode, e = node.parentElement;
    if (!node.data.trim() || e.closest('script,style,.vh,option,dialog:not([open])') || !e.checkVisibility({visibilityProperty: true})) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const r of range.getClientRects()) {
      let {left, right, top, bottom} = r;
      for (let a = e; a && a !== document.body; a = a.parentElement) {
        const s = getComputedStyle(a);
        if (s.overflowX === 'visible' && s.overflowY === 'visible') continue;
        const b = a.getBoundingClientRect();
        if (a.namespaceURI.endsWith('svg') && a.tagName !== 'svg') continue;
        left = Math.max(left, b.left); right = Math.min(right, b.right);
        top = Math.max(top, b.top); bottom = Math.min(bottom, b.bottom);
      }
      const shrink = (bottom - top) * .16;
      if (right - left > 1 && bottom - top > 3)
        out.push({node: count, text: node.data.trim().slice(0, 30), left, right, top: top + shrink, bottom: bottom - shrink, height: r.height, svg: !!e.ownerSVGElement, fore: colour(e, e.ownerSVGElement ? 'fill' : 'color'), back: ground(e)});
    }
  }
  return out;
});
function overlapsOf(texts) {
  const out = [], sorted = [...texts].sort((a, b) => a.top - b.top);
  for (let i = 0; i < sorted.length; i++)
    for (let k = i + 1; k < sorted.length && sorted[k].top < sorted[i].bottom; k++) {
      const a = sorted[i], b = sorted[k], w = Math.min(a.right, b.right) - Math.max(a.left, b.left), h = Math.min(a.bottom, b.bottom) - b.top;
      if (w > 1.5 && h > 1 && a.node !== b.node) out.push(`"${a.text}" and "${b.text}" by ${w.toFixed(1)} x ${h.toFixed(1)}`);
    }
  return out;
}
function luminance(c) {
  const v = c.match(/[\d.]+/g).slice(0, 3).map(x => x / 255).map(x => x <= .04045 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
  return .2126 * v[0] + .7152 * v[1] + .0722 * v[2];
}
const contrastOf = t => {
  const a = luminance(t.fore), b = luminance(t.back);
  return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
};
async function look(page, what) {
  const texts = await textsOf(page), over = overlapsOf(texts);
  expect(over.length === 0, `${what}: texts overlap: ${over.slice(0, 3).join('; ')} (${over.length})`);
  const pale = texts.filter(t => contrastOf(t) < 4.5);
  expect(pale.length === 0, `${what}: contrast below 4.5: ${pale.slice(0, 3).map(t => `"${t.text}" ${contrastOf(t).toFixed(2)} ${t.fore} on ${t.back}`).join('; ')}`);
  const small = texts.filter(t => t.height < 10.5);
  expect(small.length === 0, `${what}: letters below 10.5 px: ${small.slice(0, 2).map(t => `"${t.text}" ${t.height.toFixed(1)}`).join('; ')}`);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what}: it scrolls sideways`);
}

// ---- Tests of one page ----
async function checkNumbers(page, tape, T, what) {
  for (const n of await numbersOf(page)) {
    expect(isOfJson(tape, T, n), `${what}: ${n.what} of ${n.of} (${n.id}, from ${n.from}) is ${n.exact}, which the JSON has not`);
    const x = parse(n.exact), t = read(n.text);
    expect(Object.is(x, t) || Math.abs(x - t) <= 5.1e-2 * Math.abs(x) || n.what === 'dead', `${what}: ${n.what} of ${n.of} is ${n.exact}, and is shown as ${n.text}`);
  }
}
// At each step a box has a value from when its entry was computed, and a gradient from when a part reached it.
async function checkBoxes(page, tape, T, k) {
  const s = await stateOf(page);
  const boxes = await page.evaluate(() => [...document.querySelectorAll('.graph:not([hidden]) .node[data-id]')].map(n => ({id: n.dataset.id, label: n.getAttribute('aria-label'),
    value: n.querySelector('.val').dataset.exact, text: n.querySelector('.val').textContent, gradient: n.querySelector('.gr').dataset.exact, partial: n.classList.contains('part')})));
  for (const b of boxes) {
    const t = T.get(b.id);
    expect(b.label.includes('value ') && b.label.includes('gradient '), `step ${k}: ${b.id} has no value and gradient in its label: ${b.label}`);
    const change = tape.parts.length && s.phase !== 'descent' && tape.changes.find(c => c.leaf === b.id);
    if (change && change.before.n === 1 && b.value !== undefined) expect(same(parse(b.value), real(change.before.exact[0])), `step ${k}: ${b.id} is ${b.value}, which it was not before it was changed`);
    if (b.text === '·') expect(b.value === undefined && b.gradient === undefined, `step ${k}: ${b.id} is not computed, but has a number`);
    if (b.partial || b.gradient === undefined || !t.gradient || t.gradient.n !== 1) continue;
    expect(same(parse(b.gradient), real(t.gradient.exact[0])), `step ${k}: the gradient of ${b.id} is whole, and is ${b.gradient}, not ${t.gradient.exact[0]}`);
  }
  return boxes;
}
async function goThrough(page, tape, T, most) {
  await page.keyboard.press('Home');
  const seen = [];
  let s = await stateOf(page);
  expect(s.step === 0 && s.phase === 'forward', `Home goes to step ${s.step}, ${s.phase}`);
  const steps = s.steps, order = ['forward', 'error', 'reverse', 'descent'];
  for (let k = 0, phase = 0; k < steps && k < most; k++) {
    s = await stateOf(page);
    expect(s.step === k, `after ${k} times → the step is ${s.step}`);
    expect(order.indexOf(s.phase) >= phase, `step ${k}: phase ${s.phase} after ${order[phase]}`);
    phase = Math.max(phase, order.indexOf(s.phase));
    expect((await page.locator('[role=status]').innerText()).length > 10, `step ${k} has no sentence`);
    await checkNumbers(page, tape, T, `step ${k}`);
    await checkBoxes(page, tape, T, k);
    seen.push(s.text);
    await page.keyboard.press(k % 2 ? 'ArrowRight' : 'Space');
  }
  for (let k = Math.min(steps, most) - 1; k >= 0 && steps <= most; k--) {
    s = await stateOf(page);
    if (k < Math.min(steps, most) - 1) expect(s.step === k, `back at ${k} the step is ${s.step}`);
    if (s.step === k) expect(s.text === seen[k] || k === 0, `step ${k} is another one on the way back`);
    await page.keyboard.press('ArrowLeft');
  }
  await page.keyboard.press('End');
  s = await stateOf(page);
  expect(s.step === steps - 1, `End goes to step ${s.step} of ${steps}`);
  // At the end every box that has a gradient in the JSON has it.
  for (const b of await checkBoxes(page, tape, T, 'last')) {
    const t = T.get(b.id);
    expect(!t.gradient || !tape.parts.some(p => p.of === b.id) || b.gradient !== undefined, `the gradient of ${b.id} is not shown at the end`);
  }
}
async function checkQuiz(page) {
  await page.keyboard.press('End');
  await page.keyboard.press('q');
  const asked = await page.evaluate(() => document.querySelector('#say').innerText), url = page.url();
  await page.keyboard.press('q');
  const told = await page.evaluate(() => document.querySelector('#say').innerText);
  expect(url.includes('quiz=1'), 'the hash does not keep the quiz');
  if (told.includes('=')) expect(asked.includes('?') && asked !== told, `the quiz hides nothing: ${asked}`);
  await page.keyboard.press('q');
}
async function checkTab(page) {
  const wanted = await page.evaluate(() => [...document.querySelectorAll('button,select,input,[tabindex="0"],summary,.node')].filter(e => e.checkVisibility() && !e.closest('dialog')).length);
  await page.evaluate(() => { document.activeElement.blur(); getSelection().removeAllRanges(); window.reached = new Set(); document.addEventListener('focusin', e => window.reached.add(e.target)); });
  for (let i = 0; i < wanted + 3; i++) await page.keyboard.press('Tab');
  const reached = await page.evaluate(() => [...document.querySelectorAll('button,select,input,[tabindex="0"],summary,.node')].filter(e => e.checkVisibility() && !e.closest('dialog') && !window.reached.has(e)).map(e => e.outerHTML.slice(0, 60)));
  expect(reached.length === 0, `Tab does not reach ${reached.slice(0, 3).join(', ')}`);
}
async function checkPage(browser, name) {
  const url = pathToFileURL(join(folder, name + '.html')).href, size = statSync(join(folder, name + '.html')).size;
  // Without transitions a colour that is read is the last one, and a step is drawn once.
  const page = await browser.newPage({viewport: {width: 1280, height: 720}, colorScheme: 'light', reducedMotion: 'reduce'});
  const metrics = await page.context().newCDPSession(page);
  await metrics.send('Performance.enable');
  page.setDefaultTimeout(0);
  const said = [];
  let requests = 0;
  page.on('console', m => said.push(m.text()));
  page.on('pageerror', e => said.push(e.message));
  page.on('request', () => requests++);
  await page.goto(url);
  await page.evaluate(() => document.body.offsetHeight);
  // The time of the processor, which a busy machine does not lengthen as it does that of the clock.
  const shown = 1000 * (await metrics.send('Performance.getMetrics')).metrics.find(m => m.name === 'ThreadTime').value;
  expect(requests === 1, `${requests} requests`);
  expect(size < (name === 'classifier' ? 1 : 3) << 20, `${size} bytes`);
  expect(shown < (name === 'many' ? 5000 : 1000), `it is shown after ${shown.toFixed(0)} ms`);
  const embedded = await page.locator('#gradtape-tape').evaluate(e => e.textContent);
  const own = readFileSync(join(folder, name + '.json'), 'utf8'), isWhole = own.length < 5e6;
  const tape = JSON.parse(embedded), T = new Map(tape.tensors.map(t => [t.id, t]));
  tape.isCut = !isWhole;
  if (isWhole) expect(embedded === own, 'the JSON in the page is not that of ad_write_json');
  await page.keyboard.press('Home');
  await goThrough(page, tape, T, name === 'many' ? 12 : 60);
  if (tape.parts.length && name !== 'many') await checkQuiz(page);
  for (const key of ['t', 'l', 'v', 'g']) {
    await page.keyboard.press(key);
    await checkNumbers(page, tape, T, `view ${key}`);
  }
  // Folds: each that the drawing shows can be looked into, and left again.
  const folds = await page.locator('.graph:not([hidden]) .node.fold').count();
  for (let i = 0; i < Math.min(folds, 2); i++) {
    await page.locator('.graph:not([hidden]) .node.fold').nth(i).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('f');
    expect(page.url().includes('fold='), `fold ${i} does not open`);
    await goThrough(page, tape, T, 20);
    await look(page, `inside of fold ${i}`);
    await page.keyboard.press('Shift+F');
    expect(!page.url().includes('fold='), `fold ${i} does not close`);
  }
  for (const scheme of ['light', 'dark'])
    for (const [width, height] of [[1280, 720], [800, 600]]) {
      await page.emulateMedia({colorScheme: scheme});
      await page.setViewportSize({width, height});
      for (const key of ['t', 'l', 'v', 'g']) {
        await page.keyboard.press(key);
        await look(page, `${width}x${height} ${scheme} ${key}`);
        if (pictures) await page.screenshot({path: join(pictures, `${name}-${width}x${height}-${scheme}-${key}.png`)});
      }
      for (const k of (scheme === 'light') === (width > 1000) ? ['Home', '2', '3', 'End'] : []) {
        await page.keyboard.press(k);
        await look(page, `${width}x${height} ${scheme} after ${k}`);
      }
    }
  await page.keyboard.press('b');
  await look(page, 'A+');
  await page.keyboard.press('b');
  await checkTab(page);
  // A reload of the hash is where it was; a hostile hash does nothing.
  await page.keyboard.press('g');
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  const before = await stateOf(page);
  await page.reload();
  const after = await stateOf(page);
  expect(before.step === after.step && before.text === after.text, 'a reload is not where it was');
  for (const hash of ['view=%3Cimg%3E&step=1e99&node=__proto__&fold=constructor', 'step=-7&view=tape&view=__proto__', '%%%', 'step=NaN&big=1&theme=x" onload="'])
    await page.goto(url + '#' + hash).then(() => page.reload());
  expect(said.length === 0, `the console says: ${said.slice(0, 3).join('; ')}`);
  // Print has all views.
  await page.emulateMedia({media: 'print'});
  const printed = await page.evaluate(() => ['#v-tape table', '#v-graph svg', '#v-layers table', '#v-tensors table'].filter(s => !document.querySelector(s).checkVisibility()));
  expect(printed.length === 0, `print lacks ${printed}`);
  await page.close();
  await withoutScript(browser, url, tape);
}
async function withoutScript(browser, url, tape) {
  const context = await browser.newContext({javaScriptEnabled: false, viewport: {width: 1280, height: 720}}), page = await context.newPage();
  page.setDefaultTimeout(0);
  await page.goto(url);
  for (const s of ['#v-tape table', '#v-graph .graph svg', '#v-layers table', '#v-tensors table']) expect(await page.locator(s).first().isVisible(), `without JavaScript ${s} is not seen`);
  const text = await page.locator('#v-tape').innerText();
  for (const t of tape.tensors.slice(0, 100)) if (/^[a-z0-9]+$/i.test(t.name)) expect(text.includes(t.name), `without JavaScript the table has no ${t.name}`);
  await context.close();
}

// Several pages at once, the largest first, because each waits for frames most of its time. None has a limit of its own.
const browser = await chromium.launch({executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-gpu'], timeout: 0});
const sizeOf = name => statSync(join(folder, name + '.html')).size;
const names = readdirSync(folder).filter(f => f.endsWith('.html')).map(f => f.slice(0, -5)).sort((a, b) => sizeOf(b) - sizeOf(a));
const left = names.filter(n => !process.env.ONLY || process.env.ONLY.split(',').includes(n));
async function checkNext() {
  for (let name = left.shift(); name; name = left.shift()) {
    const began = performance.now();
    try {
      await where.run(name, () => checkPage(browser, name));
    } catch (e) {
      failures.push(`${name}: ${e.message.split('\n')[0]}`);
    }
    console.log(`${name}: ${((performance.now() - began) / 1000).toFixed(1)} s, ${failures.filter(f => f.startsWith(name + ': ')).length} not so`);
  }
}
await Promise.all(Array.from({length: AT_ONCE}, checkNext));
await browser.close();
for (const f of failures.slice(0, 60)) console.log('not so: ' + f);
console.log(`${names.length} pages, ${checks} checks, ${failures.length} failed`);
process.exit(failures.length ? 1 : 0);
