// What a test reads of a page that is open in the browser, and how it steps through it. Each call waits for the browser, so
// that many steps are taken, and all that they show is read, in one.

// ---- Functions that run in the page: they are sent there as text, and know nothing of this file ----
// As the key would: to the element that has the focus. What the page does once it has drawn is done afterwards.
const press = async (key, to = document.activeElement || document.body) => {
  hold();
  to.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
};
// The browser is told of the address where the steps end, and not of each: that takes longer than the steps. The page
// writes an address if it is not the one that is there, so that none is there meanwhile.
let held; // in the page
const hold = () => {
  if (held) return;
  held = [null, '', location.hash || location.href];
  history.replaceState(null, '', '#');
  history.replaceState = (...last) => (held = last);
};
const release = () => {
  if (!held) return;
  delete history.replaceState;
  history.replaceState(...held);
};
const hash = () => (held ? new URL(held[2], location.href).hash : location.hash);
const sight = () => {
  const d = document.body.dataset,
    drawn = '.graph:not([hidden]) .node',
    isSeen = {visibilityProperty: true};
  const all = document.querySelectorAll('main:not([hidden]) [data-exact],.view:not([hidden]) [data-exact]');
  const part = (n, s) => n.querySelector(s),
    sentence = document.querySelector('#say').innerText;
  return {
    step: +d.step,
    steps: +d.steps,
    phase: d.phase,
    walk: +d.walk,
    sentence,
    text:
      sentence +
      [...document.querySelectorAll(drawn)]
        .map(n => [...n.classList].filter(c => c !== 'sel').sort() + n.textContent)
        .join('|'),
    numbers: [...all]
      .filter(e => !e.closest('.graph[hidden]') && e.checkVisibility(isSeen))
      .map(e => ({...e.dataset, text: e.textContent})),
    boxes: [...document.querySelectorAll(drawn + '[data-id]')].map(n => ({
      id: n.dataset.id,
      label: n.getAttribute('aria-label'),
      value: part(n, '.val').dataset.exact,
      text: part(n, '.val').textContent,
      gradient: part(n, '.gr').dataset.exact,
      partial: n.classList.contains('part')
    }))
  };
};

// ---- What a test calls ----
// Gives what `f(argument)` gives in the page, where it may wait for `press(key)` and call `read()` and `hash()`. It comes
// back as JSON, which is much quicker than each of its objects by itself.
const known = `let held = null; const press = ${press}, hold = ${hold}, release = ${release}, hash = ${hash};`;
export async function inPage(page, f, argument = null, read = sight) {
  const given = `await (${f})(${JSON.stringify(argument)})`;
  const body = `${known} const read = ${read}; try {return JSON.stringify(${given})} finally {release()}`;
  return JSON.parse(await page.evaluate(`(async () => {${body}})()`));
}
export const sightOf = (page, read = sight) => inPage(page, () => read(), null, read);
// What is seen at each step from here on, of `most` at most, by Space and → in turn: with the focus nowhere, as Space on a
// button presses that, and a slow browser gave the focus to one by itself (once in thirty runs).
export const stepThrough = (page, most, read) =>
  inPage(
    page,
    async most => {
      const seen = [],
        n = Math.min(+document.body.dataset.steps, most);
      for (let k = 0; k < n; k++) {
        seen.push(read());
        await press(k % 2 ? 'ArrowRight' : ' ', document.body);
      }
      return seen;
    },
    most,
    read
  );
// What is seen at each of n steps back.
export const goBack = (page, n, read) =>
  inPage(
    page,
    async n => {
      const seen = [];
      for (let k = 0; k < n; k++) {
        await press('ArrowLeft');
        seen.push(read());
      }
      return seen;
    },
    n,
    read
  );

// Text that is seen: its rectangles, cut by what scrolls, and its colours; and whether the page is wider than the window.
// What is asked of an element is asked once, for all texts in it.
const texts = () => {
  const once = f => {
    const known = new Map();
    return e => (known.has(e) ? known.get(e) : known.set(e, f(e)).get(e));
  };
  const styleOf = once(e => getComputedStyle(e)),
    isClear = c => !c || c === 'transparent' || /, 0\)$/.test(c) || c === 'none',
    out = [],
    walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const behind = once(e => {
    const colour = e ? styleOf(e).backgroundColor : 'rgb(255, 255, 255)';
    return e && isClear(colour) ? behind(e.parentElement) : colour;
  });
  const ground = once(e => {
    const rect = e.ownerSVGElement && e.parentElement.querySelector('rect');
    return rect && e.closest('.node') ? styleOf(rect).fill : behind(e);
  });
  const isSeen = once(
    e => !e.closest('script,style,.vh,option,dialog:not([open])') && e.checkVisibility({visibilityProperty: true})
  );
  // What an element and those around it leave to be seen.
  const clip = once(e => {
    if (!e || e === document.body) return {left: -Infinity, right: Infinity, top: -Infinity, bottom: Infinity};
    const around = clip(e.parentElement),
      s = styleOf(e),
      isPart = e.namespaceURI.endsWith('svg') && e.tagName !== 'svg';
    if (isPart || (s.overflowX === 'visible' && s.overflowY === 'visible')) return around;
    const b = e.getBoundingClientRect();
    return {
      left: Math.max(around.left, b.left),
      right: Math.min(around.right, b.right),
      top: Math.max(around.top, b.top),
      bottom: Math.min(around.bottom, b.bottom)
    };
  });
  const range = document.createRange();
  for (let count = 0; walker.nextNode(); count++) {
    const node = walker.currentNode,
      e = node.parentElement;
    if (!node.data.trim() || !isSeen(e)) continue;
    range.selectNodeContents(node);
    for (const r of range.getClientRects()) {
      if (r.top > 2500) break; // the rows of a long table are alike
      const c = clip(e),
        left = Math.max(r.left, c.left),
        right = Math.min(r.right, c.right),
        top = Math.max(r.top, c.top),
        bottom = Math.min(r.bottom, c.bottom),
        shrink = (bottom - top) * 0.16;
      if (right - left > 1 && bottom - top > 3)
        out.push({
          node: count,
          text: node.data.trim().slice(0, 30),
          left,
          right,
          top: top + shrink,
          bottom: bottom - shrink,
          height: r.height,
          fore: styleOf(e)[e.ownerSVGElement ? 'fill' : 'color'],
          back: ground(e)
        });
    }
  }
  return {texts: out, isWide: document.documentElement.scrollWidth > innerWidth};
};
export const textsOf = page => sightOf(page, texts);
// The same after each of these keys.
export const textsAfter = (page, keys) =>
  inPage(
    page,
    async keys => {
      const seen = [];
      for (const key of keys) {
        await press(key);
        seen.push(read());
      }
      return seen;
    },
    keys,
    texts
  );
