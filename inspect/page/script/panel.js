// The tape as a strip, the steps as a track, the chosen entry, and the table of the tape.
const order = D.tensors.filter(t => t.kind !== 'byproduct' && t.kind !== 'state').map(t => t.id);
function drawStrip() {
  const s = steps[at],
    n = now(),
    last = order.filter(id => id[0] === 'k').pop() || order[0];
  const head = n.reads || n.gives || (s.ids && s.ids[0]) || last,
    room = innerWidth > 1000 ? 11 : 8;
  const from = Math.max(0, Math.min(order.indexOf(head) - (room >> 1), order.length - room));
  const forward = s.leaves ? 'start' : 'forward ▶';
  const says = {forward, error: 'start', reverse: '◀ backward', descent: 'update'}[s.phase];
  $('#strip').innerHTML = order
    .slice(from, from + room)
    .map((id, k) => {
      const t = T.get(id),
        isHead = id === head,
        kind = isHead ? 'read' : state.values.has(id) ? 'kept' : '';
      const text = t.name.length > 9 ? t.name.split('/').pop() || t.name : t.name;
      return (
        `<li data-id="${id}" class="${kind}${k > room - 3 ? ' end' : ''}"` +
        (isHead ? ` data-d="${says}" aria-current="step">` : '>') +
        `<div>${k === 0 && from > 0 ? '… ' : ''}${id.replace('#', '')} <b>${esc(text)}</b></div>` +
        `<small>${esc(X.made[t.id] || t.operator || t.kind)}${k === room - 1 && from + room < order.length ? ' …' : ''}</small></li>`
      );
    })
    .join('');
}

// ---- The track ----
const groups = {
  forward: '1 Forward',
  error: '2 Error',
  reverse: '3 Reverse',
  functional: 'Functional sweep',
  descent: '4 Descent'
};
const groupOf = s => (s.walk ? 'functional' : s.phase);
function makeTrack() {
  const track = $('#track');
  track.classList.toggle('many', steps.length > 60);
  if (steps.length > 200) {
    track.innerHTML =
      '<label><b id="where-phase"></b><input type="range" id="slider" min="0" ' +
      `max="${steps.length - 1}" aria-label="Step"></label>`;
    $('#slider').oninput = e => go(+e.target.value);
    return;
  }
  track.innerHTML = Object.keys(groups)
    .map(g => {
      const ticks = steps.map((s, k) => (groupOf(s) === g ? `<i data-k="${k}"></i>` : '')).filter(Boolean);
      return !ticks.length
        ? ''
        : `<div class="ph" data-p="${g}" style="flex:${ticks.length} 1 5.4em"><b>${groups[g]}</b>` +
            `<div>${ticks.join('')}</div></div>`;
    })
    .join('');
}
function drawTrack() {
  const group = groupOf(steps[at]),
    slider = $('#slider');
  $$('.ph').forEach(p => p.classList.toggle('on', p.dataset.p === group));
  $$('.ph i').forEach(i => {
    i.className = +i.dataset.k < at ? 'done' : +i.dataset.k === at ? 'now' : '';
  });
  if (!slider) return;
  slider.value = at;
  $('#where-phase').textContent = `${groups[group]}, step ${at} of ${steps.length - 1}`;
}

// ---- The chosen entry ----
// Why a gradient is 0, or is not there: the sentence is ad_why_zero's.
function whyOf(t) {
  const alert = $('.alert:not(.nan)');
  if (isHidden('gradient', t.id)) return 'The quiz asks for this gradient: press q.';
  if (X.why[t.id]) return esc(X.why[t.id]);
  return !t.wants_gradient ? 'It wants no gradient.' : t.gradient || !alert ? '' : esc(alert.textContent);
}
function sumRow(t, j, total) {
  const p = band.parts[j],
    y = T.get(p.from),
    isOn = state.parts.has(j),
    v = partValue(p),
    up = (p.upstream || []).find(Boolean);
  const isNow = (steps[at].parts || []).includes(j) && isAsking(),
    where = {from: p.from, place: p.place};
  const norm = {type: 'f64', bars: 1},
    isKnown = y && state.values.has(y.id);
  const upstream = !up
    ? ''
    : up.exact && up.n === 1
      ? num('gradient', p.from, isOn ? list(up, typeOf(p.from))[0] : undefined, {plain: 1})
      : num('gradient-norm', p.from, isOn ? real(up.norm) : undefined, norm);
  const local =
    p.local === undefined
      ? ''
      : isKnown
        ? '×' + num('local', t.id, isNow || isHidden('value', y.id) ? hidden : real(p.local), {...where, type: 'f64'})
        : '·';
  const part = num(
    single(p) ? 'part' : 'part-norm',
    t.id,
    !isOn ? undefined : isNow ? hidden : v,
    single(p) ? where : {...where, ...norm}
  );
  const through = y
    ? name(p.from) + (y.operands.length > 1 ? ` (${ordinal(p.place)})` : '')
    : p.origin === 'seed'
      ? 'seed'
      : 'before';
  const width = isOn && !isNow && total > 0 ? (100 * Math.abs(v)) / total : 0;
  return (
    `<tr class="${isOn ? '' : 'dim'}"><th scope="row">${through}<td class="num">${upstream}<td class="num">${local}` +
    `<td class="num">${part}<tr class="wb"><td colspan="4">` +
    `<i class="${!single(p) ? 'abs' : v < 0 ? 'neg' : ''}" style="width:${width}%"></i>`
  );
}
function sumTable(t) {
  const parts = partsTo(t.id, state.sweep),
    total = isHidden('gradient', t.id) ? 0 : parts.reduce((a, j) => a + Math.abs(partValue(band.parts[j])), 0); // bars would tell
  const {g, scalar, what, x, o} = gradientOf(t.id),
    isCut = X.incomplete.includes(t.id);
  if (!parts.length) return '';
  const is = isCut
    ? 'the sum over more parts than this page has'
    : parts.length > 1
      ? `the sum of its ${parts.length} parts`
      : 'one part';
  return (
    '<table><caption class="vh">The gradient as a sum</caption>' +
    `<tr><th colspan="4">${by(rootName(), name(t.id))} = ${is}` +
    '<tr class="dim"><td>through<td class="num">upstream<td class="num">local<td class="num">part' +
    parts
      .slice(0, 40)
      .map(j => sumRow(t, j, total))
      .join('') +
    (parts.length > 40 ? `<tr><td colspan="4">${parts.length - 40} more` : '') +
    `<tr class="sum"><th scope="row">${g && !g.whole ? 'so far' : scalar || !g ? 'sum' : 'norm of sum'}<td><td>` +
    `<td class="num">${num(what, t.id, ask('gradient', t.id, x), o)}</table>`
  );
}
// Each element with its gradient.
function numbersTable(t, g, most) {
  const v = state.values.has(t.id) ? list(valueNow(t), t.type) : null,
    d = g && g.sum,
    n = (v || d || []).length;
  if (n < 2 || n > most) return '';
  const rows = Array.from(
    {length: n},
    (_, i) =>
      `<tr><th scope="row" class="m">[${indexOf(i, t.shape)}]` +
      `<td class="num">${num('value', t.id, v ? ask('value', t.id, v[i]) : undefined, {index: i})}` +
      `<td class="num">${num('gradient', t.id, d ? ask('gradient', t.id, d[i]) : undefined, {index: i})}`
  ).join('');
  return (
    '<table><caption class="vh">Elements</caption><thead><tr><th>element<th class="num">value' +
    `<th class="num">gradient${g && !g.whole ? ' so far' : ''}</thead>${rows}</table>`
  );
}
function sayValue(t) {
  const value = valueNow(t),
    known = state.values.has(t.id),
    v = itemOf(value, t);
  if (v !== undefined) return num('value', t.id, known ? ask('value', t.id, v) : undefined, {digits: 6});
  if (t.dropped) return 'dropped, computed again';
  if (value && value.n === 0) return 'no elements';
  const few = known && list(value, t.type);
  if (isHidden('value', t.id)) return num('', '', hidden);
  if (few && few.length <= 4) return elements('value', t.id, few);
  return !known
    ? 'not computed yet'
    : value && value.min !== undefined
      ? mono(`${shown(real(value.min))} … ${shown(real(value.max))}`)
      : 'no finite element';
}
function sayGradient(t) {
  const {g, what, x, o} = gradientOf(t.id);
  if (!g) return t.wants_gradient ? 'not computed' : 'not wanted';
  return x === undefined ? `${g.have} of ${g.all} parts` : num(what, t.id, ask('gradient', t.id, x), {digits: 6, ...o});
}
function drawFoldPanel(f) {
  const times = +f.e.dataset.times;
  $('#p-title').textContent = cut(f.name, 60);
  $('#p-list').innerHTML =
    `<dt>entries</dt><dd>${f.n}</dd><dt>parameters</dt><dd>${f.kept.size}</dd>` +
    (times > 1 ? `<dt>equal scopes</dt><dd>${times}</dd>` : '');
  if (!inside(f)) $('#p-why').textContent = 'Its inside is not in this page: there are too many folds.';
  else {
    $('#p-why').innerHTML = '<button id="unfold">Unfold (f)</button>';
    $('#unfold').onclick = fold;
  }
}
function drawPanel() {
  const f = folds.find(q => q.key === chosen),
    t = T.get(chosen);
  for (const id of ['title', 'list', 'why', 'sum', 'numbers']) $('#p-' + id).textContent = '';
  if (f) drawFoldPanel(f);
  if (f || !t) return;
  const {g, scalar} = gradientOf(t.id),
    made = t.operator ? '= ' + formula(t, name) : esc(t.kind),
    rows = [];
  $('#p-title').innerHTML =
    `${name(t.id)} <span class="note">${made}, ${t.type}, ` +
    `${t.shape.length ? 'shape ' + mono(shapeText(t)) : 'scalar'}</span>`;
  rows.push([size(t) === 1 ? 'value' : 'values', sayValue(t)]);
  rows.push([(g && !g.whole ? 'gradient so far' : 'gradient') + (scalar || !g ? '' : ', norm'), sayGradient(t)]);
  if (t.changed && !changes.some(c => c.leaf === t.id))
    rows.push(['changed since', 'results were computed from another value']);
  for (const [k, v] of Object.entries(t.attributes || {}))
    if (String(v) !== '' && t.operator !== 'linear')
      rows.push([esc(k), mono(typeof v === 'number' ? shown(v, 6) : esc(JSON.stringify(v).replaceAll('"', '')))]);
  $('#p-list').innerHTML = rows.map(([a, b]) => `<dt>${a}</dt><dd>${b}</dd>`).join('');
  $('#p-why').innerHTML = !band.walk && (at >= lastStep() || (g && g.whole)) ? whyOf(t) : '';
  $('#p-sum').innerHTML = sumTable(t);
  $('#p-numbers').innerHTML = numbersTable(t, g, 16);
}

// ---- The table of the tape ----
const rowsOfTape = $$('#v-tape tr[data-id]').map(r => {
  const value = $('[data-cell=value]', r),
    gradient = $('[data-cell=gradient]', r);
  const locals = $$('[data-what=local]', r).map(e => ({e, text: e.textContent, exact: e.dataset.exact}));
  return {r, id: r.dataset.id, value, gradient, locals, values: value.innerHTML, gradients: gradient.innerHTML};
});
// The quiz hides a local derivative with what it would tell.
function drawLocal({e, text, exact}) {
  const {from, place} = e.dataset,
    isSecret = isHidden('value', from) || (isAsking() && (steps[at].parts || []).some(j => band.parts[j].from === from && band.parts[j].place === +place));
  e.textContent = isSecret ? '?' : text;
  if (isSecret) e.removeAttribute('data-exact');
  else e.setAttribute('data-exact', exact);
}
function drawRow({r, id, value, gradient, locals, values, gradients}) {
  const t = T.get(id),
    {g} = gradientOf(id);
  r.classList.toggle('sel', id === chosen);
  locals.forEach(drawLocal);
  if (!t) return;
  const few = (what, all) => (all && all.length <= 8 ? elements(what, id, all, {digits: 6}) : null);
  const isEarly = !t.operator && state.changes < changes.length && changes.some(c => c.leaf === id);
  value.innerHTML = isHidden('value', id)
    ? num('', '', hidden)
    : !state.values.has(id)
      ? num()
      : isEarly
        ? few('value', list(valueNow(t), t.type)) || 'before the change'
        : values;
  const isWritten = !band.walk && (!bands[0].parts.length || (g && g.whole) || !t.wants_gradient);
  gradient.innerHTML =
    g && isHidden('gradient', id)
      ? num('', '', hidden)
      : isWritten
        ? gradients
        : !g
          ? num()
          : few('gradient', g.sum) || `${g.have} of ${g.all} parts`;
}
function drawTable() {
  rowsOfTape.forEach(drawRow);
  if (root()) $('#v-tape [data-root]').textContent = `∂${cut(full(root()), 12)} / ∂entry`;
}
