// The view Training in the browser: its numbers, sentences and lines against the figures that page_fixtures wrote beside
// the page.
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {addressOf, inEachLook} from './browser.mjs';

const real = v => (typeof v === 'string' ? {nan: NaN, '-nan': NaN, inf: Infinity, '-inf': -Infinity}[v] : v);
const parse = t => (/^-?(nan|inf)$/.test(t) ? real(t) : Number(t));
const spaced = step => String(step).replace(/\B(?=(\d{3})+$)/g, step < 10000 ? '' : '\u2009');

// The figures by what the page calls them: lists of {step, of, y} in the order of time.
function readFigures(path) {
  const {rows, flows, best} = JSON.parse(readFileSync(path, 'utf8')),
    pick = (list, key, isIn = () => true) => list.filter(isIn).map(r => ({step: r.step, of: r.name, y: real(r[key])}));
  const isValidated = r => r.validated,
    isKnown = key => r => !Number.isNaN(real(r[key]));
  return {
    best: best[0],
    rows,
    'training-loss': pick(rows, 'loss'),
    'training-validation-loss': pick(rows, 'validation_loss', isValidated),
    'training-accuracy': pick(rows, 'accuracy', r => isValidated(r) && isKnown('accuracy')(r)),
    'training-gradient-rms': pick(flows, 'rms'),
    'training-update-ratio': pick(flows, 'update', isKnown('update'))
  };
}

// What is seen of the view. Tables that are folded are opened.
const readView = page =>
  page.evaluate(() => {
    const view = document.querySelector('#v-training');
    view.querySelectorAll('details').forEach(d => (d.open = true));
    return {
      numbers: [...view.querySelectorAll('[data-exact]')].map(e => ({...e.dataset, text: e.textContent})),
      steps: [...view.querySelectorAll('tbody tr')].map(r => [
        (r.querySelector('td.num:not(:has(*)),th.num') || r).textContent.replace(/\u2009/g, ''),
        (r.querySelector('[data-at]') || r).dataset.at
      ]),
      text: view.innerText,
      isTableFirst: !!(
        view.querySelector('table').compareDocumentPosition(view.querySelector('svg')) & Node.DOCUMENT_POSITION_FOLLOWING
      ),
      drawings: [...view.querySelectorAll('svg')].map(svg => ({
        role: svg.getAttribute('role'),
        label: svg.getAttribute('aria-label'),
        isLog: svg.parentElement.querySelector('figcaption').textContent.includes('logarithmic'),
        ticks: [...svg.querySelectorAll('.ty,.tx')].map(t => ({
          isStep: t.classList.contains('tx'),
          at: t.classList.contains('tx') ? +t.getAttribute('x') : t.getAttribute('y') - 4,
          text: t.textContent
        })),
        names: [...svg.querySelectorAll('.tl')].map(t => t.textContent),
        curves: [...svg.querySelectorAll('.course[data-course]')].map(c => ({
          name: c.dataset.course,
          d: c.getAttribute('d'),
          style: getComputedStyle(c).strokeDasharray + getComputedStyle(c).strokeWidth
        })),
        thin: svg.querySelectorAll('.thin').length
      }))
    };
  });

function checkNumbers(view, figures, expect) {
  // Of many rows only some are listed, and the first validation need not be among them.
  const isCut = what => figures.rows.length > 200 && ['training-validation-loss', 'training-accuracy'].includes(what);
  for (const n of view.numbers) {
    const x = parse(n.exact),
      list = figures[n.what] || [],
      found = list.filter(f => f.step === +n.at && f.of === n.of);
    const isBest = figures.best && figures.best.step === +n.at; // its row may be gone
    expect(
      found.some(f => Object.is(f.y, x)) || (isBest && Object.values(figures.best).some(v => Object.is(real(v), x))),
      `${n.what} of ${n.of} at ${n.at} is ${n.exact}, which the figures have not`
    );
    const shown = Number(n.text.replaceAll('−', '-').replace('∞', 'Infinity'));
    expect(
      Object.is(shown, x) || Math.abs(shown - x) <= 6e-4 * Math.abs(x),
      `${n.what} at ${n.at} is ${n.exact}, and is shown as ${n.text}`
    );
  }
  for (const what of Object.keys(figures).filter(k => k.startsWith('training-')))
    for (const f of figures[what].length ? [figures[what].at(-1), figures[what][0]].slice(0, isCut(what) ? 1 : 2) : [])
      expect(
        view.numbers.some(n => n.what === what && +n.at === f.step && n.of === f.of),
        `${what} of ${f.of} at ${f.step} is not shown`
      );
  for (const [step, at] of view.steps.filter(([, at]) => at && /^\d+$/.test(at)))
    if (/^\d+$/.test(step)) expect(step === at, `the row of step ${step} has the numbers of step ${at}`);
}

// A place in the drawing as a number of its axis: by two of its marks.
function scaleOf(ticks, isLog) {
  const marks = ticks.map(t => [t.at, Number(t.text.replaceAll('−', '-').replace(/\u2009/g, ''))]),
    [a, b] = [marks[0], marks.at(-1)],
    f = isLog ? Math.log10 : v => v;
  return {marks, of: place => f(a[1]) + ((place - a[0]) / (b[0] - a[0])) * (f(b[1]) - f(a[1])), f};
}
// Lines have points of the figures only, the smallest and the largest among them, and end where a number is not finite.
function checkDrawing(drawing, figures, what, expect) {
  const y = scaleOf(drawing.ticks.filter(t => !t.isStep), drawing.isLog),
    x = scaleOf(drawing.ticks.filter(t => t.isStep), false);
  const perUnit = Math.abs(y.of(1) - y.of(0)),
    perStep = Math.abs(x.of(1) - x.of(0));
  for (const [place, value] of y.marks) {
    expect(Math.abs(y.of(place) - y.f(value)) < 0.2 * perUnit + 1e-12, `${what}: the mark ${value} is not at its place`);
    const digit = Number(value.toExponential()[0]);
    expect(!drawing.isLog || [1, 2, 5].includes(digit), `${what}: ${value} is no round number`);
  }
  for (const curve of drawing.curves) {
    const key = what[curve.name] || what.each,
      all = figures[key].filter(f => f.of === undefined || f.of === curve.name),
      drawable = all.filter(f => Number.isFinite(f.y) && (!drawing.isLog || f.y > 0));
    const lines = curve.d.split('M').slice(1),
      points = lines.flatMap(l => l.replace('h0', '').split('L')).map(p => p.split(' ').map(Number));
    const isAt = (p, f) =>
      Math.abs(x.of(p[0]) - f.step) <= 0.11 * perStep + 1e-9 && Math.abs(y.of(p[1]) - y.f(f.y)) <= 0.16 * perUnit + 1e-12;
    const strange = points.filter(p => !drawable.some(f => isAt(p, f)));
    expect(strange.length === 0, `${key} of ${curve.name}: ${strange.length} points are of no figure: ${strange[0]}`);
    const low = drawable.reduce((a, f) => (f.y < a.y ? f : a)),
      high = drawable.reduce((a, f) => (f.y > a.y ? f : a));
    for (const f of [low, high, ...(all.length <= 240 ? drawable : [])])
      expect(points.some(p => isAt(p, f)), `${key} of ${curve.name}: ${f.y} of step ${f.step} is not drawn`);
    const gaps = all.filter((f, i) => i && !drawable.includes(f) && drawable.includes(all[i - 1])).length;
    const ends = all.length > 0 && !drawable.includes(all.at(-1)) ? 1 : 0;
    expect(lines.length >= gaps - ends + 1, `${key} of ${curve.name}: ${lines.length} lines for ${gaps} gaps`);
  }
  const styles = drawing.curves.map(c => c.style);
  expect(new Set(styles).size === styles.length, `lines look alike: ${styles.join('; ')}`);
}

// Says which numbers are not finite, and where gradients vanish.
function checkSentences(view, figures, expect) {
  const {rows} = figures,
    [first, last] = [rows[0], rows.at(-1)];
  const has = text => expect(view.text.includes(text), `the view does not say: ${text}`);
  has(`at step ${spaced(first.step)} to`);
  has(`at step ${spaced(last.step)}.`);
  const validated = rows.filter(r => r.validated && Number.isFinite(r.validation_loss)),
    best = figures.best || validated.reduce((a, r) => (r.validation_loss < a.validation_loss ? r : a));
  has(`The best validation was at step ${spaced(best.step)}`);
  for (const [what, noun] of [
    ['training-loss', 'The training loss'],
    ['training-validation-loss', 'The validation loss']
  ]) {
    const bad = figures[what].filter(f => !Number.isFinite(f.y));
    if (bad.length) has(`${noun} is not finite ${bad.length > 1 ? 'from' : 'at'} step ${spaced(bad[0].step)}`);
    else expect(!view.text.includes(`${noun} is not finite`), `${noun} is said to be not finite`);
  }
  const flows = figures['training-gradient-rms'],
    layers = flows.filter(f => f.step === flows.at(-1).step && f.y > 0).map(f => f.y);
  if (layers[0] < 1e-4 * layers.at(-1)) {
    const shrinks = (layers[0] / layers.at(-1)) ** (1 / (layers.length - 1));
    has(`The gradient shrinks to ${Number(shrinks.toPrecision(2))} of itself per layer`);
  } else expect(!view.text.includes('shrinks'), 'gradients are said to vanish');
}

async function withoutScript(page, plain, expect) {
  const own = await plain.take();
  await own.goto(page.url().split('#')[0]);
  expect(await own.locator('#v-training svg').first().isVisible(), 'without JavaScript the view has no drawing');
  await own.locator('#v-training summary').first().click();
  expect(await own.locator('#v-training details table').first().isVisible(), 'without JavaScript the rows do not open');
  plain.giveBack(own);
}

// The pages of the lesson on descent, by school maths: w goes to 1.4 + (w - 1.4) (1 - 5 rate), from -1, and the loss is
// 0.1 + 2.5 (w - 1.4)^2.
const rates = {'descent-small-tape': 0.02, 'descent-good-tape': 0.15, 'descent-large-tape': 0.42};
function checkLesson(view, rate, expect) {
  const seen = {'training-loss': new Set(), 'training-gradient-rms': new Set()};
  for (const n of view.numbers) {
    const away = -2.4 * (1 - 5 * rate) ** +n.at,
      wanted = n.what === 'training-loss' ? 0.1 + 2.5 * away ** 2 : Math.abs(5 * away);
    expect(Math.abs(parse(n.exact) - wanted) <= 1e-12 * wanted, `${n.what} at ${n.at} is ${n.exact}, not ${wanted}`);
    seen[n.what].add(n.at);
  }
  expect(seen['training-loss'].size === 7, `the loss is shown at ${seen['training-loss'].size} steps, not at 7`);
  expect(seen['training-gradient-rms'].size > 0, 'no gradient is shown');
}

// Ends in the view Graph. `tools` are page.mjs's.
export async function checkTraining(page, folder, name, {plain, expect, look, checkTab, pictures}) {
  const path = join(folder, name + '.training.json');
  await page.keyboard.press('r');
  if (rates[name]) {
    checkLesson(await readView(page), rates[name], expect);
    await page.keyboard.press('g');
    return;
  }
  if (!existsSync(path)) {
    const isThere = await page.evaluate(
      () => !!document.querySelector('#v-training') || document.querySelector('#t-training').checkVisibility()
    );
    expect(!isThere && !(await addressOf(page)).includes('view=training'), 'there is a view Training without figures');
    return;
  }
  expect((await addressOf(page)).includes('view=training'), 'r does not open the view Training');
  const figures = readFigures(path),
    closed = await page.locator('#v-training details table').first().isVisible();
  expect(!closed, 'all rows are shown before they are asked for');
  const view = await readView(page);
  checkNumbers(view, figures, expect);
  checkSentences(view, figures, expect);
  const kinds = [
    {training: 'training-loss', validation: 'training-validation-loss'},
    {validation: 'training-accuracy'},
    {each: 'training-gradient-rms'},
    {each: 'training-update-ratio'}
  ];
  expect(view.drawings.length === 4 && view.isTableFirst, `${view.drawings.length} drawings behind the table`);
  view.drawings.forEach((d, i) => {
    expect(d.role === 'img' && d.label.length > 10, `drawing ${i} has no words for a screen reader`);
    checkDrawing(d, figures, kinds[i], expect);
  });
  await inEachLook(page, async what => {
    await look(page, 'training ' + what);
    if (pictures) await page.screenshot({path: join(pictures, `${name}-${what.replace(' ', '-')}-r.png`)});
  });
  await page.keyboard.press('b');
  await look(page, 'training A+');
  await page.keyboard.press('b');
  await checkTab(page);
  await page.emulateMedia({media: 'print', colorScheme: 'light'});
  expect(await page.locator('#v-training svg').last().isVisible(), 'print lacks the view Training');
  await page.emulateMedia({media: 'screen'});
  await page.keyboard.press('g');
  await withoutScript(page, plain, expect);
}
