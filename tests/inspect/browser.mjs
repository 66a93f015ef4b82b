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

// Where the page is: page.url() hears of a new hash only later.
export const addressOf = page => page.evaluate(() => location.href);

// Pages that are used again, as a new one takes the browser longer than most of what is read of it.
export function pagesOf(context) {
  const idle = [];
  context.setDefaultTimeout(0);
  return {take: async () => idle.pop() || (await context.newPage()), giveBack: page => idle.push(page)};
}
