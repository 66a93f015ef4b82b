// How a page looks: no text lies over another one, is pale or small, or is cut off at the side.
import {expect} from './expect.mjs';
import {textsAfter, textsOf} from './sight.mjs';

function overlapsOf(texts) {
  const out = [],
    sorted = [...texts].sort((a, b) => a.top - b.top);
  for (let i = 0; i < sorted.length; i++)
    for (let k = i + 1; k < sorted.length && sorted[k].top < sorted[i].bottom; k++) {
      const a = sorted[i],
        b = sorted[k],
        w = Math.min(a.right, b.right) - Math.max(a.left, b.left),
        h = Math.min(a.bottom, b.bottom) - b.top;
      if (w > 1.5 && h > 1 && a.node !== b.node)
        out.push(`"${a.text}" and "${b.text}" by ${w.toFixed(1)} x ${h.toFixed(1)}`);
    }
  return out;
}
function luminance(c) {
  const v = c
    .match(/[\d.]+/g)
    .slice(0, 3)
    .map(x => x / 255)
    .map(x => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
  return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2];
}
const contrasts = new Map();
function contrastOf({fore, back}) {
  const key = `${fore} on ${back}`;
  if (!contrasts.has(key)) {
    const [a, b] = [luminance(fore), luminance(back)];
    contrasts.set(key, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return contrasts.get(key);
}
function judge({texts, isWide}, what) {
  const over = overlapsOf(texts);
  expect(over.length === 0, `${what}: texts overlap: ${over.slice(0, 3).join('; ')} (${over.length})`);
  const pale = texts.filter(t => contrastOf(t) < 4.5);
  expect(
    pale.length === 0,
    `${what}: contrast below 4.5: ${pale
      .slice(0, 3)
      .map(t => `"${t.text}" ${contrastOf(t).toFixed(2)} ${t.fore} on ${t.back}`)
      .join('; ')}`
  );
  const small = texts.filter(t => t.height < 10.5);
  expect(
    small.length === 0,
    `${what}: letters below 10.5 px: ${small
      .slice(0, 2)
      .map(t => `"${t.text}" ${t.height.toFixed(1)}`)
      .join('; ')}`
  );
  expect(!isWide, `${what}: it scrolls sideways`);
}

export const look = async (page, what) => judge(await textsOf(page), what);
// The same after each of these keys, of which `what` is told.
export async function lookAfter(page, keys, what) {
  for (const [i, seen] of (await textsAfter(page, keys)).entries()) judge(seen, `${what} ${keys[i]}`);
}
