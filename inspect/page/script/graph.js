// The drawing at a step: boxes and links.
function setFlags(e, flags) {
  for (const k in flags) e.classList.toggle(k, !!flags[k]);
}
// What the page was written with, before a step is shown.
const written = new WeakMap();
const writtenText = e => (written.has(e) ? written.get(e) : written.set(e, e.textContent).get(e));

function drawNode(id, e) {
  const t = T.get(id),
    {g, scalar, what, x, o} = gradientOf(id);
  if (!t) return;
  const val = $('.val', e),
    gr = $('.gr', e),
    label = $('.gl', e),
    isPart = g && !g.whole;
  const known = state.values.has(id),
    value = itemOf(valueNow(t), t),
    v = known ? ask('value', id, value) : undefined;
  const gx = ask('gradient', id, x),
    own = writtenText(val),
    isSeen = typeof gx === 'number';
  if (value === undefined) val.textContent = known ? own : '·';
  else setNumber(val, 'value', id, v, known ? short(value, 4) : '');
  setNumber(gr, what, id, gx, isSeen ? short(x, scalar ? 4 : 3) : '', o);
  const functional = scalar && full(root()).length < 3 ? '∂' + full(root()) : scalar ? '∂' : '‖∂‖';
  label.textContent = isPart ? `${g.have}/${g.all}` : band.walk && g ? functional : writtenText(label);
  setFlags(e, {
    'no-v': !known,
    'no-g': !g,
    given: g && gx !== hidden,
    part: isPart,
    sel: chosen === id,
    now: now().receives === id,
    'bad-v': known && !isHidden('value', id) && t.value && t.value.not_finite,
    'bad-g': g && gx !== hidden && g.whole && !band.walk && t.gradient && t.gradient.not_finite,
    pos: scalar && isSeen && gx > 0,
    neg: scalar && isSeen && gx < 0
  });
  const say = (y, isNorm) =>
    y === undefined ? 'not computed' : y === hidden ? 'hidden' : (isNorm ? 'norm ' : '') + shown(y);
  e.setAttribute(
    'aria-label',
    `${full(id)}, ${t.operator ? formula(t, full) : t.kind}, value ` +
      `${value === undefined ? shapeText(t) : say(v)}, gradient ${say(gx, !scalar)}` +
      (isPart ? `, ${g.have} of ${g.all} parts` : '') +
      (t.changed ? ', changed since' : '')
  );
}

function drawFold(f) {
  const wanted = [...f.kept].filter(id => partsTo(id, state.sweep).length),
    gr = $('.gr', f.e),
    text = writtenText(gr);
  const isKnown = !band.walk && wanted.length > 0 && wanted.every(id => (state.gradients.get(id) || {}).whole);
  const some = calls.some(c => state.values.has(c.ids[0]) && holds(f, c.ids[0]));
  if (!f.exact) f.exact = gr.dataset.exact;
  if (isKnown && f.exact) gr.dataset.exact = f.exact;
  else gr.removeAttribute('data-exact');
  gr.textContent = isKnown ? text : '·';
  setFlags(f.e, {
    'no-v': !some,
    'no-g': !isKnown,
    given: isKnown,
    sel: chosen === f.key,
    now: now().receives === f.key
  });
}

// Between folded boxes a link stands for all parts that go along it.
function pairsOf(current) {
  const pairs = new Map();
  band.parts.forEach((p, j) => {
    const a = keyOf(p.of),
      b = keyOf(p.from),
      key = a + ' ' + b;
    if (!p.from || !a || !b || a === b) return;
    const pair = pairs.get(key) || pairs.set(key, {}).get(key);
    pair.given = pair.given || state.parts.has(j);
    pair.now = pair.now || current.has(j);
  });
  return pairs;
}
const widthOf = v => (v ? Math.min(7, Math.max(1.2, 1.2 + 1.45 * (Math.log10(Math.abs(v)) + 3))) || 1.2 : 1.2);
function drawLink({e, key, con, loc}, current) {
  const own = band.from.get(key) || [],
    given = own.filter(j => state.parts.has(j)),
    j = given[given.length - 1];
  const last = band.parts[j === undefined ? own[own.length - 1] : j],
    isNow = given.some(i => current.has(i)),
    isAsked = isNow && isAsking();
  const v = j === undefined ? undefined : partValue(last),
    isOne = last && single(last);
  const where = last ? {from: last.from, place: last.place} : {},
    text = v === undefined ? '' : short(v, 3);
  const known = state.values.has(e.dataset.from),
    local = last && known ? last.local : undefined,
    isSecret = isAsked || isHidden('value', e.dataset.from);
  const seen = isAsked ? 1 : v; // neither the width of the link nor its colour and dashes tell what is asked
  setFlags(e, {given: v !== undefined, now: isNow, zero: !seen, pos: !isAsked && isOne && v > 0, neg: !isAsked && isOne && v < 0});
  e.style.setProperty('--w', widthOf(isAsked ? 0 : v));
  if (!con) return;
  setNumber(
    con,
    isOne ? 'part' : 'part-norm',
    last && last.of,
    isAsked ? hidden : v,
    isOne ? text : `‖${text}‖`,
    isOne ? where : {...where, type: 'f64'}
  );
  if (loc)
    setNumber(
      loc,
      'local',
      last && last.of,
      local === undefined ? local : isSecret ? hidden : real(local),
      local === undefined ? '' : '×' + short(real(local), 3),
      {...where, type: 'f64'}
    );
  if (loc && local === undefined) loc.textContent = '';
}
function drawEdges() {
  const current = new Set(steps[at].parts || []),
    pairs = pairsOf(current);
  const boxes = $$('.node', drawing).map(b => b.dataset.id || 'fold ' + b.dataset.fold);
  for (const link of edges)
    if (link.key) drawLink(link, current);
    else {
      const pair = pairs.get(boxes[+link.e.dataset.a] + ' ' + boxes[+link.e.dataset.b]) || {};
      setFlags(link.e, {given: pair.given, now: pair.now});
    }
}
function drawGraph() {
  nodes.forEach((e, id) => drawNode(id, e));
  folds.forEach(drawFold);
  drawEdges();
  $('#v-graph').classList.toggle('functional', band.walk > 0);
}
