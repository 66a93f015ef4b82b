// Numbers and names, as page/numbers.c writes them too.
const $ = (s, e = document) => e.querySelector(s),
  $$ = (s, e = document) => [...e.querySelectorAll(s)];
const R = document.documentElement,
  body = document.body;
const D = JSON.parse($('#gradtape-tape').textContent),
  X = JSON.parse($('#gradtape-page').textContent);
const T = new Map(D.tensors.map(t => [t.id, t]));

// The JSON has words for NaN and infinities, and digits of f32 that are exact only in that type.
const real = v => (v === 'NaN' ? NaN : v === 'Infinity' ? Infinity : v === '-Infinity' ? -Infinity : v);
const asType = (v, type) => (type === 'f32' ? Math.fround(v) : v);
const list = (n, type) => (n && n.exact ? n.exact.map(v => asType(real(v), type)) : null);
const typeOf = id => (T.has(id) ? T.get(id).type : 'f64');
const itemOf = (n, t) => (n && n.n === 1 && n.exact ? list(n, t.type)[0] : undefined);
const isMinus = v => v < 0 || Object.is(v, -0);

// The digits without zeros at the end, and the exponent of the first.
function split(v, d) {
  const [m, e] = Math.abs(v)
    .toExponential(d - 1)
    .split('e');
  return [m.replace('.', '').replace(/0+$/, ''), +e];
}
function compose(m, e, isPower) {
  if (isPower) return m[0] + (m.length > 1 ? '.' + m.slice(1) : '') + 'e' + (e < 0 ? '−' : '') + Math.abs(e);
  if (e < 0) return '0.' + '0'.repeat(-e - 1) + m;
  return e + 1 >= m.length ? m + '0'.repeat(e + 1 - m.length) : m.slice(0, e + 1) + '.' + m.slice(e + 1);
}
// A number for people: d significant digits.
function shown(v, d = 4, least = -5) {
  if (Number.isNaN(v)) return 'NaN';
  const sign = isMinus(v) ? '−' : '';
  if (v === 0 || !isFinite(v)) return sign + (v === 0 ? '0' : '∞');
  let [m, e] = split(v, d);
  if (e >= d && e < d + 3) [m, e] = split(v, e + 1);
  return sign + compose(m, e, e < least || e >= d + 3);
}
// In at most 8 characters.
function short(v, d) {
  let t = shown(v, d, -3);
  while (t.length > 8 && d > 1) t = shown(v, --d, -3);
  return t;
}
// As %.17g of C writes it, f32 as %.9g.
function exact(v, type) {
  const sign = isMinus(v) ? '-' : '',
    p = type === 'f32' ? 9 : 17;
  if (Number.isNaN(v)) return 'nan';
  if (v === 0 || !isFinite(v)) return sign + (v === 0 ? '0' : 'inf');
  const [m, e] = split(v, p);
  if (e >= -4 && e < p) return sign + compose(m, e);
  return sign + compose(m, 0) + 'e' + (e < 0 ? '-' : '+') + String(Math.abs(e)).padStart(2, '0');
}

const esc = s => String(s).replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`);
const full = id => (T.has(id) ? T.get(id).name || id : id || '?');
const cut = (s, n) => ([...s].length > n ? [...s].slice(0, n - 2).join('') + '..' : s);
const name = id => esc(cut(full(id), 24));
const mono = text => `<span class="m">${text}</span>`;
const shapeText = t => '[' + t.shape.join(', ') + ']';
const size = t => t.shape.reduce((a, n) => a * n, 1);
const ordinal = n => n + (['th', 'st', 'nd', 'rd'][n % 100 > 10 && n % 100 < 14 ? 0 : n % 10] || 'th');
const count = (n, one) => `${n} ${n === 1 ? one : one.endsWith('y') ? one.slice(0, -1) + 'ies' : one + 's'}`;
const rangeOf = n => (!n || n.min === undefined ? '' : `from ${shown(real(n.min))} to ${shown(real(n.max))}`);
function indexOf(i, shape) {
  const out = [];
  for (let k = shape.length - 1; k >= 0; k--) {
    out.unshift(i % shape[k]);
    i = Math.floor(i / shape[k]);
  }
  return out.join(', ');
}

// The attributes that a number of the page has everywhere.
const keys = ['what', 'of', 'id', 'from', 'place', 'index', 'exact'];
function attributes(what, id, v, o) {
  return {
    what,
    of: id && full(id),
    id,
    from: o.from,
    place: o.place,
    index: o.index,
    exact: exact(v, o.type || typeOf(id))
  };
}
// A number as HTML: undefined is one that is not computed, `hidden` one that the quiz asks for.
const hidden = Symbol('hidden');
function num(what, id, v, o = {}) {
  if (v === undefined) return '<span class="m nc" aria-label="not computed">·</span>';
  if (v === hidden) return '<span class="m nc" aria-label="hidden, press q">?</span>';
  const a = attributes(what, id, v, o),
    t = shown(v, o.digits);
  const data = keys
    .filter(k => a[k] !== undefined)
    .map(k => ` data-${k}="${esc(a[k])}"`)
    .join('');
  const colour = o.plain || !['gradient', 'part'].includes(what) ? '' : v < 0 ? 'neg' : v > 0 ? 'pos' : '';
  return `<span class="m ${colour}"${data}>${o.bars ? `‖${t}‖` : o.wrap && v < 0 ? `(${t})` : t}</span>`;
}
// The same in an element that is there already.
function setNumber(e, what, id, v, text, o = {}) {
  const isNone = v === undefined || v === hidden,
    a = isNone ? {} : attributes(what, id, v, o);
  for (const k of keys)
    if (a[k] === undefined) e.removeAttribute('data-' + k);
    else e.setAttribute('data-' + k, a[k]);
  e.textContent = v === hidden ? '?' : v === undefined ? '·' : text;
}
// Elements in a row, rows of a matrix divided by semicolons.
function elements(what, id, v, o) {
  const shape = T.has(id) ? T.get(id).shape : [],
    row = shape.length > 1 ? shape[shape.length - 1] : 0;
  const index = i => (v.length > 1 ? i : undefined);
  return v
    .map((x, i) => (!i ? '' : row && i % row === 0 ? '; ' : ' ') + num(what, id, x, {...o, index: index(i)}))
    .join('');
}
