// What a test reads of a page that is open in the browser.

// All of it is read at once: each call waits for the browser.
export const sightOf = page =>
  page.evaluate(() => {
    const d = document.body.dataset,
      drawn = '.graph:not([hidden]) .node',
      isSeen = {visibilityProperty: true};
    const all = document.querySelectorAll('main:not([hidden]) [data-exact],.view:not([hidden]) [data-exact]');
    const part = (n, s) => n.querySelector(s);
    return {
      step: +d.step,
      steps: +d.steps,
      phase: d.phase,
      walk: +d.walk,
      sentence: document.querySelector('#say').innerText,
      text:
        document.querySelector('#say').innerText +
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
  });
// What is shown at each step on the way back, to the first.
export const goBack = (page, n) =>
  page.evaluate(n => {
    const seen = [];
    for (let k = 0; k < n; k++) {
      document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowLeft', bubbles: true}));
      seen.push([
        +document.body.dataset.step,
        document.querySelector('#say').innerText +
          [...document.querySelectorAll('.graph:not([hidden]) .node')]
            .map(n => [...n.classList].filter(c => c !== 'sel').sort() + n.textContent)
            .join('|')
      ]);
    }
    return seen;
  }, n);

// Text that is seen: its rectangles, cut by what scrolls, and its colours.
export const textsOf = page =>
  page.evaluate(() => {
    const out = [],
      walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const colour = (e, p) => getComputedStyle(e)[p];
    const isClear = c => !c || c === 'transparent' || /, 0\)$/.test(c) || c === 'none';
    const ground = e => {
      if (e.ownerSVGElement) {
        const rect = e.parentElement.querySelector('rect');
        if (rect && e.closest('.node')) return colour(rect, 'fill');
      }
      for (let a = e; a; a = a.parentElement)
        if (!isClear(colour(a, 'backgroundColor'))) return colour(a, 'backgroundColor');
      return 'rgb(255, 255, 255)';
    };
    for (let count = 0; walker.nextNode(); count++) {
      const node = walker.currentNode,
        e = node.parentElement;
      if (
        !node.data.trim() ||
        e.closest('script,style,.vh,option,dialog:not([open])') ||
        !e.checkVisibility({visibilityProperty: true})
      )
        continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const r of range.getClientRects()) {
        let {left, right, top, bottom} = r;
        if (top > 2500) break; // the rows of a long table are alike
        for (let a = e; a && a !== document.body; a = a.parentElement) {
          const s = getComputedStyle(a);
          if (s.overflowX === 'visible' && s.overflowY === 'visible') continue;
          const b = a.getBoundingClientRect();
          if (a.namespaceURI.endsWith('svg') && a.tagName !== 'svg') continue;
          left = Math.max(left, b.left);
          right = Math.min(right, b.right);
          top = Math.max(top, b.top);
          bottom = Math.min(bottom, b.bottom);
        }
        const shrink = (bottom - top) * 0.16;
        if (right - left > 1 && bottom - top > 3)
          out.push({
            node: count,
            text: node.data.trim().slice(0, 30),
            left,
            right,
            top: top + shrink,
            bottom: bottom - shrink,
            height: r.height,
            svg: !!e.ownerSVGElement,
            fore: colour(e, e.ownerSVGElement ? 'fill' : 'color'),
            back: ground(e)
          });
      }
    }
    return out;
  });
