// The keys that the page's help names, each pressed for real: an event that a test makes itself does not tell whether the
// browser or an element takes the key first.
import {reload} from './browser.mjs';

const state = page =>
  page.evaluate(() => {
    const d = document.body.dataset,
      focus = document.activeElement;
    return {
      step: +d.step,
      last: +d.steps - 1,
      phase: d.phase,
      view: document.querySelector('[role=tab][aria-selected=true]').id.slice(2),
      views: [...document.querySelectorAll('[role=tab]:not([hidden])')].map(t => t.id.slice(2)),
      said: document.querySelector('#say').innerText,
      hash: location.hash,
      isBig: document.querySelector('#big').getAttribute('aria-pressed') === 'true',
      isDark: document.documentElement.classList.contains('dark'),
      isHelp: document.querySelector('#keys').open,
      focus: [...document.querySelectorAll('*')].indexOf(focus),
      isChosen: focus.classList.contains('sel')
    };
  });
// A view that the page has not is not opened.
const opens = view => (a, b) => b.view === (b.views.includes(view) ? view : a.view);
const goesTo = phase => (a, b) => b.phase === phase || (a.step === b.step && /^No (gradient|parameter) was /.test(b.said));
const has = (part, isIt) => (a, b) => b.hash.includes(part) === isIt;
// In this order: a key, and what is then so of what was seen before and after it.
const steps = [
  ['End', (a, b) => b.step === b.last && b.last > 2],
  ['Home', (a, b) => b.step === 0],
  ['ArrowRight', (a, b) => b.step === a.step + 1],
  ['Space', (a, b) => b.step === a.step + 1],
  ['ArrowLeft', (a, b) => b.step === a.step - 1],
  ['2', goesTo('error')],
  ['1', goesTo('forward')],
  ['4', goesTo('descent')],
  ['3', goesTo('reverse')],
  ['t', opens('tape')],
  ['l', opens('layers')],
  ['v', opens('tensors')],
  ['u', opens('neurons')],
  ['a', opens('activations')],
  ['r', opens('training')],
  ['g', opens('graph')],
  ['q', has('quiz=1', true)],
  ['q', (a, b) => has('quiz=1', true)(a, b) && a.said !== b.said],
  ['q', has('quiz=1', false)],
  ['b', (a, b) => b.isBig],
  ['b', (a, b) => !b.isBig],
  ['d', (a, b) => b.isDark],
  ['d', (a, b) => !b.isDark],
  ['?', (a, b) => b.isHelp],
  ['Escape', (a, b) => !b.isHelp],
  ['n', (a, b) => b.said === 'All numbers are finite.'],
  ['End', (a, b) => b.said !== a.said],
  ['z', (a, b) => b.said !== a.said && b.step === a.step],
  ['Tab', (a, b) => b.focus !== a.focus]
];
const chosen = ['Enter', (a, b) => b.isChosen];
const folding = [chosen, ['f', has('fold=', true)], ['Shift+F', has('fold=', false)]];

async function pressAll(page, wanted, from, expect) {
  for (const [key, isSo] of wanted) {
    const before = await state(page);
    await page.keyboard.press(key);
    const after = await state(page);
    const [was, is] = [before, after].map(s => JSON.stringify({...s, views: undefined, said: s.said.slice(0, 40)}));
    expect(isSo(before, after), `${key} with the focus ${from}: from ${was} to ${is}`);
  }
}
// What the help calls a key, and the test.
const names = {'→': 'ArrowRight', '←': 'ArrowLeft', space: 'Space', Esc: 'Escape', F: 'Shift+F'};
// Of a page whose numbers are finite, with a reverse pass. Begins and ends in the view Graph, without a fold.
export async function checkKeys(page, expect) {
  const named = await page.locator('#keys kbd').evaluateAll(all => all.map(e => e.textContent)),
    tested = [...steps, ...folding].map(([key]) => key);
  for (const key of named) expect(tested.includes(names[key] || key), `the help names ${key}, which no test presses`);
  const box = page.locator('.graph:not([hidden]) .node:not(.sel)').first(),
    fold = page.locator('.graph:not([hidden]) .node.fold').first();
  await page.evaluate(() => document.activeElement.blur());
  await pressAll(page, steps, 'nowhere', expect);
  await page.locator('#t-graph').click();
  await pressAll(page, steps.filter(([key]) => key !== 'Space'), 'on a tab', expect); // which Space presses
  await box.focus();
  await pressAll(page, [chosen, ...steps], 'on a box', expect);
  if (await fold.count()) {
    await fold.focus();
    await pressAll(page, folding, 'on a fold', expect);
  }
  await page.evaluate(() => history.replaceState(null, '', location.pathname)); // without the theme that d chose
  await reload(page);
}
