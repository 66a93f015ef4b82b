// Heat maps and histograms of one tensor: all rows of the last axis, and facets where there are more axes.
const rowsOfTensors = $$('#v-tensors tr[data-row]');
const pickable = [...new Set(rowsOfTensors.map(r => r.dataset.id))].filter(id => T.has(id));
let isPicked = false;
$('#pick').innerHTML = pickable
  .map(id => `<option value="${id}">${name(id)} ${shapeText(T.get(id))}</option>`)
  .join('');

// What is drawn of a value or a gradient. Cells that C made have 16 bits each; see page/pictures.c.
function unpack(p) {
  const raw = atob(p.cells);
  return Float64Array.from({length: p.rows * p.columns}, (_, i) => {
    const c = ((raw.charCodeAt(2 * i) | (raw.charCodeAt(2 * i + 1) << 8)) << 16) >> 16;
    return c === -32768 ? NaN : Math.abs(c) === 32767 ? Math.sign(c) * Infinity : (c / 32000) * p.scale;
  });
}
function pictureOf(t, of) {
  const p = (X.pictures[t.id] || {})[of] || {},
    n = of === 'value' ? t.now || t.value : t.gradient,
    all = list(n, t.type);
  const own = {n, facets: p.facets || 1, across: p.across || 1, bins: p.bins};
  if (p.cells) return {...own, ...p, v: unpack(p), block: p.height * p.width > 1 ? `${p.height} × ${p.width}` : ''};
  if (!all || !all.length) return n && {n};
  const columns = t.shape.length ? t.shape[t.shape.length - 1] : 1;
  const scale = all.reduce((a, x) => (isFinite(x) ? Math.max(a, Math.abs(x)) : a), 0);
  return {...own, rows: all.length / columns, columns, v: all, scale, block: ''};
}

// ---- Colours ----
function colours() {
  const style = getComputedStyle(R);
  return Object.fromEntries(
    ['bg', 'pos', 'neg', 'now', 'ink', 'line'].map(k => {
      const h = style
          .getPropertyValue('--' + k)
          .trim()
          .slice(1),
        w = h.length < 6 ? [...h].map(c => c + c) : h.match(/../g);
      return [k, w.slice(0, 3).map(x => parseInt(x, 16))];
    })
  );
}
function mix(v, scale, k, isLog) {
  if (!isFinite(v)) return k.now;
  let a = scale > 0 ? Math.abs(v) / scale : 0;
  if (isLog) a = Math.log1p(1e4 * a) / Math.log1p(1e4);
  return k.bg.map((b, i) => Math.round(b + (k[v < 0 ? 'neg' : 'pos'][i] - b) * Math.min(1, a)));
}
const rgb = c => `rgb(${c.join(',')})`;
// A negative cell has a stroke, so that its sign is seen without colours too; one that is not finite has a mark.
function drawCell(c, v, x, y, size, k) {
  if (v < 0 && size > 5) {
    c.strokeStyle = `rgba(${k.bg.join(',')},.6)`;
    c.beginPath();
    c.moveTo(x, y + size);
    c.lineTo(x + size, y);
    c.stroke();
  }
  if (isFinite(v) || size < 8) return;
  c.fillStyle = rgb(k.ink);
  c.font = `${size - 1}px sans-serif`;
  c.textAlign = 'center';
  c.fillText(Number.isNaN(v) ? '✕' : v > 0 ? '▲' : '▼', x + size / 2, y + 0.85 * size);
}
function drawMap(canvas, m, scale, isLog) {
  const {facets, across, columns} = m,
    c = canvas.getContext('2d'),
    k = colours(),
    gap = facets > 1 ? 5 : 0;
  const high = m.rows / facets,
    down = Math.ceil(facets / across);
  const wide = columns * across,
    tall = high * down,
    size = Math.max(1, Math.floor(Math.min(432 / wide, 432 / tall, 48)));
  canvas.width = wide * size + gap * (across - 1);
  canvas.height = tall * size + gap * (down - 1);
  c.fillStyle = rgb(k.line);
  c.fillRect(0, 0, canvas.width, canvas.height);
  m.v.forEach((v, i) => {
    const row = Math.floor(i / columns),
      facet = Math.floor(row / high);
    const x = (i % columns) * size + (facet % across) * (columns * size + gap);
    const y = (row % high) * size + Math.floor(facet / across) * (high * size + gap);
    c.fillStyle = rgb(mix(v, scale, k, isLog));
    c.fillRect(x, y, size, size);
    drawCell(c, v, x, y, size, k);
  });
}

// ---- The whole ----
function histogram({n, bins}, of) {
  const most = Math.max(1, ...bins),
    lo = real(n.min),
    hi = real(n.max),
    w = (hi - lo) / bins.length;
  const bars = bins
    .map((b, i) => {
      const from = lo + i * w,
        h = b ? Math.max(1, (60 * b) / most) : 0,
        kind = from + w <= 0 ? 'hn' : from > 0 ? 'hp' : 'hz';
      return `<rect x="${4 + 8 * i}" y="${64 - h}" width="7" height="${h}" class="${kind}"/>`;
    })
    .join('');
  return (
    `<svg class="hist" viewBox="0 0 256 68" role="img" aria-label="Histogram of the ${of} in ${bins.length} bins ` +
    `from ${shown(lo)} to ${shown(hi)}: the fullest has ${most} of ${n.n}">${bars}` +
    '<path class="axis" d="M2 64.5H254"/></svg>' +
    `<div class="ends m"><span>${shown(lo)}</span><span>${shown(hi)}</span></div>`
  );
}
function figure(t, of, m, scale, isLog) {
  const start = `<figure><figcaption>${of === 'gradient' ? 'Gradient' : t.now ? 'Value now' : 'Value'}</figcaption>`,
    none = text => `${start}<p class="note">${text}</p></figure>`;
  if (!m) return none(of === 'value' ? 'dropped, computed again' : t.wants_gradient ? 'not computed' : 'not wanted');
  if (!m.v) return none(m.n.n === 0 ? 'no elements' : 'left out: the pictures of this page have no room for it');
  const n = m.n,
    mean = n.mean === undefined ? '' : `, mean ${shown(real(n.mean))}`;
  const words = `${count(n.n, 'element')}, ${rangeOf(n) || 'none finite'}${mean}, ${n.zeros} are 0, `;
  const ends = scale > 0 ? [-scale, 0, scale] : [0];
  const notes = [m.block ? `each cell is the largest of ${m.block}` : `all ${n.n} shown`];
  if (m.facets > 1)
    notes.push(`${m.facets} matrices ${mono(`[${t.shape.slice(-2).join(', ')}]`)}, from left to right and then down`);
  if (isLog) notes.push('logarithmic');
  return (
    `${start}<canvas data-of-map="${of}" role="img" ` +
    `aria-label="Heat map of the ${of}: ${words}${n.not_finite} not finite"></canvas>` +
    (scale > 0 ? '<div class="scale"></div>' : '') +
    `<div class="ends m">${ends.map(v => `<span>${shown(v)}</span>`).join('')}</div>` +
    `<p class="note">${notes.join(', ')}</p>${m.bins && n.min !== undefined ? histogram(m, of) : ''}</figure>`
  );
}
function shownTensor() {
  const own = T.get(chosen),
    first = id => T.get(id).gradient && size(T.get(id)) > 1;
  return own && pickable.includes(chosen) && (isPicked || size(own) > 1)
    ? own
    : T.get(pickable.find(first) || pickable[0]);
}
function drawTensor() {
  const t = shownTensor(),
    box = $('#maps'),
    isLog = $('#log').checked,
    was = state,
    before = band;
  $('#pictures').hidden = !t;
  rowsOfTensors.forEach(r => r.classList.toggle('sel', !!t && r.dataset.id === t.id));
  if (!t) return;
  $('#pick').value = t.id;
  const maps = ['value', 'gradient'].map(of => [of, pictureOf(t, of)]);
  const most = Math.max(...maps.map(([, m]) => (m && m.scale) || 0)),
    scaleOf = m => ($('#same').checked ? most : m && m.scale);
  box.innerHTML = maps.map(([of, m]) => figure(t, of, m, scaleOf(m), isLog)).join('');
  for (const [of, m] of maps) if (m && m.v) drawMap($(`[data-of-map=${of}]`, box), m, scaleOf(m), isLog);
  state = stateAt(lastStep());
  const table = numbersTable(t, t.gradient ? {sum: list(t.gradient, t.type), whole: true} : null, 256);
  [state, band] = [was, before];
  if (table)
    box.insertAdjacentHTML('beforeend', `<details><summary>The numbers as a table</summary>${table}</details>`);
}
