// What happened, in order, and what is known after each step.

// The walks: of ad_backward, and of ad_grad and its kin. The parts of each, by whom they are for and from where.
const push = (map, key, v) => (map.has(key) ? map.get(key).push(v) : map.set(key, [v]));
const bands = [D.parts, D.functional].map((parts, walk) => {
  const b = {parts, walk, of: new Map(), from: new Map(), roots: new Map()};
  parts.forEach((p, j) => {
    push(b.of, p.of, j);
    if (p.from) push(b.from, p.from + '|' + p.place, j);
    if (p.origin === 'seed' && !b.roots.has(p.sweep)) b.roots.set(p.sweep, p.of);
  });
  return b;
});
let band = bands[0];
// Changes before a sweep are none of its step.
const changes = D.parts.length ? D.changes : [];
const calls = [];
for (const t of D.tensors) {
  const last = calls[calls.length - 1];
  if (!t.operator) continue;
  if (last && last.call === t.call) last.ids.push(t.id);
  else calls.push({call: t.call, ids: [t.id]});
}
const single = p => p.part.n === 1 && !!p.part.exact;
const partValue = p => (single(p) ? list(p.part, typeOf(p.of))[0] : real(p.part.norm));
// In the functional sweep each sweep is a gradient of its own.
const partsTo = (id, sweep) => (band.of.get(id) || []).filter(j => !band.walk || band.parts[j].sweep === sweep);

// ---- Drawings ----
const drawings = $$('.graph');
let drawing = drawings[0],
  nodes = new Map(),
  folds = [],
  edges = [],
  steps = [];
let at = 0,
  chosen = null,
  view = 'graph',
  quiz = false,
  asked = false,
  state;
const position = id => (id && id[0] === '#' ? +id.slice(1) : NaN);
const holds = (f, id) => f.kept.has(id) || (position(id) >= f.first && position(id) < f.first + f.n);
const foldOf = id => folds.find(f => holds(f, id));
const keyOf = id => (nodes.has(id) ? id : (foldOf(id) || {}).key);
const elementOf = key => key && (nodes.get(key) || (folds.find(f => f.key === key) || {}).e);
function use(e) {
  drawing = e;
  drawings.forEach(d => {
    d.hidden = d !== e;
  });
  nodes = new Map($$('.node[data-id]', e).map(n => [n.dataset.id, n]));
  folds = $$('.node.fold', e).map(n => ({
    e: n,
    key: 'fold ' + n.dataset.fold,
    first: +n.dataset.first,
    n: +n.dataset.n,
    name: n.dataset.name,
    kept: new Set(n.dataset.kept ? n.dataset.kept.split(' ') : [])
  }));
  edges = $$('.edge', e).map(n => ({
    e: n,
    key: n.dataset.from && n.dataset.from + '|' + n.dataset.place,
    con: $('.con', n),
    loc: $('.loc', n)
  }));
  makeSteps();
}

// ---- Steps ----
// Steps that a drawing does not tell apart are one: those inside one folded box, and those of what it does not show.
function addStep(s, key) {
  const last = steps[steps.length - 1];
  const whole = key === undefined ? 'elsewhere' : key.startsWith('fold ') ? key : null;
  if (whole && last.whole === whole && last.phase === s.phase && last.walk === s.walk) {
    if (s.ids) last.ids.push(...s.ids);
    if (s.parts) last.parts.push(...s.parts);
  } else steps.push({...s, whole});
}
function addParts({parts, walk}) {
  let begun = walk > 0;
  parts.forEach((p, j) => {
    const isRule = p.origin === 'rule',
      s = {phase: isRule || begun ? 'reverse' : 'error', walk, parts: [j]};
    begun = begun || isRule;
    if (!isRule) steps.push(s);
    else addStep(s, keyOf(p.from) === undefined && nodes.has(p.of) ? p.of : keyOf(p.from));
  });
}
function makeSteps() {
  steps = [{phase: 'forward', leaves: true}];
  for (const c of calls) addStep({phase: 'forward', ids: [...c.ids]}, keyOf(c.ids[0]));
  bands.forEach(addParts);
  for (const change of changes) steps.push({phase: 'descent', change});
}
// The last step without the functional sweep: all gradients of ad_backward are there.
const lastStep = () => steps.reduce((last, s, k) => (s.walk ? last : k), 0);

// ---- State ----
function stateAt(k) {
  const s = {values: new Set(), gradients: new Map(), parts: new Set(), changes: 0},
    walk = steps[k].walk || 0;
  band = bands[walk];
  for (const step of steps.slice(0, k + 1)) {
    if (step.leaves)
      D.tensors.forEach(t => {
        if (!t.operator) s.values.add(t.id);
      });
    (step.ids || []).forEach(id => s.values.add(id));
    if (step.parts && step.walk === walk) step.parts.forEach(j => addPart(s, j));
    if (step.change) s.changes++;
  }
  return s;
}
function addPart(s, j) {
  const p = band.parts[j],
    t = T.get(p.of),
    type = typeOf(p.of),
    part = list(p.part, type);
  if (band.walk && s.sweep !== p.sweep) {
    s.gradients.clear();
    s.parts.clear();
  }
  s.sweep = p.sweep;
  const g = s.gradients.get(p.of) || {have: 0, all: partsTo(p.of, p.sweep).length};
  const isFresh = g.have === 0 || (t && t.operator && g.sweep !== p.sweep);
  g.before = isFresh ? undefined : g.sum;
  g.sum = !part ? null : isFresh ? part : g.sum && g.sum.map((v, i) => asType(v + part[i], type));
  g.norm =
    g.sum && g.sum.length > 1
      ? g.sum.some(Number.isNaN)
        ? NaN
        : Math.hypot(...g.sum)
      : g.all === 1
        ? real(p.part.norm)
        : undefined;
  g.sweep = p.sweep;
  g.whole = ++g.have === g.all;
  g.cut = X.incomplete.includes(p.of);
  if (g.cut && !g.whole) g.sum = null;
  // The engine's own numbers, as soon as all parts are there.
  if (g.whole && !band.walk && t && t.gradient) {
    g.sum = list(t.gradient, type);
    g.norm = real(t.gradient.norm);
  }
  s.gradients.set(p.of, g);
  s.parts.add(j);
}
// What is differentiated.
const root = () => band.roots.get(state.sweep) || D.loss;
const rootName = () => (root() ? name(root()) : 'L');
// The value that a leaf has after so many changes.
function valueOf(t, done) {
  for (let i = done; i < changes.length; i++) if (changes[i].leaf === t.id) return changes[i].before;
  return t.now || t.value;
}
const valueNow = t => valueOf(t, state.changes);
// A gradient as a number: of a tensor its norm.
function gradientOf(id) {
  const g = state.gradients.get(id),
    scalar = !!g && !!g.sum && g.sum.length === 1;
  return {
    g,
    scalar,
    what: scalar ? 'gradient' : 'gradient-norm',
    x: !g ? undefined : scalar ? g.sum[0] : g.norm,
    o: scalar ? {} : {type: 'f64'}
  };
}
// Which box receives now, which entry of the tape is read, and who gives.
function now() {
  const s = steps[at],
    p = s.parts && band.parts[s.parts[s.parts.length - 1]];
  if (s.whole) return {receives: s.whole === 'elsewhere' ? undefined : s.whole, gives: p && p.from};
  if (s.ids) return {receives: keyOf(s.ids[0]), reads: s.ids[0]};
  if (p) return {receives: keyOf(p.of), reads: p.from || p.of, gives: p.from};
  return s.change ? {receives: keyOf(s.change.leaf), reads: s.change.leaf} : {};
}
const isAsking = () => quiz && !asked && !steps[at].whole;
function isHidden(what, id) {
  const s = steps[at];
  if (!isAsking()) return false;
  if (what === 'value') return !!(s.ids && s.ids.includes(id)) || !!(s.change && s.change.leaf === id);
  return !!(s.parts && s.parts.some(j => band.parts[j].of === id));
}
// A number, or that it is hidden.
const ask = (what, id, v) => (v !== undefined && isHidden(what, id) ? hidden : v);
