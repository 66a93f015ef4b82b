// Makes the pictures of docs/images from the pages that page_fixtures writes. The same pages give the same files.
// Usage: node screenshots.mjs FOLDER_OF_PAGES FOLDER_OF_PICTURES
import {statSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import {findChromium, launch} from './browser.mjs';

const [, , pages, pictures] = process.argv,
  most = 150000;
const shots = [
  ['page_graph_light', 'network', 'step=14&node=W1', 'light'],
  ['page_graph_dark', 'network', 'step=12&node=W2', 'dark'],
  ['page_sum_light', 'formula', 'step=13&node=x', 'light'],
  ['page_tape_light', 'network', 'view=tape', 'light'],
  ['page_layers_light', 'classifier', 'view=layers', 'light'],
  ['page_layers_dark', 'classifier', 'view=layers', 'dark'],
  ['page_tensors_light', 'classifier', 'view=tensors&node=hiddenlayer_1/weights', 'light'],
  ['page_small_dark', 'classifier', 'step=9', 'dark', {width: 800, height: 600}]
];

const browser = await launch(findChromium());
const page = await browser.newPage({reducedMotion: 'reduce'});
for (const [name, of, hash, theme, window = {width: 1280, height: 720}] of shots) {
  const path = join(pictures, name + '.png');
  await page.setViewportSize(window);
  await page.goto('about:blank');
  await page.goto(pathToFileURL(join(resolve(pages), of + '.html')).href + `#${hash}&theme=${theme}`);
  // As much of the window as is used.
  const bottom = await page.evaluate(() =>
    Math.max(
      ...[...document.querySelectorAll('body > *')]
        .filter(e => e.checkVisibility())
        .map(e => e.getBoundingClientRect().bottom)
    )
  );
  await page.screenshot({path, clip: {...window, x: 0, y: 0, height: Math.min(window.height, Math.ceil(bottom) + 8)}});
  const size = statSync(path).size;
  console.log(`${path}: ${size} bytes${size > most ? `, which are more than ${most}` : ''}`);
  process.exitCode ||= size > most ? 1 : 0;
}
await browser.close();
