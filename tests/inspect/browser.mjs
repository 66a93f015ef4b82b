// Headless Chromium, by playwright-core: CHROMIUM says where it is, PLAYWRIGHT_CORE whose node_modules has the package.
import {createRequire} from 'node:module';

const folders = [process.env.PLAYWRIGHT_CORE, ...(process.env.NODE_PATH || '').split(':'), process.cwd()];
const require = createRequire(import.meta.url);

// Ends the program with status 77, which is "skipped", where the package is missing.
export function findChromium() {
  try {
    const paths = [...folders, import.meta.dirname].filter(Boolean);
    return require(require.resolve('playwright-core', {paths})).chromium;
  } catch {
    process.exit(77);
  }
}
export const launch = chromium =>
  chromium.launch({executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-gpu']});
