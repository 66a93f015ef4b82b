// Opens each lesson in headless Chromium: its numbers against what the program printed, its links, how it looks, and that
// it prints on one sheet. Usage: node lessons.mjs FOLDER FOLDER_OF_OUTPUTS [FOLDER for screenshots]; ONLY=name,name.
import {existsSync, readFileSync, readdirSync, statSync, writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import {findChromium, inEachLook, launch, resize, tabThrough} from './inspect/browser.mjs';
import {expect, takeAll} from './inspect/expect.mjs';
import {look} from './inspect/look.mjs';

const [, , folder, outputs, pictures] = process.argv,
  most = 400 << 10,
  mostOfAll = 4 << 20;
const browser = await launch(findChromium());
const shown = exact => exact.replaceAll('-', '−');

// ---- Numbers ----
// What a program printed: lines of cells, which two blanks divide.
function outputOf(name) {
  const path = join(outputs, (name === 'handout' ? 'backpropagation' : name) + '.txt');
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
}
const cellsOf = line => line.trim().split(/ {2,}/);
// The rows of numbers of a table, without its first column.
function gridOf(lines, first) {
  const at = lines.findIndex((l, i) => cellsOf(l)[0] === first && cellsOf(lines[i + 1] || '').length === cellsOf(l).length),
    rest = lines.slice(at + 1).map(cellsOf),
    end = rest.findIndex(r => r.length !== cellsOf(lines[at] || '').length);
  return rest.slice(0, end).map(r => r.slice(1));
}
// The cells under a header of which a column was named.
function rowsOf(lines, first) {
  const at = lines.findIndex((l, i) => cellsOf(l)[0] === first && cellsOf(lines[i + 1] || '').length === cellsOf(l).length);
  const header = cellsOf(lines[at] || ''),
    rest = lines.slice(at + 1).map(cellsOf),
    end = rest.findIndex(r => r.length !== header.length);
  return rest.slice(0, end).map(r => Object.fromEntries(header.map((h, k) => [h, r[k]])));
}
async function checkNumbers(page, lines) {
  const named = await page
    .locator('[data-name]')
    .evaluateAll(all => all.map(e => ({...e.dataset, text: e.textContent.replace(/^\((.*)\)$/, '$1')})));
  for (const n of named) {
    expect(lines.some(l => l.trim() === `${n.name} = ${n.exact}`), `no line "${n.name} = ${n.exact}" is printed`);
    expect(n.text === shown(n.exact), `${n.name} is ${n.exact}, and is shown as ${n.text}`);
  }
  const tables = await page.locator('[data-table]').evaluateAll(all =>
    all.map(t => ({
      first: t.dataset.table,
      rows: [...t.tBodies[0].rows].map(r =>
        [...r.cells].map(c => ({...c.dataset, text: c.textContent})).filter(c => c.exact !== undefined)
      )
    }))
  );
  for (const t of tables) {
    const rows = rowsOf(lines, t.first);
    expect(rows.length === t.rows.length && rows.length > 0, `${t.first} has ${rows.length} rows, and here ${t.rows.length}`);
    for (const [i, row] of t.rows.entries())
      for (const c of row)
        expect(
          rows[i] && rows[i][c.column] === c.exact && c.text === shown(c.exact),
          `${t.first}, row ${i}: ${c.column} is ${c.exact}, shown as ${c.text}`
        );
  }
  const points = await page.locator('svg [data-series]').evaluateAll(all => all.map(e => ({...e.dataset})));
  const printed = lines.map(cellsOf);
  for (const p of points)
    expect(printed.some(c => c.includes(p.x) && c.includes(p.exact)), `no line has ${p.x} and ${p.exact} of ${p.series}`);
  return named.length + points.length + tables.length;
}
// Each cell of a picture has the number of its place, in its title too.
async function checkHeats(page, lines) {
  const heats = await page.locator('.heat').evaluateAll(all =>
    all.map(f => ({
      first: f.dataset.heat,
      cells: [...f.querySelectorAll('[data-exact]')].map(e => ({
        exact: e.dataset.exact,
        place: e.getAttribute('d').match(/\d+/g).slice(0, 3).map(Number),
        title: e.textContent
      }))
    }))
  );
  for (const h of heats) {
    const rows = gridOf(lines, h.first);
    expect(rows.length > 0 && h.cells.length === rows.length * rows[0].length, `${h.first} has ${h.cells.length} cells`);
    for (const {exact, place, title} of h.cells) {
      const wanted = (rows[place[1] / place[2]] || [])[place[0] / place[2]];
      expect(exact === wanted && title.endsWith(': ' + shown(exact)), `${h.first} at ${place}: ${exact}, not ${wanted}; ${title}`);
    }
  }
}
// On a blackboard each product gives what stands behind it, to the digits that are written.
async function checkBoards(page) {
  const rows = await page.locator('.board tr').evaluateAll(all =>
    all.map(r => {
      const sum = r.querySelector('.sum').cloneNode(true);
      for (const up of sum.querySelectorAll('sup')) up.replaceWith(`**(${up.textContent})`);
      return {sum: sum.textContent, result: +r.querySelector('.num [data-exact]').dataset.exact};
    })
  );
  for (const {sum, result} of rows) {
    const code = sum.replaceAll('−', '-').replaceAll('·', '*').replaceAll('e**', 'Math.E**').replace(/\)²/, ')**2');
    expect(/^[-+*/(). \dMathE]+$/.test(code), `on the blackboard stands ${code}`);
    const found = Function(`return ${code}`)();
    expect(Math.abs(found - result) <= 2e-5 * Math.max(Math.abs(result), 0.1), `${sum} is ${found}, not ${result}`);
  }
}

// ---- Links ----
// All links are opened in one page, `other`, which says what went wrong to `said`.
async function checkLink(page, {other, said}, href) {
  const [file, hash] = href.split('#');
  expect(existsSync(join(folder, file)), `a link goes to ${href}, which is not there`);
  if (!file.endsWith('.html') || !existsSync(join(folder, file))) return;
  said.length = 0;
  await other.goto('about:blank'); // else another step of the same page would not load it again
  await other.goto(new URL(href, page.url()).href);
  if (file.endsWith('-tape.html')) {
    // At step 0 there is no gradient yet: who links to a view with a stepper says at which step.
    expect(!/view=(graph|neurons|tape)/.test(hash) || /step=/.test(hash), `${href} names no step`);
    const wanted = new URLSearchParams(hash),
      s = await other.evaluate(() => ({
        kept: location.hash.slice(1),
        step: document.body.dataset.step,
        view: document.querySelector('[role=tab][aria-selected=true]').id.slice(2),
        isSeen: document.querySelector('[role=tab][aria-selected=true]').checkVisibility()
      }));
    const kept = new URLSearchParams(s.kept);
    for (const [key, value] of wanted) expect(kept.get(key) === value, `${href}: of ${key} the page keeps ${kept.get(key)}`);
    expect(!wanted.has('view') || (wanted.get('view') === s.view && s.isSeen), `${href} opens the view ${s.view}`);
    expect(!wanted.has('step') || wanted.get('step') === s.step, `${href} opens step ${s.step}`);
  }
  expect(said.length === 0, `${href}: the console says: ${said[0]}`);
}
async function checkEachLink(page, hrefs) {
  const other = await page.context().newPage(),
    said = [];
  other.on('console', m => said.push(m.text()));
  other.on('pageerror', e => said.push(e.message));
  for (const href of new Set(hrefs.filter(h => !h.startsWith('#')))) await checkLink(page, {other, said}, href);
  await other.close();
}
async function checkLinks(page, name) {
  const hrefs = await page.locator('a').evaluateAll(all => all.map(a => a.getAttribute('href')));
  await checkEachLink(page, hrefs);
  if (!existsSync(join(outputs, name + '.txt'))) return;
  const linked = new Set(hrefs.map(h => h.split('#')[0])),
    own = readdirSync(folder).filter(f => f.startsWith(name + '-') && f.endsWith('-tape.html'));
  for (const f of own) expect(linked.has(f), `no link goes to ${f}`);
  expect(own.length > 0, 'it has no inspection page');
}

// ---- What is seen ----
// What scrolls is reached by Tab.
async function checkScrolls(page, what) {
  const missed = await page.evaluate(() =>
    [...document.querySelectorAll('main *')]
      .filter(e => getComputedStyle(e).overflowX === 'auto' && e.scrollWidth > e.clientWidth && e.tabIndex < 0)
      .map(e => e.textContent.trim().slice(0, 30))
  );
  expect(missed.length === 0, `${what}: it scrolls, and Tab does not reach it: ${missed.slice(0, 3).join('; ')}`);
}
// Clicks what unfolds, each where a user would: there nothing may lie over it.
async function unfold(page) {
  const covered = await page.evaluate(() =>
    [...document.querySelectorAll('summary')].filter(summary => {
      summary.scrollIntoView({block: 'center'});
      const {left, right, top, bottom} = summary.getBoundingClientRect(),
        hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
      if (hit) hit.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}));
      return !summary.contains(hit) || !summary.parentElement.open;
    }).map(e => e.textContent)
  );
  expect(covered.length === 0, `a click does not unfold ${covered.slice(0, 3).join('; ')}`);
}
async function lookAtAll(page, name) {
  const url = page.url();
  await inEachLook(page, async (what, scheme, width) => {
    await look(page, what);
    if (pictures) await page.screenshot({path: join(pictures, `${name}-${width}-${scheme}.png`), fullPage: true});
  });
  await page.emulateMedia({colorScheme: 'light'});
  const own = () => page.evaluate(() => parseFloat(getComputedStyle(document.body).fontSize)),
    before = await own();
  await page.locator('#big').click();
  expect((await own()) === 19 && before < 19, `A+ makes letters of ${before} px ${await own()} px high`);
  await look(page, 'A+');
  await checkScrolls(page, 'A+');
  if (pictures) await page.screenshot({path: join(pictures, `${name}-big.png`), fullPage: true});
  await page.goto(url);
  await unfold(page);
  await resize(page, 1280, 720);
  await look(page, 'unfolded');
  await resize(page, 800, 600);
  await look(page, 'unfolded, small');
  await checkScrolls(page, 'unfolded, small');
}
async function checkTab(page) {
  const {missed, others} = await tabThrough(page, 'a,summary,[tabindex="0"]');
  expect(missed.length === 0, `Tab does not reach ${missed.slice(0, 3).join(', ')}`);
  expect(others.length === 0, `Tab reaches ${others.slice(0, 3).join(', ')}`);
}
// Words for those who do not see: the language, one title, and a name for each picture and each link.
async function checkWords(page) {
  const lacks = await page.evaluate(() => {
    const out = [...document.querySelectorAll('a,svg')]
      .filter(e => !(e.getAttribute('aria-label') || e.textContent).trim())
      .map(e => e.outerHTML.slice(0, 60));
    const one = document.querySelectorAll('h1');
    if (document.documentElement.lang !== 'en') out.push('the language');
    if (one.length !== 1 || one[0].textContent !== document.title) out.push('one <h1>, which is the title');
    if (document.querySelector('script,[onclick],[onload]')) out.push('a page without a script');
    for (const details of document.querySelectorAll('details')) if (details.open) out.push('a folded answer');
    return out;
  });
  expect(lacks.length === 0, `it lacks ${lacks.slice(0, 3).join(', ')}`);
}
async function checkPrint(page, name) {
  const pdf = await page.pdf({preferCSSPageSize: true}),
    sheets = (pdf.toString('latin1').match(/\/Type\s*\/Page\b/g) || []).length,
    box = pdf.toString('latin1').match(/\/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]/) || [];
  expect(sheets === 1, `it prints on ${sheets} sheets`);
  expect(Math.round(box[1]) === 595 && Math.round(box[2]) === 842, `it prints on ${box[1]} x ${box[2]} points, not on A4`);
  await page.emulateMedia({media: 'print'});
  const hidden = await page.locator('.look > *:not(summary)').evaluateAll(all => all.filter(e => !e.checkVisibility()).length);
  expect(hidden === 0, `of what is folded, ${hidden} pieces are not printed`);
  if (!pictures) return page.emulateMedia({media: null});
  writeFileSync(join(pictures, name + '.pdf'), pdf);
  await resize(page, 703, 1032); // a sheet without its margins
  await page.screenshot({path: join(pictures, name + '-print.png'), fullPage: true});
  await page.emulateMedia({media: null});
}

async function openPage(context, path, said) {
  context.setDefaultTimeout(0);
  const page = await context.newPage();
  let requests = 0;
  page.on('console', m => said.push(m.text()));
  page.on('pageerror', e => said.push(e.message));
  page.on('request', () => requests++);
  await page.goto(pathToFileURL(resolve(path)).href);
  expect(requests === 1, `${requests} requests`);
  return page;
}
async function checkLesson(name) {
  const context = await browser.newContext({viewport: {width: 1280, height: 720}, colorScheme: 'light', reducedMotion: 'reduce'}),
    said = [],
    page = await openPage(context, join(folder, name + '.html'), said);
  const isLesson = existsSync(join(outputs, name + '.txt')),
    count = await checkNumbers(page, outputOf(name));
  expect(!isLesson || count > 0, 'it has no number of its program');
  expect(!isLesson || (await page.locator('.exercise details').count()) > 0, 'it has no exercise with a solution');
  await checkWords(page);
  await checkHeats(page, outputOf(name));
  await checkBoards(page);
  await checkLinks(page, name);
  await checkTab(page);
  await checkPrint(page, name);
  await lookAtAll(page, name);
  expect(said.length === 0, `the console says: ${said.slice(0, 3).join('; ')}`);
  await context.close();
}

const files = readdirSync(folder).filter(f => f.endsWith('.html')),
  lessons = files.filter(f => !f.endsWith('-tape.html')).map(f => f.slice(0, -5));
const sizes = files.map(f => [statSync(join(folder, f)).size, f]);
// The links of the lesson plan and the glossary.
async function checkTexts() {
  const context = await browser.newContext();
  context.setDefaultTimeout(0);
  const page = await context.newPage();
  await page.goto(pathToFileURL(resolve(folder, lessons[0] + '.html')).href);
  for (const file of readdirSync(folder).filter(f => f.endsWith('.md'))) {
    const text = readFileSync(join(folder, file), 'utf8'),
      hrefs = [...text.matchAll(/\]\(([^)#:]*(?:#[^)]*)?)\)/g)].map(m => m[1]);
    expect(hrefs.length > 0, `${file} has no links`);
    await checkEachLink(page, hrefs);
  }
  await context.close();
}
await takeAll([...lessons, 'the folder'], async name => {
  if (name !== 'the folder') return checkLesson(name);
  await checkTexts();
  for (const [bytes, f] of sizes) expect(bytes < most, `${f} has ${bytes} bytes`);
  expect(sizes.reduce((sum, [bytes]) => sum + bytes, 0) < mostOfAll, 'all pages together have 4 MB or more');
});
