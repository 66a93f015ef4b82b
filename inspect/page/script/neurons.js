// The view Neurons at a step, and at a row of the batch. A column is what the network is given, or what a layer gives.
const N = JSON.parse(($('#gradtape-neurons') || {textContent: 'null'}).textContent);
const figureOfNet = $('.nn'),
  columns = N ? [N.layers[0].x, ...N.layers.map(l => l.y)].map(id => T.get(id)) : [];
const unitsIn = c => (c ? T.get(N.layers[c - 1].w).shape[1] : T.get(N.layers[0].w).shape[0]);
const upTo = n => Array.from({length: n}, (_, i) => i);
const fromHash = new URLSearchParams(location.hash.slice(1));
// `picked` is what the user chose; without a choice the panel follows the steps. `told` is what the panel tells of: a
// unit, a bias neuron ('b'), or all units of a layer.
let batchRow = rowIn(fromHash.get('row')),
  picked = unitIn(fromHash.get('unit')),
  told = {},
  isPrinting = false;
function rowIn(text) {
  return N && /^\d{1,9}$/.test(text) && +text < N.rows ? +text : 0;
}
// A unit in the hash: "h-0". A name that two columns have stands for the first of them.
function unitKey({c, i}) {
  const isFirst = columns.findIndex(t => full(t.id) === full(columns[c].id)) === c;
  return `${isFirst ? full(columns[c].id) : columns[c].id}-${i}`;
}
function unitIn(text) {
  const has = c => N.layers[c] && N.layers[c].b,
    all = columns.flatMap((_, c) => upTo(unitsIn(c)).concat(has(c) ? ['b'] : []).map(i => ({c, i})));
  return (text && all.find(u => unitKey(u) === text)) || null;
}

// ---- Numbers: undefined is one that is not computed yet, null one that this page has not ----
const valuesNow = t => (t.dropped || !state.values.has(t.id) ? undefined : list(valueNow(t), t.type));
function gradientsNow(t) {
  const g = state.gradients.get(t.id);
  if (g) return g.sum;
  return !bands[0].parts.length && !band.walk && t.gradient ? list(t.gradient, t.type) : undefined;
}
const itemAt = (all, i) => (all ? all[i] : all);
const indexIn = (t, i) => (size(t) > 1 ? i : undefined);
// Element i of the value or the gradient of a tensor, as it is asked for in the quiz.
function element(what, t, i) {
  const v = itemAt(what === 'value' ? valuesNow(t) : gradientsNow(t), i);
  return v === null ? v : ask(what, t.id, v);
}
const listOf = (all, t) => (all ? all.map(v => asType(real(v), t.type)) : null);
// The weighted sum of a unit: of the tape, or as C computed it again.
function sumOf(c, i) {
  const l = N.layers[c - 1],
    y = columns[c];
  if (l.z) return {what: 'value', t: T.get(l.z), v: element('value', T.get(l.z), i)};
  const v = state.values.has(y.id) ? itemAt(listOf(l.sums, y), i) : undefined;
  return {what: 'weighted-sum', t: y, v: v === null ? v : ask('value', y.id, v)};
}
function setElement(e, what, t, i, v) {
  const isKnown = typeof v === 'number';
  setNumber(e, what, t.id, v === null ? undefined : v, isKnown ? short(v, 3) : '', {index: indexIn(t, i)});
  if (v === null) e.textContent = '…';
}
// The same as HTML.
const written6 = (what, t, i, v, o) =>
  v === null ? '<span class="m nc">…</span>' : num(what, t.id, v, {...o, index: indexIn(t, i)});
const spokenNumber = v =>
  v === undefined ? 'not computed' : v === null ? 'not on this page' : v === hidden ? 'hidden' : shown(v);

// ---- Names ----
const suffix = (c, i) => (unitsIn(c) > 1 ? `[${i}]` : '');
const unitName = (c, i) => name(columns[c].id) + suffix(c, i);
// The place of a unit of this row among the elements of its column.
const placeOf = (c, i) => batchRow * unitsIn(c) + i;
// The tensor of the weight from a unit, or from the bias neuron, and the element of it.
function weightOf(c, i, j) {
  const l = N.layers[c];
  return i === 'b' ? {t: T.get(l.b), k: j} : {t: T.get(l.w), k: i * unitsIn(c + 1) + j};
}

// ---- The drawing ----
const placeIn = e => ({c: +e.dataset.c, i: e.dataset.i === 'b' ? 'b' : +e.dataset.i, j: +e.dataset.j});
const unitsDrawn = $$('.unit', figureOfNet || R).map(e => ({e, ...placeIn(e), out: $('.out', e), zs: $('.zs', e), gr: $('.gr', e), pt: $('.pt', e)}));
const linesDrawn = $$('.ed', figureOfNet || R).map(e => ({e, ...placeIn(e)}));
const labelsDrawn = $$('.lab', figureOfNet || R).map(e => ({e, ...placeIn(e), wt: $('.wt', e), dw: $('.dw', e)}));
const isLarge = !!figureOfNet && figureOfNet.classList.contains('large');
const signs = g => ({pos: typeof g === 'number' && g > 0, neg: typeof g === 'number' && g < 0});
const clamp = (v, least, most) => Math.max(least, Math.min(most, v));
// Whether a step computes a tensor, or gives a part of its gradient. A step of a whole fold says nothing of single units.
function isNow(t) {
  const s = steps[at];
  return !isPrinting && !s.whole && ((s.ids || []).includes(t.id) || (s.parts || []).some(j => band.parts[j].of === t.id));
}
// The point (z, y) on the curve, as C places it.
function drawPoint(pt, c, z, y) {
  const [most, low, high] = N.layers[c - 1].range.map(real),
    isThere = typeof z === 'number' && typeof y === 'number' && !Number.isNaN(z) && !Number.isNaN(y);
  pt.setAttribute('visibility', isThere ? 'visible' : 'hidden');
  if (!isThere) return;
  pt.setAttribute('cx', (isLarge ? 27 : 9.5) * clamp(z / most, -1, 1));
  pt.setAttribute('cy', (isLarge ? 9.5 : 8.5) * (high > low ? 1 - 2 * clamp((y - low) / (high - low), 0, 1) : 0));
}
function drawUnit({e, c, i, out, zs, gr, pt}) {
  const t = columns[c],
    isChosen = told.c === c && (told.i === i || (told.i === 'all' && i !== 'b'));
  if (i === 'b') return setFlags(e, {sel: isChosen, now: isNow(T.get(N.layers[c].b))});
  const k = placeOf(c, i),
    y = element('value', t, k),
    g = element('gradient', t, k),
    z = c ? sumOf(c, k) : {};
  setElement(out, 'value', t, k, y);
  if (zs) setElement(zs, z.what, z.t, k, z.v);
  if (gr) setElement(gr, 'gradient', t, k, g);
  if (pt) drawPoint(pt, c, z.v, y);
  setFlags(e, {...signs(g), sel: isChosen, 'no-v': y === undefined, now: isNow(t) || (!!z.t && isNow(z.t))});
  e.setAttribute(
    'aria-label',
    `${full(t.id)}${suffix(c, i)}, ${c ? `${activationIn(c)}, sum ${spokenNumber(z.v)}, output` : N.left_out ? 'output' : 'input'} ` +
      spokenNumber(y) +
      (gr ? `, gradient ${spokenNumber(g)}` : '')
  );
}
const activationIn = c => N.layers[c - 1].activation || 'identity';
// Whether a line is one of the unit that is told of: those that come in, or of an input or a bias neuron those that go
// out.
const isOfTold = (c, i, j) =>
  told.c && told.i !== 'b'
    ? c === told.c - 1 && (told.i === 'all' || j === told.i)
    : c === told.c && (i === told.i || (told.i === 'all' && i !== 'b'));
function drawLine({e, c, i, j}) {
  const {t, k} = weightOf(c, i, j),
    g = element('gradient', t, k);
  setFlags(e, {...signs(g), full: isLarge || isOfTold(c, i, j)});
  e.style.setProperty('--w', widthOf(typeof g === 'number' ? g : 0));
}
function drawLabel({e, c, i, j, wt, dw}) {
  const {t, k} = weightOf(c, i, j),
    g = element('gradient', t, k);
  setElement(wt, 'value', t, k, element('value', t, k));
  setElement(dw, 'gradient', t, k, g);
  setFlags(e, signs(g));
}
// The share of each output unit: the softmax or the logistic of the tape, or as C computed it again once the loss is known.
function drawShares() {
  const c = columns.length - 1,
    s = T.get(N.taker),
    isKnown = s && state.values.has(s.id);
  if (!s) return;
  $$('.taker', figureOfNet).forEach(e => e.classList.toggle('now', isNow(s)));
  $$('.share', figureOfNet).forEach(e => {
    const k = placeOf(c, +e.dataset.i),
      v = N.is_value ? element('value', s, k) : isKnown ? itemAt(listOf(N.shares, columns[c]), k) : undefined;
    setElement($('.sh', e), N.is_value ? 'value' : 'share', N.is_value ? s : columns[c], k, v);
    $('.part', e).setAttribute('width', typeof v === 'number' && isFinite(v) ? +e.dataset.width * v : 0);
  });
}

// ---- What the panel tells of ----
const MOST_TOLD = 4;
// The layer that a step computes, or gives a gradient or a Gradient Descent step; else the last one.
function ofStep() {
  const isStepOf = id => !!id && (isNow(T.get(id)) || (!isPrinting && (steps[at].change || {}).leaf === id));
  const at_c = columns.findIndex((t, c) => {
    const l = N.layers[c - 1];
    return isStepOf(t.id) || (!!l && [l.z, l.w, l.b].some(isStepOf));
  });
  const c = at_c < 0 ? columns.length - 1 : at_c;
  return {c, i: unitsIn(c) > 1 && unitsIn(c) <= MOST_TOLD ? 'all' : 0};
}
const times = (a, b) => `${a} · ${b}`;
// The value that the forward pass used: a leaf may have been changed since.
function usedElement(t, i) {
  const v = !t.dropped && state.values.has(t.id) ? itemAt(list(valueOf(t, 0), t.type), i) : undefined;
  return v === null ? v : ask('value', t.id, v);
}
const wasChanged = id => changes.slice(0, state.changes).some(change => change.leaf === id);
// What a unit computes: with numbers, and with names in place of those that are not there yet.
function sayUnit(c, i) {
  const l = N.layers[c - 1],
    x = columns[c - 1],
    y = columns[c],
    k = placeOf(c, i),
    z = sumOf(c, k),
    f = l.activation;
  const used = (t, at, called) => {
    const v = usedElement(t, at);
    return v === undefined ? called : written6('value', t, at, v, {wrap: 1});
  };
  const called = w => `${name(w.t.id)}[${indexOf(w.k, w.t.shape)}]`;
  const terms = upTo(unitsIn(c - 1)).map(j => {
    const w = weightOf(c - 1, j, i);
    return times(used(w.t, w.k, called(w)), used(x, placeOf(c - 1, j), unitName(c - 1, j)));
  });
  const b = weightOf(c - 1, 'b', i);
  if (l.b) terms.push(used(b.t, i, called(b)));
  const sum = terms.join(' + '),
    v = element('value', y, k);
  const said = [unitName(c, i), f ? `${f}(${sum})` : sum];
  if (f && z.v !== undefined) said.push(`${f}(${written6(z.what, z.t, k, z.v)})`);
  if (v !== undefined) said.push(`<b>${written6('value', y, k, v)}</b>`);
  const note = wasChanged(l.w) || (l.b && wasChanged(l.b)) ? '<p class="note">The forward pass used the weights before they were changed.</p>' : '';
  return `<p>${said.join(' = ')}</p>${note}`;
}
// An input is passed through.
function sayInput(i) {
  const v = element('value', columns[0], placeOf(0, i)),
    how = N.left_out ? 'comes from a layer that is not drawn' : 'gives its number on as it is';
  return `<p>${unitName(0, i)} ${how}: ${written6('value', columns[0], placeOf(0, i), v)}</p>`;
}
// The derivative of an activation, where its output says it.
const slopeOf = (f, y) => (f === 'tanh' ? `(1 − ${y}²)` : f === 'logistic' ? `${y} · (1 − ${y})` : `${f}′(z)`);
// The gradient of a sum that the tape has not: by the chain rule, from that of the output.
function saySumGradient(c, i) {
  const l = N.layers[c - 1],
    y = columns[c],
    k = placeOf(c, i),
    slope = l.slopes && real(l.slopes[k]),
    g = element('gradient', y, k),
    d = what => `∂${rootName()}/∂${what}`;
  if (!l.activation || slope === undefined) return '';
  const rule = `With its sum ${sumName}: ${d(sumName)} = ${d(unitName(c, i))} · ${slopeOf(l.activation, unitName(c, i))}`;
  if (typeof g !== 'number') return `<p>${rule}</p>`;
  const dz = ask('gradient', l.b || l.w, asType(g * slope, y.type));
  return (
    `<p>${rule} = ${written6('gradient', y, k, g)} · ${written6('slope', y, k, slope, {type: 'f64', wrap: 1})} = ` +
    `<b>${written6('sum-gradient', y, k, dz)}</b></p>`
  );
}
function sayItsGradient(c, i) {
  const t = columns[c],
    k = placeOf(c, i),
    z = c && N.layers[c - 1].z !== t.id && T.get(N.layers[c - 1].z);
  const one = (what, of) => `<p>∂${rootName()}/∂${what} = ${written6('gradient', of, k, element('gradient', of, k))}</p>`;
  if (!c && !t.wants_gradient) return '';
  return one(unitName(c, i), t) + (z ? one(name(z.id) + suffix(c, i), z) : c ? saySumGradient(c, i) : '');
}
const sayAll = (c, i) => (c ? sayUnit(c, i) : sayInput(i)) + sayItsGradient(c, i);
function weightRow(c, i, j, isIn) {
  const w = weightOf(c, i, j),
    x = columns[c],
    k = placeOf(c, i),
    from = i === 'b' ? 'bias' : unitName(c, i);
  const gives = i === 'b' ? mono('1') : written6('value', x, k, i === 'b' ? 1 : element('value', x, k));
  return (
    `<tr><th scope="row">${isIn ? from : unitName(c + 1, j)}${isIn ? `<td class="num">${gives}` : ''}` +
    `<td class="num">${written6('value', w.t, w.k, element('value', w.t, w.k))}` +
    `<td class="num">${written6('gradient', w.t, w.k, element('gradient', w.t, w.k))}`
  );
}
function weightTable(caption, rows, isIn) {
  const heads = `<tr><th>${isIn ? 'from<th class="num">gives' : 'to'}<th class="num">w<th class="num">∂${rootName()}/∂w`;
  return rows.length ? `<table><caption>${caption}</caption><thead>${heads}</thead>${rows.join('')}</table>` : '';
}
function sayColumn(c) {
  const kind = c ? `layer of ${unitsIn(c)} ${activationIn(c)} units` : N.left_out ? 'outputs of a layer that is not drawn' : 'pass-through inputs';
  return `<h2>${name(columns[c].id)} <span class="note">${kind}${ofRow()}</span></h2>${upTo(unitsIn(c)).map(i => sayAll(c, i)).join('')}`;
}
const ofRow = () => (N.rows > 1 ? `, row ${batchRow}` : '');
function drawUnitPanel() {
  const {c, i} = told,
    isBias = i === 'b',
    isLast = c === columns.length - 1;
  if (i === 'all') return ($('#n-unit').innerHTML = sayColumn(c));
  const title = isBias ? 'Bias neuron' : unitName(c, i),
    input = N.left_out ? 'unit of a layer that is not drawn' : 'pass-through input',
    kind = isBias ? 'always 1' : (c ? `${activationIn(c)} unit` : input) + ofRow();
  const incoming = c && !isBias ? upTo(unitsIn(c - 1)).concat(N.layers[c - 1].b ? ['b'] : []) : [];
  const what = isBias
    ? `<p>It gives 1, so that its weights, the biases ${name(N.layers[c].b)}, are added to each sum.</p>`
    : sayAll(c, i);
  $('#n-unit').innerHTML =
    `<h2>${title} <span class="note">${kind}</span></h2>${what}` +
    weightTable('What comes in', incoming.map(k => weightRow(c - 1, k, i, true)), true) +
    weightTable('Where it goes', isLast ? [] : upTo(unitsIn(c + 1)).map(j => weightRow(c, i, j, false)), false);
}

// ---- All of it ----
function drawNet() {
  told = picked || ofStep();
  unitsDrawn.forEach(drawUnit);
  linesDrawn.forEach(drawLine);
  labelsDrawn.forEach(drawLabel);
  drawShares();
  $$('.now-bar', figureOfNet).forEach((e, c) => {
    const l = N.layers[c];
    e.classList.toggle('now', isNow(T.get(l.w)) || (!!l.b && isNow(T.get(l.b))));
  });
  if (N.rows > 1) {
    $('#n-row').value = batchRow;
    $('#n-which').textContent = `row ${batchRow}`;
  }
  drawUnitPanel();
}
// On paper stands the end, of row 0.
function drawNeurons() {
  const kept = [state, band, batchRow];
  if (!N) return;
  if (isPrinting) {
    state = stateAt(lastStep());
    batchRow = 0;
  }
  drawNet();
  [state, band, batchRow] = kept;
}
// From here the panel follows the steps again.
function follow() {
  picked = null;
}
function pick(e) {
  const u = e.target.closest('.unit');
  if (!u) return;
  picked = placeIn(u);
  const id = picked.i === 'b' ? N.layers[picked.c].b : columns[picked.c].id;
  choose(keyOf(id) || id);
}
if (N) {
  figureOfNet.onclick = pick;
  figureOfNet.onkeydown = e => {
    if (e.key === 'Enter') pick(e);
  };
  if (N.rows > 1)
    $('#n-row').onchange = e => {
      batchRow = rowIn(e.target.value);
      show();
    };
  // The sentence of the step, and what keys say in its place.
  new MutationObserver(() => {
    $('#n-say').innerHTML = $('#say').innerHTML;
  }).observe($('#say'), {childList: true, subtree: true, characterData: true});
  addEventListener('beforeprint', () => {
    isPrinting = true;
  });
  addEventListener('afterprint', () => {
    isPrinting = false;
    drawNeurons();
  });
}
