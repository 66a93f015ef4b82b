// Headless Chromium, by playwright-core. CHROMIUM says where it is if PATH does not, PLAYWRIGHT_CORE whose node_modules has
// the package; .ci/run puts it into build-browser.
import {existsSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';

const require = createRequire(import.meta.url),
  here = import.meta.dirname;
const folders = [
  process.env.PLAYWRIGHT_CORE,
  join(here, '../../build-browser'),
  ...(process.env.NODE_PATH || '').split(':'),
  process.cwd(),
  here
].filter(Boolean);

// Ends the program with status 77, which is "skipped", where the package is missing.
export function findChromium() {
  try {
    return require(require.resolve('playwright-core', {paths: folders})).chromium;
  } catch {
    process.exit(77);
  }
}

const inPath = names =>
  (process.env.PATH || '').split(':').flatMap(folder => names.map(name => join(folder, name))).find(existsSync);

// Nothing but the test's own limit ends a start that takes long.
export const launch = chromium =>
  chromium.launch({
    executablePath: process.env.CHROMIUM || inPath(['chromium', 'chromium-browser', 'google-chrome']),
    args: ['--no-sandbox', '--disable-gpu'],
    timeout: 0
  });

// Where the page is. The browser, and with it page.url() and page.reload(), hears of a new hash only later.
export const addressOf = page => page.evaluate(() => location.href);
export async function reload(page) {
  const isLoaded = page.waitForEvent('load');
  await page.evaluate(() => void setTimeout(() => location.reload()));
  await isLoaded;
}

// The browser may answer before the page has its new size.
export async function resize(page, width, height) {
  await page.setViewportSize({width, height});
  await page.waitForFunction(size => innerWidth + ' ' + innerHeight === size, `${width} ${height}`);
}
// Calls f(what, scheme, width) in light and dark, on a large and on a small window. Ends dark and small.
export async function inEachLook(page, f) {
  for (const colorScheme of ['light', 'dark'])
    for (const [width, height] of [
      [1280, 720],
      [800, 600]
    ]) {
      await page.emulateMedia({colorScheme});
      await resize(page, width, height);
      await f(`${width}x${height} ${colorScheme}`, colorScheme, width);
    }
}

// Presses Tab from the beginning of the page to its end. Returns which elements of a selector that misses (`missed`), and what
// else takes the focus (`others`). Tab stays at the end: the browser would take it further, and give the focus back at a time
// of its own.
export async function tabThrough(page, selector) {
  const most = await page.evaluate(selector => {
    const wanted = [...document.querySelectorAll(selector)].filter(e => e.checkVisibility() && !e.closest('dialog')),
      reached = new Set(),
      note = e => reached.add(e.target);
    const [start, end] = ['prepend', 'append'].map(place => {
      const button = document.createElement('button');
      document.body[place](button);
      return button;
    });
    start.focus();
    document.addEventListener('focusin', note);
    end.onkeydown = e => e.preventDefault();
    window.endTabbing = () => {
      document.removeEventListener('focusin', note);
      delete window.endTabbing;
      const isAtEnd = reached.delete(end);
      end.remove();
      start.remove();
      const missed = wanted.filter(e => !reached.has(e)).map(e => e.outerHTML.slice(0, 60)),
        others = [...reached].filter(e => !wanted.includes(e)).map(e => e.outerHTML.slice(0, 60));
      return {missed: isAtEnd ? missed : ['the end of the page', ...missed], others};
    };
    return wanted.length + 20; // what scrolls has the focus too
  }, selector);
  for (let i = 0; i < most; i++) await page.keyboard.press('Tab');
  return page.evaluate(() => endTabbing());
}

// Pages that are used again, as a new one takes the browser longer than most of what is read of it.
export function pagesOf(context) {
  const idle = [];
  context.setDefaultTimeout(0);
  return {take: async () => idle.pop() || (await context.newPage()), giveBack: page => idle.push(page)};
}
