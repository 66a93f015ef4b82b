// The sentences of the steps: formulas with names are computed again from the numbers of the JSON, and in the quiz nothing
// on the page tells what is asked.
import {inPage, stepThrough} from './sight.mjs';

const real = v => (v === 'NaN' ? NaN : v === 'Infinity' ? Infinity : v === '-Infinity' ? -Infinity : v);
const nameOf = t => t.name || t.id;
const isPlain = t => /^[#A-Za-z]\w*$/.test(nameOf(t));

// ---- Formulas ----
const functions = {
  sin: Math.sin,
  cos: Math.cos,
  sqrt: Math.sqrt,
  logistic: z => 1 / (1 + Math.exp(-z)),
  sign: Math.sign
};
// The value of a formula of names, numbers and + − · / ² ( ); undefined: it has something else.
function compute(text, values) {
  const names = [...values.keys()].sort((a, b) => b.length - a.length),
    known = [];
  let code = '',
    isFactor = false;
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at),
      name = names.find(n => rest.startsWith(n) && !/^\w/.test(rest.slice(n.length))),
      called = Object.keys(functions).find(f => rest.startsWith(f + '(')),
      number = (/^\d+(\.\d+)?/.exec(rest) || [''])[0],
      token = name || called || number || rest[0];
    if (!name && !called && !number && !'+−·/²() '.includes(token)) return undefined;
    if ((name || called || number || token === '(') && isFactor) code += '*';
    if (name) code += `k[${known.push(values.get(name)) - 1}]`;
    else if (called) code += `f.${called}`;
    else code += {'−': '-', '·': '*', '²': '**2'}[token] || token;
    if (token !== ' ') isFactor = !!name || !!number || token === ')' || token === '²';
    at += token.length;
  }
  try {
    return Function('k', 'f', `return ${code}`)(known, functions);
  } catch {
    return undefined;
  }
}
// What the forward pass used.
function usedValue(tape, t) {
  const change = tape.changes.find(c => c.leaf === t.id),
    value = change && tape.parts.length ? change.before : t.value;
  return value && value.exact ? value.exact.map(real) : null;
}
const near = (a, b) => Object.is(a, b) || a === b || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
// Element i of each tensor, by names; those of another number of elements than n are left out, but for scalars.
function valuesAt(tape, i, n) {
  const values = new Map();
  for (const t of tape.tensors.filter(isPlain)) {
    const all = usedValue(tape, t);
    if (all && (all.length === n || all.length === 1)) values.set(nameOf(t), all.length === 1 ? all[0] : all[i]);
  }
  return values;
}

// ---- What a step says ----
// A formula with its number, of a local derivative.
function checkLocal(tape, T, p, said, expect) {
  const found = /(?:local derivative is|, so ∂\S+ =) (.*?)\. (?:[#\w]+ (?:is|has)|All|Both|$)/.exec(said + ' ');
  if (!found || found[1].includes('; here')) return 0;
  const [formula, number] = found[1].includes(' = ') ? found[1].split(' = ') : [found[1], found[1]],
    value = compute(formula, valuesAt(tape, 0, 1));
  expect(
    Math.abs(Number(number.replaceAll('−', '-').replace('e-', 'e-')) - real(p.local)) <= 1e-3 * Math.abs(real(p.local)),
    `${said}: the local derivative is ${p.local}`
  );
  if (value === undefined || !found[1].includes(' = ')) return 0;
  expect(near(value, real(p.local)), `${said}: ${formula} is ${value}, and the local derivative is ${p.local}`);
  return 1;
}
// The rule of an operator of one number each, at each element.
function checkRule(tape, T, p, said, expect) {
  const formula = (/this part: (.*?)\. (?:[#\w]+ (?:is|has)|All|Both|$)/.exec(said + ' ') || [])[1],
    part = p.part.exact && p.part.exact.map(real),
    up = p.upstream[0] && p.upstream[0].exact && p.upstream[0].exact.map(real),
    root = tape.tensors.find(t => t.id === tape.loss);
  if (!formula || !part || !up || !root || up.length !== part.length || tape.functional.length) return 0;
  let n = 0;
  part.forEach((v, i) => {
    const values = valuesAt(tape, i, part.length);
    values.set(`∂${nameOf(root)}/∂${nameOf(T.get(p.from))}`, up[i]);
    const value = compute(formula, values);
    if (value === undefined) return;
    n++;
    const isSame = T.get(p.of).type === 'f64' ? near(value, v) : Math.abs(value - v) <= 1e-5 * Math.abs(v) + 1e-9;
    expect(isSame, `${said}: ${formula} is ${value} at ${i}, and the part is ${v}`);
  });
  return n ? 1 : 0;
}
// A derivative that has more parts, or is computed here, is not called as one factor of them.
function checkChain(tape, T, p, lines, expect) {
  const all = tape.of(p.of).filter(q => tape.parts.includes(q)).length,
    isAmbiguous = all > 1 || p.from === tape.loss,
    first = lines[0].replace(/\s+/g, ' ');
  if (isPlain(T.get(p.of)) && isPlain(T.get(p.from)))
    expect(
      first.includes('local derivative') === isAmbiguous,
      `of a part of ${nameOf(T.get(p.of))} through ${nameOf(T.get(p.from))} it is said: ${first}`
    );
}
// "w[0, 0] ← w[0, 0] − 0.1 · ∂L/∂w[0, 0] = 0.25 − 0.1 · (−0.3437) = 0.284369" is right, and is there if all went by one rate.
function checkChange(tape, T, c, said, expect) {
  const t = T.get(c.leaf),
    [before, after, g] = [c.before, t.now || t.value, t.gradient].map(n => n && n.exact && n.exact.map(real)),
    numbers = [...said.matchAll(/= (\(?−?[\d.e−]+\)?) − (\(?−?[\d.e−]+\)?) · (\(?−?[\d.e−]+\)?) = (−?[\d.e−]+)/g)][0];
  if (!before || !after || !g || c.by !== 'descend') return;
  if (tape.changes.filter(o => o.leaf === c.leaf).length > 1) return;
  const rates = g.map((v, i) => (before[i] - after[i]) / v).filter((v, i) => g[i] !== 0),
    isOne = rates.length > 0 && rates[0] !== 0 && rates.every(v => Math.abs(v / rates[0] - 1) < 1e-10);
  if (isOne) {
    expect(numbers, `a step of the rate ${rates[0]} is said so: ${said}`);
    const [x, rate, gradient, y] = numbers.slice(1).map(v => Number(v.replace(/[()]/g, '').replaceAll('−', '-')));
    expect(Math.abs(rate / rates[0] - 1) < 1e-3, `the rate is ${rates[0]}: ${said}`);
    expect(Math.abs(x - rate * gradient - y) <= 1e-3 * (Math.abs(x) + Math.abs(y)), `the calculation is wrong: ${said}`);
  }
  const ways = g.map((v, i) => Math.sign(before[i] - after[i]) * Math.sign(v));
  if (said.includes('went against')) expect(ways.every(w => w >= 0), `not all went against their gradients: ${said}`);
  if (said.includes('went with')) expect(ways.every(w => w <= 0), `not all went with their gradients: ${said}`);
}

// ---- The quiz ----
// What of the asked number is seen in the views that have the stepper. It runs in the page.
const leaks = step => {
  const out = [],
    seen = [...document.querySelectorAll('main:not([hidden]) [data-exact],.view:not([hidden]) [data-exact]')].filter(
      e => !e.closest('.graph[hidden]') && e.checkVisibility({visibilityProperty: true})
    );
  for (const e of seen) {
    const d = e.dataset,
      isIt = d.id === step.id;
    if (step.kind === 'value' ? isIt && d.what === 'value' && !e.closest('.say') : isIt && /^gradient/.test(d.what) && !e.closest('.before')) {
      if (!(step.before && e.closest('#say,#n-say'))) out.push(`${d.what} ${e.textContent}`);
    }
    if (step.from && isIt && d.from === step.from && +d.place === step.place && /^(part|local)/.test(d.what))
      out.push(`${d.what} ${e.textContent}`);
  }
  const box = document.querySelector(`.graph:not([hidden]) .node[data-id="${step.id}"]`);
  const link = step.from && document.querySelector(`.graph:not([hidden]) .edge[data-from="${step.from}"][data-place="${step.place}"]`);
  if (step.kind === 'gradient' && box && /\b(pos|neg|bad-g)\b/.test(box.getAttribute('class'))) out.push('the colour of the box');
  if (link && /\b(pos|neg|zero)\b/.test(link.getAttribute('class'))) out.push('the colour of the link');
  if (link && link.style.getPropertyValue('--w') !== '1.2') out.push('the width of the link');
  if (document.querySelector('#p-sum .wb i[style]:not([style*="width:0%"])') && step.isChosen) out.push('bars');
  return out;
};
// For each step from the second on, where it asks for something: what it says, and what each view shows of that.
const askAll = (page, steps) =>
  inPage(
    page,
    async steps => {
      const shows = [];
      for (const step of steps) {
        await press('ArrowRight');
        const said = document.querySelector('#say').innerText,
          found = [];
        for (const view of step ? ['g', 't', 'u'] : []) {
          if (view !== 'g') await press(view);
          found.push([view, read(step).slice(0, 3)]);
        }
        if (step) await press('g');
        shows.push({said, found});
      }
      return shows;
    },
    steps,
    leaks
  );
function checkHiding({said, found}, step, answer, expect) {
  for (const [view, leaked] of found)
    expect(leaked.length === 0, `the quiz at ${JSON.stringify(step)}, view ${view}, shows: ${leaked.join('; ')}`);
  // What stands before another "=" is the calculation.
  const isTold = said.split('\n').some(line => line.includes('= ') && line.split('= ').pop().split(/[\s;]/)[0] === answer && !/· |\? /.test(line.split('= ').pop()));
  expect(!answer || !isTold, `the quiz tells ${answer}: ${said}`);
}
const shown = v => (v === undefined ? '' : String(Number(v.toPrecision(4))).replace('-', '−'));

const sayings = () => [...document.querySelectorAll('#say p')].map(p => p.innerText.replace(/\s*\n\s*/g, ' '));
// Ends in the view Graph without the quiz. Pages whose steps are those of the tape, without folds, are read.
export async function checkSentences(page, tape, T, name, expect) {
  const [steps, hasFolds] = await page.evaluate(() => [
      +document.body.dataset.steps,
      !!document.querySelector('.graph:not([hidden]) .node.fold')
    ]),
    calls = new Set(tape.tensors.filter(t => t.operator).map(t => t.call)).size;
  if (hasFolds || steps > 70 || tape.isCut || steps !== 1 + calls + tape.parts.length + tape.functional.length + (tape.parts.length ? tape.changes.length : 0))
    return;
  let computed = 0,
    norms = 0;
  await page.keyboard.press('g');
  await page.keyboard.press('Home');
  const all = await stepThrough(page, steps, sayings),
    firstPart = 1 + calls,
    firstChange = firstPart + tape.parts.length + tape.functional.length;
  for (const [k, said] of all.entries()) {
    const text = said.join(' '),
      p = k >= firstPart ? tape.parts[k - firstPart] : undefined,
      change = tape.parts.length ? tape.changes[k - firstChange] : undefined;
    norms += /length \(the norm\)/.test(text);
    expect(!/,,/.test(text), `step ${k}: ${text}`);
    expect(!/\[NaN\]|undefined/.test(text), `step ${k} has a place that is none: ${text}`);
    if (!text.includes('letters of its own') && tape.tensors.every(t => !/^d[lyzr]$/.test(t.name)))
      expect(!/\bd[lyzr]\b/.test(text), `step ${k} has a letter of a rule without its name: ${text}`);
    if (p && p.origin === 'rule' && T.has(p.from)) {
      const why = said.find(s => s.includes('local derivative is') || s.includes(', so ∂') || s.includes('this part')) || '';
      if (p.part.n === 1 && p.local !== undefined) {
        computed += checkLocal(tape, T, p, why, expect);
        checkChain(tape, T, p, said, expect);
      } else computed += checkRule(tape, T, p, why, expect);
    }
    if (p && p.origin === 'seed' && k === firstPart)
      expect(/^The error is measured: .* The reverse pass begins with/.test(text), `the error is said so: ${text}`);
    if (change) checkChange(tape, T, change, text, expect);
  }
  expect(norms <= 1, `${norms} sentences say what a norm is`);
  if (tape.parts.some(p => p.part.n > 1 && p.part.norm > 0)) expect(norms === 1, 'no sentence says what a norm is');
  if (['descent', 'backpropagation-tape', 'net_logistic', 'descent-good-tape', 'network'].includes(name))
    expect(computed > 0, 'no formula could be computed again');
  await checkQuizzes(page, tape, T, steps, firstPart, calls, expect);
}
async function checkQuizzes(page, tape, T, steps, firstPart, calls, expect) {
  const made = [...new Set(tape.tensors.filter(t => t.operator).map(t => t.call))];
  const asked = Array.from({length: steps - 1}, (_, i) => {
    const k = i + 1,
      p = tape.parts[k - firstPart],
      t = k <= calls ? T.get(made[k - 1]) : undefined;
    if (t && !t.dropped)
      return {
        step: {kind: 'value', id: t.id},
        answer: t.value && t.value.n === 1 && t.value.exact ? shown(real(t.value.exact[0])) : ''
      };
    // What an accumulated gradient was before is no secret.
    if (!p || p.origin !== 'rule' || tape.of(p.of).indexOf(p) !== 0) return {step: null};
    const v = p.part.n === 1 && p.part.exact ? real(p.part.exact[0]) : undefined,
      up = p.upstream[0] && p.upstream[0].exact && p.upstream[0].exact.length === 1 ? real(p.upstream[0].exact[0]) : undefined;
    return {step: {kind: 'gradient', id: p.of, from: p.from, place: p.place}, answer: v === up ? '' : shown(v)};
  });
  await page.keyboard.press('Home');
  await page.keyboard.press('q');
  for (const [i, seen] of (await askAll(page, asked.map(a => a.step))).entries())
    if (asked[i].step) checkHiding(seen, asked[i].step, asked[i].answer, expect);
  await page.keyboard.press('q');
  const isTold = await page.evaluate(() => !document.querySelector('#say').innerText.includes('?'));
  expect(isTold, 'q does not tell what the quiz asks');
  await page.keyboard.press('q');
}
