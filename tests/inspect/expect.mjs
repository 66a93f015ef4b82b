// What a test of pages expects, and what was not so.
import {AsyncLocalStorage} from 'node:async_hooks';

const failures = [];
let checks = 0;
const where = new AsyncLocalStorage(); // the page: several are looked at at once
export function expect(isSo, text) {
  checks++;
  if (!isSo) failures.push(`${where.getStore()}: ${text}`);
}

async function take(name, checkPage) {
  const began = performance.now();
  try {
    await where.run(name, () => checkPage(name));
  } catch (e) {
    failures.push(`${name}: ${e.message.split('\n')[0]}`);
  }
  const failed = failures.filter(f => f.startsWith(name + ':')).length;
  console.log(`${name}: ${((performance.now() - began) / 1000).toFixed(1)} s, ${failed} not so`);
}

// Checks pages in this order, three at once, and ends the program. ONLY=name,name takes these only.
export async function takeAll(names, checkPage) {
  const wanted = names.filter(n => !process.env.ONLY || process.env.ONLY.split(',').includes(n)),
    waiting = [...wanted];
  await Promise.all(
    Array.from({length: 3}, async () => {
      while (waiting.length) await take(waiting.shift(), checkPage);
    })
  );
  for (const f of failures.slice(0, 60)) console.log('not so: ' + f);
  console.log(`${wanted.length} pages, ${checks} checks, ${failures.length} failed`);
  process.exit(failures.length || !wanted.length ? 1 : 0);
}
