'use strict';
// Goes through the step: all numbers are those of the JSON; only sums "so far" are made here, in the engine's order.
(() => {
const $ = (s, e = document) => e.querySelector(s), $$ = (s, e = document) => [...e.querySelectorAll(s)];
const R = document.documentElement, body = document.body;
const D = JSON.parse($('#gradtape-tape').textContent), X = JSON.parse($('#gradtape-page').textContent);
const T = new Map(D.tensors.map(t => [t.id, t])), P = D.parts;
// Changes before a sweep are none of its step.
const changes = P.length ? D.changes : [];

// ---- Numbers and names ----
const real = v => v === 'NaN' ? NaN : v === 'Infinity' ? Infinity : v === '-Infinity' ? -Infinity : v;
const asType = (v, type) => type === 'f32' ? Math.fround(v) : v;
const list = (n, type) => n && n.exact ? n.exact.map(v => asType(real(v), type)) : null;
const split = (v, d) => {
  const [m, e] = Math.abs(v).toExponential(d - 1).split('e');
  return [m.replace('.', '').replace(/0+$/, ''), +e];
};
const place = (m, e, asPower, minus) => {
  if (asPower) return m[0] + (m.length > 1 ? '.' + m.slice(1) : '') + 'e' + (e < 0 ? minus : '') + Math.abs(e);
  if (e < 0) return '0.' + '0'.repeat(-e - 1) + m;
  return e + 1 >= m.length ? m + '0'.repeat(e + 1 - m.length) : m.slice(0, e + 1) + '.' + m.slice(e + 1);
};
const shown = (v, d = 4, least = -5) => {
  if (Number.isNaN(v)) return 'NaN';
  const sign = v < 0 || Object.is(v, -0) ? '−' : '';
  if (v === 0 || !isFinite(v)) return sign + (v === 0 ? '0' : '∞');
  let [m, e] = split(v, d);
  if (e >= d && e < d + 3) [m, e] = split(v, e + 1);
  return sign + place(m, e, e < least || e >= d + 3, '−');
};
const short = (v, d) => {
  let t = shown(v, d, -3);
  while (t.length > 8 && d > 1) t = shown(v, --d, -3);
  return t;
};
const exact = (v, type) => {
  if (Number.isNaN(v)) return 'nan';
  const sign = v < 0 || Object.is(v, -0) ? '-' : '', p = type === 'f32' ? 9 : 17;
  if (v === 0 || !isFinite(v)) return sign + (v === 0 ? '0' : 'inf');
  const [m, e] = split(v, p);
  if (e >= -4 && e < p) return sign + place(m, e, false);
  return sign + place(m, 0, m.length < 2 && false) + 'e' + (e < 0 ? '-' : '+') + String(Math.abs(e)).padStart(2, '0');
};
const esc = s => String(s).replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`);
const full = id => T.has(id) ? T.get(id).name || id : id || '?';
const cut = (s, n) => [...s].length > n ? [...s].slice(0, n - 2).join('') + '..' : s;
const name = id => esc(cut(full(id), 24));
const sign = v => v < 0 ? 'neg' : v > 0 ? 'pos' : '';
const shapeText = t => '[' + t.shape.join(', ') + ']';
const loss = D.loss ? name(D.loss) : 'L';
// The attributes of a number, as the page has them everywhere.
const attributes = (what, id, v, o = {}) => {
  const type = o.type || (T.has(id) ? T.get(id).type : 'f64');
  return {what, of: id && full(id), id, from: o.from, place: o.place, index: o.index, exact: exact(v, type)};
};
const num = (what, id, v, o = {}) => {
  if (v === undefined) return '<span class="m nc" aria-label="not computed">·</span>';
  if (v === hidden) return '<span class="m nc" aria-label="hidden, press q">?</span>';
  const a = attributes(what, id, v, o);
  const text = Object.keys(a).filter(k => a[k] !== undefined).map(k => ` data-${k}="${esc(a[k])}"`).join('');
  const colour = o.plain || !['gradient', 'part'].includes(what) ? '' : sign(v);
  const t = shown(v, o.digits || 4);
  return `<span class="m ${colour}"${text}>${o.bars ? `‖${t}‖` : o.wrap && v < 0 ? `(${t})` : t}</span>`;
};
const hidden = Symbol('hidden');
// A number in an element that is there already; without one the attributes are absent.
const setNumber = (e, what, id, v, text, o = {}) => {
  const a = v === undefined || v === hidden ? {} : attributes(what, id, v, o);
  for (const k of ['what', 'of', 'id', 'from', 'place', 'index', 'exact'])
    if (a[k] === undefined) e.removeAttribute('data-' + k); else e.setAttribute('data-' + k, a[k]);
  e.textContent = v === hidden ? '?' : text;
};

// ---- What happened, in order ----
const calls = [], partsOf = new Map(), partsFrom = new Map();
for (const t of D.tensors) {
  if (!t.operator) continue;
  const last = calls[calls.length - 1];
  if (last && last.call === t.call) last.ids.push(t.id); else calls.push({call: t.call, ids: [t.id]});
}
const push = (map, key, v) => map.has(key) ? map.get(key).push(v) : map.set(key, [v]);
P.forEach((p, i) => { push(partsOf, p.of, i); if (p.from) push(partsFrom, p.from + '|' + p.place, i); });
const single = p => p.part.n === 1 && !!p.part.exact;
const typeOf = id => T.has(id) ? T.get(id).type : 'f64';
const partValue = p => single(p) ? list(p.part, typeOf(p.of))[0] : real(p.part.norm);

// ---- Drawings and steps ----
const drawings = $$('.graph');
let drawing = drawings[0], nodes = new Map(), folds = [], edges = [], steps = [];
let at = 0, chosen = null, view = 'graph', quiz = false, asked = false;
const position = id => id && id[0] === '#' ? +id.slice(1) : NaN;
const foldOf = id => folds.find(f => f.kept.has(id) || (position(id) >= f.first && position(id) < f.first + f.n));
const keyOf = id => nodes.has(id) ? id : (foldOf(id) || {}).key;
const elementOf = key => key && (nodes.get(key) || (folds.find(f => f.key === key) || {}).e);

function use(e) {
  drawing = e;
  drawings.forEach(d => { d.hidden = d !== e; });
  nodes = new Map($$('.node[data-id]', e).map(n => [n.dataset.id, n]));
  folds = $$('.node.fold', e).map(n => ({
    e: n, key: 'fold ' + n.dataset.fold, first: +n.dataset.first, n: +n.dataset.n, name: n.dataset.name,
    kept: new Set(n.dataset.kept ? n.dataset.kept.split(' ') : [])}));
  edges = $$('.edge', e).map(n => ({e: n, key: n.dataset.from && n.dataset.from + '|' + n.dataset.place}));
  makeSteps();
}

// Steps that a drawing does not tell apart are one: those inside one folded box, and those of what it does not show.
function makeSteps() {
  const out = [{phase: 'forward', leaves: true}];
  const add = (s, key) => {
    const last = out[out.length - 1], whole = key === undefined ? 'elsewhere' : key.startsWith('fold ') ? key : null;
    if (whole && last.whole === whole && last.phase === s.phase) {
      (last.ids || []).push(...(s.ids || []));
      (last.parts || []).push(...(s.parts || []));
    } else out.push({...s, whole});
  };
  for (const c of calls) add({phase: 'forward', ids: [...c.ids]}, keyOf(c.ids[0]));
  let begun = false;
  P.forEach((p, i) => {
    const isRule = p.origin === 'rule';
    const s = {phase: isRule || begun ? 'reverse' : 'error', parts: [i]};
    begun = begun || isRule;
    if (!isRule) out.push(s);
    else add(s, keyOf(p.from) === undefined && nodes.has(p.of) ? p.of : keyOf(p.from));
  });
  for (const c of changes) out.push({phase: 'descent', change: c});
  steps = out;
}

// What is known after a step.
function stateAt(k) {
  const s = {values: new Set(), gradients: new Map(), parts: new Set(), changes: 0};
  for (let i = 0; i <= k; i++) {
    const step = steps[i];
    if (step.leaves) D.tensors.forEach(t => { if (!t.operator) s.values.add(t.id); });
    (step.ids || []).forEach(id => s.values.add(id));
    (step.parts || []).forEach(j => addPart(s, j));
    if (step.change) s.changes++;
  }
  return s;
}
function addPart(s, j) {
  const p = P[j], t = T.get(p.of), type = typeOf(p.of);
  const g = s.gradients.get(p.of) || {have: 0, all: partsOf.get(p.of).length, sum: undefined};
  const part = list(p.part, type);
  const isFresh = g.have === 0 || (t && t.operator && g.sweep !== p.sweep);
  g.before = isFresh ? undefined : g.sum;
  g.sum = !part ? null : isFresh ? part : g.sum && g.sum.map((v, i) => asType(v + part[i], type));
  g.sweep = p.sweep;
  g.have++;
  g.whole = g.have === g.all;
  g.cut = X.incomplete.includes(p.of);
  if (g.cut && !g.whole) g.sum = null;
  // The engine's own numbers, as soon as all parts are there.
  if (g.whole && t && t.gradient) {
    g.sum = list(t.gradient, type);
    g.norm = real(t.gradient.norm);
  }
  s.gradients.set(p.of, g);
  s.parts.add(j);
}
// The value that a leaf has after so many changes.
function valueOf(t, done) {
  for (let i = done; i < changes.length; i++) if (changes[i].leaf === t.id) return changes[i].before;
  return t.now || t.value;
}
let state;
const itemOf = (n, t) => n && n.n === 1 && n.exact ? list(n, t.type)[0] : undefined;

// ---- Boxes and links ----
const saved = new WeakMap();
// A number of the page as it was written, or as one that is not there yet.
function live(e, on, off) {
  if (!saved.has(e)) saved.set(e, [e.textContent, [...e.attributes].filter(a => a.name.startsWith('data-')).map(a => [a.name, a.value])]);
  const [text, data] = saved.get(e);
  data.forEach(([k, v]) => on ? e.setAttribute(k, v) : e.removeAttribute(k));
  e.textContent = on ? text : off;
}
const now = () => {
  const s = steps[at], p = s.parts && P[s.parts[s.parts.length - 1]];
  if (s.whole) return {receives: s.whole === 'elsewhere' ? undefined : s.whole, gives: p && p.from};
  if (s.ids) return {receives: keyOf(s.ids[0]), reads: s.ids[0]};
  if (p) return {receives: keyOf(p.of), reads: p.from || p.of, gives: p.from, of: p.of};
  return s.change ? {receives: keyOf(s.change.leaf), reads: s.change.leaf, leaf: s.change.leaf} : {};
};
const isHidden = (what, id) => {
  const s = steps[at];
  if (!quiz || asked || s.whole) return false;
  return what === 'value' ? !!(s.ids && s.ids.includes(id)) || !!(s.change && s.change.leaf === id)
                          : !!(s.parts && s.parts.some(j => P[j].of === id));
};

function drawNode(id, e) {
  const t = T.get(id), n = now();
  if (!t) return;
  const known = state.values.has(id), g = state.gradients.get(id), isPart = g && !g.whole;
  const value = itemOf(valueOf(t, state.changes), t), val = $('.val', e), gr = $('.gr', e);
  const v = !known ? undefined : isHidden('value', id) ? hidden : value;
  if (e.written === undefined) e.written = val.textContent;
  if (value === undefined) val.textContent = known ? e.written : '·';
  else setNumber(val, 'value', id, v, v === undefined ? '·' : short(value, 4));
  const scalar = g && g.sum && g.sum.length === 1, x = !g ? undefined : scalar ? g.sum[0] : g.norm;
  const gx = x === undefined ? undefined : isHidden('gradient', id) ? hidden : x;
  setNumber(gr, scalar ? 'gradient' : 'gradient-norm', id, gx, x === undefined ? '·' : short(x, scalar ? 4 : 3),
            scalar ? {} : {type: 'f64'});
  const label = $('.gl', e);
  if (!e.label) e.label = label.textContent;
  label.textContent = isPart ? `${g.have}/${g.all}` : e.label;
  const badValue = known && t.value && t.value.not_finite, badGradient = g && g.whole && t.gradient && t.gradient.not_finite;
  const flags = {'no-v': !known, 'no-g': !g, given: g && gx !== hidden, part: isPart, sel: chosen === id, 'bad-v': badValue, 'bad-g': badGradient,
                 now: n.receives === id, pos: scalar && gx !== hidden && gx > 0, neg: scalar && gx !== hidden && gx < 0};
  for (const k in flags) e.classList.toggle(k, !!flags[k]);
  const say = (y, norm) => y === undefined ? 'not computed' : y === hidden ? 'hidden' : (norm ? 'norm ' : '') + shown(y);
  e.setAttribute('aria-label', `${full(id)}, ${formulaText(t)}, value ${value === undefined ? shapeText(t) : say(v)}, gradient ` +
    say(gx, !scalar) + (isPart ? `, ${g.have} of ${g.all} parts` : '') + (t.changed ? ', changed since' : ''));
}

function drawFold(f) {
  const wanted = [...f.kept].filter(id => partsOf.has(id));
  const isKnown = wanted.length > 0 && wanted.every(id => (state.gradients.get(id) || {}).whole);
  const some = calls.some(c => state.values.has(c.ids[0]) && position(c.ids[0]) >= f.first && position(c.ids[0]) < f.first + f.n);
  live($('.gr', f.e), isKnown || !wanted.length, '·');
  const flags = {'no-v': !some, 'no-g': !isKnown, given: isKnown, sel: chosen === f.key, now: now().receives === f.key};
  for (const k in flags) f.e.classList.toggle(k, !!flags[k]);
}

function drawEdges() {
  const s = steps[at], current = new Set();
  (s.parts || []).forEach(j => { if (P[j].from) current.add(P[j].from + '|' + P[j].place); });
  const boxes = $$('.node', drawing), keys = boxes.map(b => b.dataset.id || 'fold ' + b.dataset.fold);
  const pairs = new Map();
  P.forEach((p, j) => {
    const a = keyOf(p.of), b = keyOf(p.from);
    if (!p.from || !a || !b || a === b) return;
    const pair = pairs.get(a + ' ' + b) || pairs.set(a + ' ' + b, {given: false, now: false}).get(a + ' ' + b);
    pair.given = pair.given || state.parts.has(j);
    pair.now = pair.now || (s.parts || []).includes(j);
  });
  for (const {e, key} of edges) {
    const own = key ? partsFrom.get(key) : null;
    const pair = pairs.get(keys[+e.dataset.a] + ' ' + keys[+e.dataset.b]) || {};
    const given = key ? !!own && own.some(j => state.parts.has(j)) : !!pair.given;
    const isNow = key ? current.has(key) : !!pair.now;
    const con = $('.con', e), loc = $('.loc', e), known = key && state.values.has(e.dataset.from);
    e.classList.toggle('given', given);
    e.classList.toggle('now', isNow);
    e.classList.toggle('no-v', !known);
    const isAsked = !(isNow && quiz && !asked);
    if (con) live(con, given && isAsked, given ? '?' : '');
    if (loc) live(loc, known, '');
  }
}

// ---- The sentence ----
const fraction = (a, b) => `<span class="f" role="img" aria-label="d ${a} by d ${b}"><span>∂${a}</span><span>∂${b}</span></span>`;
const infix = {add: '+', sub: '−', mul: '·', div: '/'};
function formula(t, of) {
  const o = t.operands.slice(0, 6).map(of), c = (t.attributes || {}).c;
  if (infix[t.operator] && o.length === 2) return `${o[0]} ${infix[t.operator]} ${o[1]}`;
  if (t.operator === 'scale' && typeof c === 'number') return `${shown(c)} · ${o[0]}`;
  if (t.operator === 'neg') return `−${o[0]}`;
  return `${esc(t.operator)}(${o.join(', ')}${t.operands.length > 6 ? ', ..' : ''})`;
}
const formulaText = t => t.operator ? formula(t, full) : t.kind;
const ordinal = n => n + (['th', 'st', 'nd', 'rd'][n % 100 > 10 && n % 100 < 14 ? 0 : n % 10] || 'th');
// What a rule gives to one place, with the names of what it is about.
function rule(t, place) {
  const [made, given] = (t && X.rules[t.operator]) || ['', ''], texts = given.split(', ');
  if (!given) return '';
  const names = t.operands.length === 1 ? {x: name(t.operands[0])} : /^[^x]*\ba\b[^x]*\bb\b[^x]*$/.test(made) ? {a: name(t.operands[0]), b: name(t.operands[1])} : {};
  names.dy = `∂${loss}/∂${name(t.id)}`;
  if (!/\by =/.test(made)) names.y = name(t.id);
  return esc(texts.length === t.operands.length ? texts[place - 1] : given).replace(/\b[a-z]+\b(?!['(])/g, w => Object.hasOwn(names, w) ? names[w] : w);
}
function operandValue(id, t) {
  const x = T.get(id), v = x && itemOf(valueOf(x, 0), x);
  const few = x && list(valueOf(x, 0), x.type);
  if (v === undefined && few && few.length > 1 && few.length <= 3) return `[${elements('value', id, few)}]`;
  return v === undefined ? x ? shapeText(x) : '?' : num('value', id, v, {wrap: infix[t.operator]});
}
const rangeOf = n => !n || n.min === undefined ? '' : `from ${shown(real(n.min))} to ${shown(real(n.max))}`;
function sayForward(s) {
  const lines = s.ids.filter(id => T.get(id).kind !== 'byproduct').map(id => {
    const t = T.get(id), v = itemOf(t.value, t);
    if (v !== undefined)
      return `<p>${name(id)} = ${formula(t, name)} = ${formula(t, o => operandValue(o, t))} = <b>${num('value', id, isHidden('value', id) ? hidden : v)}</b></p>`;
    return `<p>${name(id)} = ${formula(t, name)}, <span class="m">${shapeText(t)}</span>${t.dropped ? ': dropped by its segment' : `, numbers <b class="m">${isHidden('value', id) ? '?' : rangeOf(t.value)}</b>`}</p>`;
  });
  const t = T.get(s.ids[0]), bad = t.value && t.value.not_finite;
  return lines.join('') + `<p class="why">Forward pass: entry ${position(s.ids[0])} of ${calls.length ? position(D.tensors[D.tensors.length - 1].id) : 0} is computed and kept.` +
    (bad ? ` <b>${bad} of ${t.value.n} ${bad > 1 ? 'are' : 'is'} not finite.</b> ${badOperands(t)}` : '') + '</p>';
}
const badOperands = t => t.operands.map(id => T.get(id)).filter(Boolean).map(o => `${name(o.id)} is ${o.value && o.value.not_finite ? 'not finite already' : rangeOf(o.value)}`).join('; ') + '.';
function sayPart(j) {
  const p = P[j], y = T.get(p.from), g = state.gradients.get(p.of), a = name(p.of), b = name(p.from);
  const more = g.all > 1 || g.cut, verb = more ? 'receives' : '=', part = partValue(p), v = isHidden('gradient', p.of) ? hidden : part;
  const where = {from: p.from, place: p.place};
  const up = p.upstream.find(Boolean), out = [];
  if (single(p) && p.local !== undefined && up && up.exact)
    out.push(`<p>${fraction(loss, a)} ${verb} ${fraction(loss, b)} · ${fraction(b, a)} = ${num('gradient', p.from, list(up, y.type)[0], {plain: 1})} · ` +
      `${num('local', p.of, real(p.local), {...where, type: 'f64', wrap: 1})} = <b>${num('part', p.of, v, where)}</b></p>`);
  else if (single(p)) out.push(`<p>${fraction(loss, a)} ${verb} <b>${num('part', p.of, v, where)}</b> from ${b}</p>`);
  else if (p.part.exact && p.part.n <= 4 && v !== hidden)
    out.push(`<p>${fraction(loss, a)} ${verb} <b>${elements('part', p.of, list(p.part, typeOf(p.of)), where)}</b> from ${b}</p>`);
  else out.push(`<p>${fraction(loss, a)} ${verb} a part <span class="m">${T.has(p.of) ? shapeText(T.get(p.of)) : ''}</span> from ${b}, norm <b>${num('part-norm', p.of, v, {...where, type: 'f64'})}</b>` +
    (v === hidden ? '' : ` <span class="why">${rangeOf(p.part)}</span>`) + '</p>');
  if (more && single(p) && g.sum && !g.cut)
    out.push(`<p>so far ${g.before ? num('gradient', p.of, g.before[0], {plain: 1}) : '0'} ${part < 0 || Object.is(part, -0) ? '−' : '+'} <span class="m">${v === hidden ? '?' : shown(Math.abs(part))}</span> = <b>${num('gradient', p.of, v === hidden ? hidden : g.sum[0])}</b></p>`);
  out.push(`<p class="why">${b} is ${y ? formula(y, name) : ''}, and this is its ${y && y.operands.length > 1 ? ordinal(p.place) + ' ' : ''}operand. ` +
    (rule(y, p.place) ? `Its rule gives ${rule(y, p.place)}. ` : '') + product(p, y) +
    (g.cut ? `${a} is used in more places than this page has.` : more ? g.whole ? `All ${g.all} parts are in: the gradient of ${a} is complete.` : `${a} is used in ${g.all} places: this is part ${g.have}.` : '') + '</p>');
  return out.join('');
}
// Elements in a row, rows of a matrix divided by semicolons.
function elements(what, id, v, o) {
  const shape = T.has(id) ? T.get(id).shape : [], row = shape.length > 1 ? shape[shape.length - 1] : 0;
  return v.map((x, i) => (i === 0 ? '' : row && i % row === 0 ? '; ' : ' ') + num(what, id, x, {...o, index: i})).join('');
}
// Of the weights of one row of a layer, an element is what came in times the gradient before the activation, which is
// what the biases get.
function factors(p, y) {
  if (!y || y.operator !== 'linear' || p.place !== 2 || !p.part.exact) return null;
  const x = T.get(y.operands[0]), j = (partsFrom.get(y.call + '|3') || [])[0], dz = j !== undefined && list(P[j].part, y.type);
  const values = x && list(valueOf(x, 0), x.type);
  return dz && values && x.shape.length === 2 && x.shape[0] === 1 ? {x: x.id, values, bias: P[j].of, dz} : null;
}
function factorsOf(f, i) {
  const n = f.dz.length, r = Math.floor(i / n), c = i % n;
  return `${num('value', f.x, f.values[r], {index: r, digits: 3})} · ${num('gradient', f.bias, f.dz[c], {index: c, wrap: 1, plain: 1, digits: 3})}`;
}
function product(p, y) {
  const f = factors(p, y);
  if (!f || isHidden('gradient', p.of)) return '';
  const part = list(p.part, y.type), i = part.reduce((a, v, k) => Math.abs(v) > Math.abs(part[a]) ? k : a, 0);
  return `Its element [${indexOf(i, T.get(p.of).shape)}] is ${factorsOf(f, i)} = ${num('part', p.of, part[i], {index: i, from: p.from, place: p.place})}: what came in, times what ${name(f.bias)} gets. `;
}
function sayStart(s) {
  const p = P[s.parts[0]], id = p.of, t = T.get(id), y = t && itemOf(t.value, t);
  const what = p.origin === 'before' ? `<p>${name(id)} had a gradient before this sweep, which adds to it: `
    : `<p>What is differentiated: ${name(id)}${y === undefined ? ' <span class="m">' + (t ? shapeText(t) : '') + '</span>' : ' = ' + num('value', id, y)}, so ${fraction(loss, name(id))} = `;
  const v = isHidden('gradient', id) ? hidden : partValue(p);
  return what + `<b>${num(single(p) ? 'gradient' : 'gradient-norm', id, v, single(p) ? {} : {type: 'f64', bars: 1})}</b></p>` +
    '<p class="why">' + (p.origin === 'before' ? 'It was accumulated.' : 'The reverse pass starts here.') + '</p>';
}
function sayChange(c) {
  const t = T.get(c.leaf), g = t && t.gradient, i = changes.indexOf(c);
  if (!t) return '';
  const before = itemOf(c.before, t), after = valueOf(t, i + 1), v = itemOf(after, t), h = isHidden('value', t.id);
  const text = before !== undefined && v !== undefined
    ? `${num('value', t.id, before, {digits: 6})} → <b>${num('value', t.id, h ? hidden : v, {digits: 6})}</b>`
    : `<span class="m">${shapeText(t)}</span>, norm <span class="m">${shown(real(c.before.norm), 6)}</span> → <b class="m">${h ? '?' : after ? shown(real(after.norm), 6) : '·'}</b>`;
  const gi = itemOf(g, t);
  return `<p>${name(t.id)}: ${text}</p><p class="why">Changed in place by ${esc(c.by)}` +
    (gi === undefined ? '.' : `, against its gradient ${num('gradient', t.id, gi)}.`) + '</p>';
}
function sentence() {
  const s = steps[at];
  if (s.leaves) {
    const leaves = D.tensors.filter(t => !t.operator && t.kind !== 'state'), some = leaves.slice(0, 6);
    const text = some.map(t => { const v = itemOf(valueOf(t, 0), t); return `<b>${name(t.id)}${v === undefined ? ' <span class="m">' + shapeText(t) + '</span>' : ' = ' + num('value', t.id, v)}</b>`; }).join(', ');
    return leaves.length ? `<p>The leaves are given: ${text}${leaves.length > 6 ? ` and ${leaves.length - 6} more` : ''}.</p><p class="why">The forward pass computes one entry of the tape at a time, from left to right.</p>`
      : '<p>The tape is empty.</p><p class="why">Nothing was recorded since it was opened or reset.</p>';
  }
  if (s.whole) {
    const f = folds.find(q => q.key === s.whole), where = f ? esc(cut(f.name, 60)) : 'what is not drawn here';
    const n = (s.ids || s.parts).length;
    return s.ids ? `<p>The forward pass goes through ${where}: ${n} ${n > 1 ? 'entries' : 'entry'}.</p>` + (f ? '<p class="why">Choose the box and press f to see its inside, entry by entry.</p>' : '')
      : `<p>The reverse pass goes through ${where}: ${n} ${n > 1 ? 'parts' : 'part'} of gradients.</p>` + (f ? '<p class="why">Choose the box and press f to see its inside, part by part.</p>' : '');
  }
  if (s.ids) return sayForward(s);
  if (s.change) return sayChange(s.change);
  return P[s.parts[0]].origin === 'rule' ? sayPart(s.parts[0]) : sayStart(s);
}

// ---- Strip, track, panel ----
const order = D.tensors.filter(t => t.kind !== 'byproduct' && t.kind !== 'state').map(t => t.id);
function strip() {
  const s = steps[at], n = now(), head = n.reads || n.gives || (s.ids && s.ids[0]) || order.filter(id => id[0] === 'k').pop() || order[0];
  const room = innerWidth > 1000 ? 11 : 8, i = Math.max(0, order.indexOf(head));
  const from = Math.max(0, Math.min(i - (room >> 1), order.length - room)), shownIds = order.slice(from, from + room);
  const sayHead = {forward: s.leaves ? 'start' : 'forward ▶', error: 'start', reverse: '◀ backward', descent: 'update'}[s.phase];
  $('#strip').innerHTML = shownIds.map((id, k) => {
    const t = T.get(id), isHead = id === head;
    return `<li data-id="${id}" class="${isHead ? 'read' : state.values.has(id) ? 'kept' : ''}${k > room - 3 ? ' end' : ''}"${isHead ? ` data-d="${sayHead}" aria-current="step"` : ''}>` +
      `<div>${k === 0 && from > 0 ? '… ' : ''}${id.replace('#', '')} <b>${esc(t.name.length > 9 ? t.name.split('/').pop() || t.name : t.name)}</b></div><small>${esc(t.operator || t.kind)}${k === room - 1 && from + room < order.length ? ' …' : ''}</small></li>`;
  }).join('');
}
const phases = ['forward', 'error', 'reverse', 'descent'], titles = ['1 Forward', '2 Error', '3 Reverse', '4 Descent'];
function makeTrack() {
  const track = $('#track'), present = phases.filter(p => steps.some(s => s.phase === p));
  track.classList.toggle('many', steps.length > 60);
  if (steps.length > 200) {
    track.innerHTML = `<label><b id="where-phase"></b><input type="range" id="slider" min="0" max="${steps.length - 1}" aria-label="Step"></label>`;
    $('#slider').oninput = e => go(+e.target.value);
    return;
  }
  track.innerHTML = present.map(p => {
    const ks = steps.map((s, k) => s.phase === p ? k : -1).filter(k => k >= 0);
    return `<div class="ph" data-p="${p}" style="flex:${ks.length} 1 5.4em"><b>${titles[phases.indexOf(p)]}</b><div>${ks.map(k => `<i data-k="${k}"></i>`).join('')}</div></div>`;
  }).join('');
}
function drawTrack() {
  const phase = steps[at].phase;
  $$('.ph').forEach(p => p.classList.toggle('on', p.dataset.p === phase));
  $$('.ph i').forEach(i => { i.className = +i.dataset.k < at ? 'done' : +i.dataset.k === at ? 'now' : ''; });
  if ($('#slider')) {
    $('#slider').value = at;
    $('#where-phase').textContent = `${titles[phases.indexOf(phase)]}, step ${at} of ${steps.length - 1}`;
  }
}
function whyZero(t, g) {
  if (!t.wants_gradient) return 'It wants no gradient: it is not a parameter or variable, and depends on none.';
  if (!P.length) return X.watched ? 'There was no reverse pass yet: call ad_backward.' : 'The parts are not known: call ad_watch(t, AD_ON) before ad_backward.';
  const own = partsOf.get(t.id);
  if (!own) return `${loss} does not depend on ${name(t.id)}, or a rule gave it no part.`;
  if (!g || !g.whole || !t.gradient || real(t.gradient.norm) !== 0) return '';
  return own.map(j => {
    const p = P[j], y = T.get(p.from), up = p.upstream && p.upstream.find(Boolean);
    if (!y) return '';
    if (p.local !== undefined && real(p.local) === 0) return `the local derivative of ${name(p.from)} = ${formula(y, name)} is 0 here`;
    if (up && real(up.norm) === 0) return `the gradient of ${name(p.from)} is 0 already`;
    return `the part from ${name(p.from)} is 0`;
  }).filter(Boolean).join('; ').replace(/^./, c => 'It is 0: ' + c) + '.';
}
function sumTable(t) {
  const parts = partsOf.get(t.id) || [], total = parts.reduce((a, j) => a + Math.abs(partValue(P[j])), 0);
  if (!parts.length) return '';
  const rows = parts.slice(0, 40).map(j => {
    const p = P[j], y = T.get(p.from), on = state.parts.has(j), v = partValue(p), up = p.upstream && p.upstream.find(Boolean);
    const isNow = (steps[at].parts || []).includes(j) && quiz && !asked, sees = on && !isNow, where = {from: p.from, place: p.place};
    const upx = up && (up.exact && up.n === 1 ? num('gradient', p.from, on ? list(up, typeOf(p.from))[0] : undefined, {plain: 1}) : num('gradient-norm', p.from, on ? real(up.norm) : undefined, {type: 'f64', bars: 1}));
    const known = y ? state.values.has(y.id) : false;
    return `<tr class="${on ? '' : 'dim'}"><th scope="row">${y ? name(p.from) : p.origin === 'seed' ? 'seed' : 'before'}${y && y.operands.length > 1 ? ` (${ordinal(p.place)})` : ''}` +
      `<td class="num">${upx || ''}<td class="num">${p.local === undefined ? '' : known ? '×' + num('local', t.id, real(p.local), {...where, type: 'f64'}) : '·'}` +
      `<td class="num">${num(single(p) ? 'part' : 'part-norm', t.id, !on ? undefined : isNow ? hidden : v, single(p) ? where : {...where, type: 'f64', bars: 1})}` +
      `<tr class="wb"><td colspan="4"><i class="${single(p) ? sign(v) : 'abs'}" style="width:${sees && total > 0 ? 100 * Math.abs(v) / total : 0}%"></i>`;
  }).join('');
  const g = state.gradients.get(t.id), scalar = g && g.sum && g.sum.length === 1, x = !g ? undefined : scalar ? g.sum[0] : g.norm;
  const h = isHidden('gradient', t.id) && x !== undefined ? hidden : x;
  return `<table><caption class="vh">The gradient as a sum</caption><tr><th colspan="4">∂${loss}/∂${name(t.id)} = ${X.incomplete.includes(t.id) ? 'the sum over more parts than this page has' : parts.length > 1 ? `the sum over its ${parts.length} parts` : 'its one part'}` +
    `<tr class="dim"><td>through<td class="num">upstream<td class="num">local<td class="num">part${rows}` + (parts.length > 40 ? `<tr><td colspan="4">${parts.length - 40} more` : '') +
    `<tr class="sum"><th scope="row">${g && !g.whole ? 'so far' : scalar || !g ? 'sum' : 'norm of sum'}<td><td><td class="num">${num(scalar ? 'gradient' : 'gradient-norm', t.id, h, scalar ? {} : {type: 'f64'})}</table>`;
}
// Each element with its gradient.
function numbersTable(t, g, most) {
  const v = state.values.has(t.id) ? list(valueOf(t, state.changes), t.type) : null, d = g && g.sum;
  const n = (v || d || []).length;
  if (n < 2 || n > most) return '';
  const columns = t.shape.length ? t.shape[t.shape.length - 1] : 1;
  const parts = partsOf.get(t.id) || [], f = parts.length === 1 && state.parts.has(parts[0]) && !isHidden('gradient', t.id) && factors(P[parts[0]], T.get(P[parts[0]].from));
  const at = i => t.shape.length < 2 ? `[${i}]` : `[${indexOf(i, t.shape)}]`;
  const rows = Array.from({length: n}, (_, i) => `<tr><th scope="row" class="m">${at(i)}<td class="num">${v ? num('value', t.id, isHidden('value', t.id) ? hidden : v[i], {index: i}) : num()}` +
    `<td class="num">${num('gradient', t.id, !d ? undefined : isHidden('gradient', t.id) ? hidden : d[i], {index: i})}${f ? '<td class="num note">' + factorsOf(f, i) : ''}`).join('');
  return `<table><caption class="vh">Elements, in rows of ${columns}</caption><thead><tr><th>element<th class="num">value<th class="num">gradient${g && !g.whole ? ' so far' : ''}${f ? '<th class="num">in · ∂' + loss + '/∂' + name(f.bias) : ''}</thead>${rows}</table>`;
}
function indexOf(i, shape) {
  const out = [];
  for (let k = shape.length - 1; k >= 0; k--) { out.unshift(i % shape[k]); i = Math.floor(i / shape[k]); }
  return out.join(', ');
}
function panel() {
  const title = $('#p-title'), info = $('#p-list'), why = $('#p-why'), sum = $('#p-sum'), numbers = $('#p-numbers');
  const f = folds.find(q => q.key === chosen), t = T.get(chosen);
  why.textContent = sum.innerHTML = numbers.innerHTML = info.innerHTML = title.innerHTML = '';
  if (f) {
    title.textContent = cut(f.name, 60);
    info.innerHTML = `<dt>entries</dt><dd>${f.n}</dd><dt>parameters</dt><dd>${f.kept.size}</dd>` + (+f.e.dataset.times > 1 ? `<dt>equal scopes</dt><dd>${f.e.dataset.times}</dd>` : '');
    why.innerHTML = inside(f) ? '<button id="unfold">Unfold (f)</button>' : 'Its inside is not in this page: there are too many folds.';
    if (inside(f)) $('#unfold').onclick = fold;
    return;
  }
  if (!t) return;
  const known = state.values.has(t.id), value = valueOf(t, state.changes), v = itemOf(value, t), g = state.gradients.get(t.id);
  const scalar = g && g.sum && g.sum.length === 1, x = !g ? undefined : scalar ? g.sum[0] : g.norm;
  title.innerHTML = `${name(t.id)} <span class="note">${t.operator ? '= ' + formula(t, name) : esc(t.kind)}, ${t.type}, ${t.shape.length ? 'shape <span class="m">' + shapeText(t) + '</span>' : 'scalar'}</span>`;
  const rows = [];
  if (v !== undefined) rows.push(['value', num('value', t.id, !known ? undefined : isHidden('value', t.id) ? hidden : v, {digits: 6})]);
  else if (t.dropped) rows.push(['value', 'dropped, computed again']);
  else if (known && value && value.min !== undefined) rows.push(['values', `<span class="m">${shown(real(value.min))} … ${shown(real(value.max))}</span>`]);
  else rows.push(['value', value && value.n === 0 ? 'no elements' : known ? 'no finite element' : 'not computed yet']);
  rows.push([(g && !g.whole ? 'gradient so far' : 'gradient') + (scalar || !g ? '' : ', norm'), !g ? t.wants_gradient ? 'not computed' : 'not wanted'
    : x === undefined ? `${g.have} of ${g.all} parts` : num(scalar ? 'gradient' : 'gradient-norm', t.id, isHidden('gradient', t.id) ? hidden : x, {digits: 6, ...(scalar ? {} : {type: 'f64'})})]);
  if (t.changed && !changes.some(c => c.leaf === t.id)) rows.push(['changed since', 'results were computed from another value']);
  for (const k of Object.keys(t.attributes || {})) if (String(t.attributes[k]) !== '') rows.push([esc(k), `<span class="m">${typeof t.attributes[k] === 'number' ? shown(t.attributes[k], 6) : esc(JSON.stringify(t.attributes[k]))}</span>`]);
  info.innerHTML = rows.map(([a, b]) => `<dt>${a}</dt><dd>${b}</dd>`).join('');
  why.innerHTML = at === steps.length - 1 || g ? whyZero(t, g) : '';
  sum.innerHTML = sumTable(t);
  numbers.innerHTML = numbersTable(t, g, 16);
}

// ---- The table of the tape ----
const cells = $$('#v-tape tr[data-id]').map(r => ({r, id: r.dataset.id, value: $('[data-cell=value]', r), gradient: $('[data-cell=gradient]', r)}));
cells.forEach(c => { c.values = c.value.innerHTML; c.gradients = c.gradient.innerHTML; });
function drawTable() {
  for (const c of cells) {
    const t = T.get(c.id), g = state.gradients.get(c.id), isLeaf = t && !t.operator;
    c.r.classList.toggle('sel', c.id === chosen);
    const early = isLeaf && state.changes < changes.length && changes.some(q => q.leaf === c.id);
    const show = (what, all, o) => all && all.length <= 8 ? all.map((v, i) => num(what, c.id, v, {digits: 6, index: all.length > 1 ? i : undefined, ...o})).join(' ') : null;
    const value = !t || (state.values.has(c.id) && !early) ? c.values : early ? show('value', list(valueOf(t, state.changes), t.type)) || 'before the change' : num();
    c.value.innerHTML = t && isHidden('value', c.id) ? num('value', c.id, hidden) : value;
    if (!t || (!partsOf.has(c.id) && !P.length) || (g && g.whole) || !t.wants_gradient) c.gradient.innerHTML = t && isHidden('gradient', c.id) ? num('gradient', c.id, hidden) : c.gradients;
    else c.gradient.innerHTML = !g ? num() : isHidden('gradient', c.id) ? num('gradient', c.id, hidden) : show('gradient', g.sum) || `${g.have} of ${g.all} parts`;
  }
}

// ---- Tensors ----
const rowsOf = $$('#v-tensors tr[data-row]');
const pickable = [...new Set(rowsOf.map(r => r.dataset.id))];
const size = t => t.shape.reduce((a, n) => a * n, 1);
let picked = false;
$('#pick').innerHTML = pickable.map(id => `<option value="${id}">${name(id)}${T.has(id) ? ' ' + shapeText(T.get(id)) : ''}</option>`).join('');
function cellsOf(id, of) {
  const t = T.get(id), p = (X.pictures[id] || {})[of], n = t[of], e = list(n, t.type);
  if (p && p.cells) {
    const raw = atob(p.cells), out = new Float64Array(p.rows * p.columns);
    for (let i = 0; i < out.length; i++) {
      const c = (raw.charCodeAt(2 * i) | raw.charCodeAt(2 * i + 1) << 8) << 16 >> 16;
      out[i] = c === -32768 ? NaN : c === 32767 ? Infinity : c === -32767 ? -Infinity : c / 32000 * p.scale;
    }
    return {rows: p.rows, columns: p.columns, v: out, scale: p.scale, block: p.height * p.width > 1 ? `${p.height} × ${p.width}` : '', bins: p.bins};
  }
  if (!e || !e.length) return null;
  const columns = t.shape.length ? t.shape[t.shape.length - 1] : 1;
  return {rows: e.length / columns, columns, v: e, scale: e.reduce((a, x) => isFinite(x) ? Math.max(a, Math.abs(x)) : a, 0), block: '', bins: p && p.bins};
}
function mix(v, scale, colours, log) {
  if (!isFinite(v)) return colours.now;
  let a = scale > 0 ? Math.abs(v) / scale : 0;
  if (log) a = Math.log1p(1e4 * a) / Math.log1p(1e4);
  const to = v < 0 ? colours.neg : colours.pos;
  return colours.bg.map((b, i) => Math.round(b + (to[i] - b) * Math.min(1, a)));
}
function colours() {
  const style = getComputedStyle(R), get = k => {
    const h = style.getPropertyValue('--' + k).trim().slice(1), w = h.length < 6 ? [...h].map(c => c + c) : h.match(/../g);
    return w.slice(0, 3).map(x => parseInt(x, 16));
  };
  return {bg: get('bg'), pos: get('pos'), neg: get('neg'), now: get('now'), ink: get('ink')};
}
// A negative cell has a stroke, so that its sign is seen without colours too.
function hatch(c, x, y, size, k) {
  c.strokeStyle = `rgba(${k.bg.join(',')},.6)`;
  c.beginPath();
  c.moveTo(x, y + size);
  c.lineTo(x + size, y);
  c.stroke();
}
function drawMap(canvas, m, scale, log) {
  const size = Math.max(1, Math.floor(Math.min(384 / m.columns, 384 / m.rows, 48))), c = canvas.getContext('2d'), k = colours();
  canvas.width = m.columns * size;
  canvas.height = m.rows * size;
  for (let r = 0; r < m.rows; r++) for (let q = 0; q < m.columns; q++) {
    const v = m.v[r * m.columns + q];
    c.fillStyle = `rgb(${mix(v, scale, k, log).join(',')})`;
    c.fillRect(q * size, r * size, size, size);
    if (v < 0 && size > 5) hatch(c, q * size, r * size, size, k);
    if (isFinite(v) || size < 8) continue;
    c.fillStyle = `rgb(${k.ink.join(',')})`;
    c.font = `${size - 1}px sans-serif`;
    c.textAlign = 'center';
    c.fillText(Number.isNaN(v) ? '✕' : v > 0 ? '▲' : '▼', (q + .5) * size, (r + .85) * size);
  }
}
function histogram(n, bins, of) {
  const most = Math.max(1, ...bins), lo = real(n.min), hi = real(n.max), w = (hi - lo) / bins.length;
  const bars = bins.map((b, i) => {
    const from = lo + i * w, h = b ? Math.max(1, 60 * b / most) : 0;
    return `<rect x="${4 + 8 * i}" y="${64 - h}" width="7" height="${h}" class="${from + w <= 0 ? 'hn' : from > 0 ? 'hp' : 'hz'}"/>`;
  }).join('');
  return `<svg class="hist" viewBox="0 0 256 68" role="img" aria-label="Histogram of the ${of} in ${bins.length} bins from ${shown(lo)} to ${shown(hi)}: the fullest has ${most} of ${n.n}">${bars}<path class="axis" d="M2 64.5H254"/></svg><div class="ends m"><span>${shown(lo)}</span><span>${shown(hi)}</span></div>`;
}
function drawTensor() {
  const own = T.get(chosen), box = $('#maps');
  const t = own && pickable.includes(chosen) && (picked || size(own) > 1) ? own : T.get(pickable.find(id => T.has(id) && T.get(id).gradient && size(T.get(id)) > 1) || pickable[0]);
  $('#pictures').hidden = !t;
  rowsOf.forEach(r => r.classList.toggle('sel', !!t && r.dataset.id === t.id));
  if (!t) return;
  $('#pick').value = t.id;
  const log = $('#log').checked, maps = ['value', 'gradient'].map(of => [of, t[of] && cellsOf(t.id, of)]);
  const shared = Math.max(...maps.map(([, m]) => m ? m.scale : 0));
  box.innerHTML = maps.map(([of, m]) => {
    const n = t[of];
    if (!n) return `<figure><figcaption>${of === 'value' ? 'Value' : 'Gradient'}</figcaption><p class="note">${of === 'value' ? 'dropped, computed again' : t.wants_gradient ? 'not computed' : 'not wanted'}</p></figure>`;
    if (!m) return `<figure><figcaption>${of === 'value' ? 'Value' : 'Gradient'}</figcaption><p class="note">${n.n === 0 ? 'no elements' : 'left out: the pictures of this page have no room for it'}</p></figure>`;
    const s = $('#same').checked ? shared : m.scale, words = `${n.n} elements, ${rangeOf(n) || 'none finite'}, mean ${n.mean === undefined ? 'unknown' : shown(real(n.mean))}, ${n.zeros} are 0, ${n.not_finite} not finite`;
    return `<figure><figcaption>${of === 'value' ? 'Value' : 'Gradient'}</figcaption><canvas data-of-map="${of}" role="img" aria-label="Heat map of the ${of}: ${words}"></canvas>` +
      `<div class="scale"></div><div class="ends m"><span>${shown(-s)}</span><span>0</span><span>${shown(s)}</span></div>` +
      `<p class="note">${m.block ? `each cell is the largest of ${m.block}` : `all ${n.n} shown`}${log ? ', logarithmic' : ''}</p>${m.bins && n.min !== undefined ? histogram(n, m.bins, of) : ''}</figure>`;
  }).join('');
  maps.forEach(([of, m]) => { const c = $(`canvas[data-of-map=${of}]`, box); if (c && m) drawMap(c, m, $('#same').checked ? shared : m.scale, log); });
  const g = t.gradient ? {sum: list(t.gradient, t.type), whole: true} : null, was = state;
  state = {...stateAt(steps.length - 1)};
  const table = numbersTable(t, g, 256);
  state = was;
  if (table) box.insertAdjacentHTML('beforeend', `<details><summary>The numbers as a table</summary>${table}</details>`);
}

// ---- All of it ----
function show() {
  const s = steps[at];
  state = stateAt(at);
  nodes.forEach((e, id) => drawNode(id, e));
  folds.forEach(drawFold);
  drawEdges();
  $('#say').innerHTML = sentence();
  strip();
  drawTrack();
  panel();
  if (view === 'tape') drawTable();
  if (view === 'tensors') drawTensor();
  body.dataset.step = at;
  body.dataset.steps = steps.length;
  body.dataset.phase = s.phase;
  remember();
}
function remember() {
  const h = new URLSearchParams({view, step: at});
  if (chosen && T.has(chosen)) h.set('node', full(chosen));
  if (drawing !== drawings[0]) h.set('fold', drawing.dataset.name);
  if (R.classList.contains('big')) h.set('big', 1);
  for (const theme of ['light', 'dark']) if (R.classList.contains(theme)) h.set('theme', theme);
  if ($('#log').checked) h.set('log', 1);
  if (quiz) h.set('quiz', 1);
  if (location.hash !== '#' + h) history.replaceState(null, '', '#' + h);
}
function go(k) {
  at = Math.max(0, Math.min(steps.length - 1, k));
  asked = false;
  const n = now();
  if (n.receives && elementOf(n.receives)) chosen = n.receives;
  show();
  const e = elementOf(n.receives), box = drawing.getBoundingClientRect();
  if (!e || view !== 'graph') return;
  const r = e.getBoundingClientRect();
  if (r.left < box.left || r.right > box.right) drawing.scrollLeft += r.left - box.left - (box.width - r.width) / 2;
  if (r.top < box.top || r.bottom > box.bottom) drawing.scrollTop += r.top - box.top - (box.height - r.height) / 2;
}
const choose = key => { chosen = key; show(); };
function open(v) {
  view = v;
  $$('[role=tab]').forEach(t => t.setAttribute('aria-selected', String(t.id === 't-' + v)));
  $$('[role=tabpanel]').forEach(p => { p.hidden = p.id !== 'v-' + v; });
  $('.steps').hidden = !['graph', 'tape'].includes(v);
  show();
}
// ---- Folds ----
const inside = f => drawings.find(d => d.dataset.drawing === f.e.dataset.fold);
function enter(d, key) {
  use(d);
  makeTrack();
  chosen = key;
  $('#where').innerHTML = d === drawings[0] ? '' : `<button id="fold">Fold (F)</button> <span>inside of <b>${esc(cut(d.dataset.name, 80))}</b></span>`;
  if ($('#fold')) $('#fold').onclick = leave;
}
const trail = [];
function fold() {
  const f = folds.find(q => q.key === chosen), was = at / Math.max(1, steps.length - 1);
  if (f && inside(f)) {
    trail.push([drawing, f.key]);
    const d = inside(f);
    enter(d, ($('.node:not(.outside)', d) || {dataset: {}}).dataset.id || null);
    go(Math.round(was * (steps.length - 1)));
  } else leave();
}
function leave() {
  const was = at / Math.max(1, steps.length - 1);
  if (drawing === drawings[0]) return;
  enter(...(trail.pop() || [drawings[0], null]));
  go(Math.round(was * (steps.length - 1)));
}
function nextBad() {
  const bad = D.tensors.filter(t => (t.value && t.value.not_finite) || (t.gradient && t.gradient.not_finite)).map(t => t.id);
  if (!bad.length) return say('All numbers are finite.');
  const next = bad[(bad.indexOf(chosen) + 1) % bad.length];
  const step = steps.findIndex(s => s.ids && s.ids.includes(next));
  if (step >= 0 && T.get(next).value.not_finite) go(step);
  choose(next);
}
const say = text => { $('#say').innerHTML = `<p>${text}</p>`; };
function why() {
  const t = T.get(chosen), g = t && state.gradients.get(t.id);
  if (t) say(`${fraction(loss, name(t.id))}: ${whyZero(t, g) || (g && !g.whole ? 'not all parts are there yet.' : 'it is not 0.')}`);
}
function askQuiz() {
  if (!quiz) quiz = true;
  else if (!asked) asked = true;
  else quiz = asked = false;
  show();
}

// ---- Keys, buttons, hash ----
const R1 = (id, f) => { $('#' + id).onclick = f; };
R1('first', () => go(0));
R1('prev', () => go(at - 1));
R1('next', () => go(at + 1));
R1('last', () => go(Infinity));
R1('big', () => { $('#big').setAttribute('aria-pressed', String(R.classList.toggle('big'))); show(); });
R1('theme', () => {
  const dark = R.classList.contains('dark') || (!R.classList.contains('light') && matchMedia('(prefers-color-scheme:dark)').matches);
  R.classList.toggle('dark', !dark);
  R.classList.toggle('light', dark);
  show();
});
R1('help', () => $('#keys').showModal());
$('#log').onchange = $('#same').onchange = show;
$('#pick').onchange = e => { picked = true; choose(e.target.value); };
$$('[role=tab]').forEach(t => { t.onclick = () => open(t.id.slice(2)); });
$('#track').onclick = e => e.target.dataset.k && go(+e.target.dataset.k);
$('#strip').onclick = e => { const l = e.target.closest('li'); if (l) choose(keyOf(l.dataset.id) || l.dataset.id); };
document.addEventListener('click', e => {
  const n = e.target.closest('.node'), r = e.target.closest('.view tbody tr[data-id]');
  if (n) choose(n.dataset.id || 'fold ' + n.dataset.fold);
  else if (r && !getSelection().toString()) { picked = true; choose(r.dataset.id); }
});
addEventListener('keydown', e => {
  if (e.ctrlKey || e.metaKey || e.altKey || $('#keys').open || e.target.matches('input:not([type=checkbox]),select')) return;
  const node = e.target.closest && e.target.closest('.node'), k = e.key;
  const first = p => () => { const i = steps.findIndex(s => s.phase === p); if (i >= 0) go(i); };
  const keys = {
    ArrowRight: () => go(at + 1), ArrowLeft: () => go(at - 1), Home: () => go(0), End: () => go(Infinity),
    1: first('forward'), 2: first('error'), 3: first('reverse'), 4: first('descent'),
    g: () => open('graph'), t: () => open('tape'), l: () => open('layers'), v: () => open('tensors'),
    b: () => $('#big').click(), d: () => $('#theme').click(), f: fold, F: leave, Backspace: leave, z: why, n: nextBad, q: askQuiz,
    '?': () => $('#keys').showModal()};
  if (k === ' ' && !e.target.matches('button,summary,input')) keys[' '] = () => go(at + 1);
  if (k === 'Enter' && node) keys.Enter = () => node.dispatchEvent(new MouseEvent('click', {bubbles: true}));
  if (e.target.closest('.wide,.graph') && !node && k.startsWith('Arrow')) return;
  if (!Object.hasOwn(keys, k)) return;
  keys[k]();
  e.preventDefault();
});
// The exact number is what a title says and what is copied.
document.addEventListener('mouseover', e => {
  const n = e.target.closest('[data-exact]');
  if (n && n instanceof HTMLElement) n.title = n.dataset.exact;
});
document.addEventListener('copy', e => {
  const s = getSelection();
  if (!s.rangeCount || !e.clipboardData) return;
  const c = s.getRangeAt(0).cloneContents(), own = s.anchorNode.parentElement.closest('[data-exact]');
  const all = $$('[data-exact]', c);
  if (!all.length && !(own && own.contains(s.focusNode) && own.textContent === s.toString().trim())) return;
  all.forEach(n => { n.textContent = n.dataset.exact; });
  e.clipboardData.setData('text/plain', all.length ? c.textContent : own.dataset.exact);
  e.preventDefault();
});
addEventListener('beforeprint', () => { drawTable(); drawTensor(); });
addEventListener('resize', strip);

// ---- Begin ----
const q = new URLSearchParams(location.hash.slice(1));
if (q.get('big')) { R.classList.add('big'); $('#big').setAttribute('aria-pressed', 'true'); }
if (['light', 'dark'].includes(q.get('theme'))) R.classList.add(q.get('theme'));
$('#log').checked = !!q.get('log');
quiz = !!q.get('quiz');
enter(drawings.find(d => d.dataset.name && d.dataset.name === q.get('fold')) || drawings[0], null);
const guilty = D.status !== 'AD_OK' && !X.failed_back, asNumber = +q.get('step');
const start = q.get('step') !== null && Number.isFinite(asNumber) ? Math.trunc(asNumber)
  : steps.length - 1;
if (guilty && X.open) for (let f = foldOf(X.open); f && inside(f); f = foldOf(X.open)) { trail.push([drawing, f.key]); enter(inside(f), null); }
go(guilty && q.get('step') === null ? Math.max(0, steps.findIndex(s => s.ids && s.ids.includes(X.open))) : start);
const named = q.get('node') && D.tensors.find(t => t.name === q.get('node') || t.id === q.get('node'));
if (named) chosen = keyOf(named.id) || named.id;
else if ((guilty || !P.length) && q.get('step') === null && X.open) chosen = keyOf(X.open) || X.open;
if (!chosen && order.length) chosen = keyOf(order[0]) || order[0];
open(['graph', 'tape', 'tensors', 'layers'].includes(q.get('view')) ? q.get('view') : 'graph');
})();
