// The page: what is shown, keys, buttons and the hash.
function show() {
  state = stateAt(at);
  drawGraph();
  $('#say').innerHTML = sentence();
  drawStrip();
  drawTrack();
  drawPanel();
  if (view === 'tape') drawTable();
  if (view === 'tensors') drawTensor();
  if (view === 'neurons') drawNeurons();
  Object.assign(body.dataset, {step: at, steps: steps.length, phase: steps[at].phase, walk: band.walk});
  remember();
}
function go(k) {
  at = Math.max(0, Math.min(steps.length - 1, k));
  asked = false;
  band = bands[steps[at].walk || 0];
  const n = now(),
    e = elementOf(n.receives);
  if (e) chosen = n.receives;
  show();
  if (e && view === 'graph') reveal(e);
}
function reveal(e) {
  const r = e.getBoundingClientRect(),
    box = drawing.getBoundingClientRect();
  if (r.left < box.left || r.right > box.right) drawing.scrollLeft += r.left - box.left - (box.width - r.width) / 2;
  if (r.top < box.top || r.bottom > box.bottom) drawing.scrollTop += r.top - box.top - (box.height - r.height) / 2;
}
function choose(key) {
  chosen = key;
  show();
}
function open(v) {
  view = v;
  $$('[role=tab]').forEach(t => t.setAttribute('aria-selected', String(t.id === 't-' + v)));
  $$('[role=tabpanel]').forEach(p => {
    p.hidden = p.id !== 'v-' + v;
  });
  $('.steps').hidden = !['graph', 'neurons', 'tape'].includes(v);
  show();
}
const say = text => {
  $('#say').innerHTML = `<p>${text}</p>`;
};

// A view that the page has not has no tab.
const views = $$('[role=tab]')
  .map(t => {
    t.hidden = !$('#v-' + t.id.slice(2));
    return t.id.slice(2);
  })
  .filter(v => $('#v-' + v));

// ---- Folds: the trail has each drawing that was left for the inside of one of its folds ----
const trail = [];
const inside = f => drawings.find(d => d.dataset.drawing === f.e.dataset.fold);
function enter(d, key) {
  const name = esc(cut(d.dataset.name, 80)),
    isTop = d === drawings[0];
  use(d);
  makeTrack();
  chosen = key;
  $('#where').innerHTML = isTop ? '' : `<button id="fold">Fold (F)</button> <span>inside of <b>${name}</b></span>`;
  if (!isTop) $('#fold').onclick = leave;
}
// Goes to the step that lies as far on as the one before.
function keepPlace(change) {
  const share = at / Math.max(1, steps.length - 1);
  change();
  go(Math.round(share * (steps.length - 1)));
}
function unfold(f) {
  trail.push([drawing, f.key, hashName(f)]);
  enter(inside(f), ($('.node:not(.outside)', inside(f)) || {dataset: {}}).dataset.id || null);
}
function fold() {
  const f = folds.find(q => q.key === chosen);
  if (f && inside(f)) keepPlace(() => unfold(f));
  else leave();
}
function leave() {
  if (!trail.length) return;
  const [d, key] = trail.pop();
  keepPlace(() => enter(d, key));
}
// Names in the hash: those of equal names are told apart by a number.
function hashName(f) {
  const k = folds.filter(q => q.name === f.name).indexOf(f);
  return encodeURIComponent(f.name).replaceAll('~', '%7E') + (k ? '~' + k : '');
}

// ---- What is asked ----
const isBad = n => !!n && (n.not_finite === undefined ? !isFinite(real(n.norm)) : n.not_finite > 0);
// Where numbers are not finite: what the page says of it, then values forward and gradients back, those of leaves last.
function badEntries() {
  const has = of => D.tensors.filter(t => isBad(t[of])).map(t => t.id),
    back = has('gradient').reverse(),
    isEntry = id => id[0] === '#';
  const all = [...has('value'), ...back.filter(isEntry), ...back.filter(id => !isEntry(id))];
  const isFirst = D.status === 'AD_NOT_FINITE' || all.includes(X.open);
  return [...new Set(isFirst && X.open ? [X.open, ...all] : all)];
}
// The step at which an entry gets a number that is not finite.
const badStep = id =>
  isBad((T.get(id) || {}).value)
    ? steps.findIndex(s => (s.ids || []).includes(id))
    : steps.findIndex(s => s.parts && !s.walk && s.parts.some(j => D.parts[j].of === id && isBad(D.parts[j].part)));
// The step at which the tape went into error; -1: it is none.
const failedStep = () =>
  X.failed_back && D.parts.length ? lastStep() : steps.findIndex(s => s.ids && s.ids.includes(X.open));
function nextBad() {
  const bad = badEntries(),
    next = bad[(bad.indexOf(chosen) + 1) % bad.length],
    isFailed = next === X.open && D.status === 'AD_NOT_FINITE',
    k = isFailed ? failedStep() : badStep(next || '');
  if (D.status === 'AD_NOT_FINITE' && !bad.length) return say(esc($('.alert').textContent));
  if (!bad.length) return say('All numbers are finite.');
  if (k >= 0) go(k);
  choose(next);
  const e = elementOf(keyOf(next));
  if (e && view === 'graph') reveal(e);
  if (isFailed)
    say(
      `${esc($('.alert').textContent)}. ` +
        (X.failed_back
          ? `This is the gradient rule of ${name(next)}.`
          : `The entry that failed was not recorded, so it has no box: ${name(next)} is the last one before it.`)
    );
}
function sayWhy() {
  const t = T.get(chosen),
    g = t && state.gradients.get(t.id);
  if (!t) return say('Choose an entry, and z says why its gradient is 0.');
  if (band.walk || (g ? !g.whole : at < lastStep()))
    return say('Not all parts are there yet: go to the end of the reverse pass.');
  say(whyOf(t) || `the gradient of ${name(t.id)} is not 0`);
}
function askQuiz() {
  [quiz, asked] = !quiz ? [true, false] : [!asked, !asked];
  show();
}

// ---- Buttons and keys ----
const buttons = {
  first: () => {
    follow();
    go(0);
  },
  prev: () => go(at - 1),
  next: () => go(at + 1),
  last: () => go(Infinity),
  big: () => {
    $('#big').setAttribute('aria-pressed', String(R.classList.toggle('big')));
    show();
  },
  theme: () => {
    const isDark =
      R.classList.contains('dark') ||
      (!R.classList.contains('light') && matchMedia('(prefers-color-scheme:dark)').matches);
    setFlags(R, {dark: !isDark, light: isDark});
    show();
  },
  help: () => $('#keys').showModal()
};
for (const id in buttons) $('#' + id).onclick = buttons[id];
$('#log').onchange = $('#same').onchange = show;
$('#pick').onchange = e => {
  isPicked = true;
  choose(e.target.value);
};
$$('[role=tab]').forEach(t => {
  t.onclick = () => open(t.id.slice(2));
});
$('#track').onclick = e => e.target.dataset.k && go(+e.target.dataset.k);
document.addEventListener('click', e => {
  const n = e.target.closest('.node'),
    l = e.target.closest('#strip li'),
    r = e.target.closest('.view tbody tr[data-id]');
  if (n) choose(n.dataset.id || 'fold ' + n.dataset.fold);
  else if (l) choose(keyOf(l.dataset.id) || l.dataset.id);
  else if (r && !getSelection().toString()) {
    isPicked = true;
    choose(r.dataset.id);
  }
});
const first = phase => () => {
  const k = steps.findIndex(s => s.phase === phase && !s.walk);
  if (k >= 0) go(k);
  else if (phase === 'descent') say('No parameter was updated while the tape was watched: there is no Gradient Descent step.');
  else say('No gradient was computed while the tape was watched.');
};
const viewer = v => () => views.includes(v) && open(v);
const onKey = {
  ArrowRight: buttons.next,
  ' ': buttons.next,
  ArrowLeft: buttons.prev,
  Home: buttons.first,
  End: buttons.last,
  1: first('forward'),
  2: first('error'),
  3: first('reverse'),
  4: first('descent'),
  g: viewer('graph'),
  u: viewer('neurons'),
  t: viewer('tape'),
  l: viewer('layers'),
  v: viewer('tensors'),
  a: viewer('activations'),
  r: viewer('training'),
  b: buttons.big,
  d: buttons.theme,
  f: fold,
  F: leave,
  Backspace: leave,
  Escape: () => {
    follow();
    show();
  },
  z: sayWhy,
  n: nextBad,
  q: askQuiz,
  '?': buttons.help
};
addEventListener('keydown', e => {
  const k = e.key,
    node = e.target.closest && e.target.closest('.node'),
    isField = e.target.matches('input:not([type=checkbox]),select');
  if (e.ctrlKey || e.metaKey || e.altKey || $('#keys').open || isField) return;
  if (k === ' ' && e.target.matches('button,summary,input')) return;
  if (k.startsWith('Arrow') && !node && e.target.closest('.wide,.graph')) return;
  if (k === 'Enter' && node) node.dispatchEvent(new MouseEvent('click', {bubbles: true}));
  else if (Object.hasOwn(onKey, k)) onKey[k]();
  else return;
  e.preventDefault();
});
// The exact number is what a title says and what is copied.
document.addEventListener('mouseover', e => {
  const n = e.target.closest('[data-exact]');
  if (n instanceof HTMLElement) n.title = n.dataset.exact;
  if (e.target.matches('h1')) e.target.title = e.target.textContent;
});
document.addEventListener('copy', e => {
  const s = getSelection(),
    anchor = s.anchorNode;
  if (!s.rangeCount || !e.clipboardData) return;
  const c = s.getRangeAt(0).cloneContents(),
    own = (anchor.closest ? anchor : anchor.parentElement).closest('[data-exact]'),
    all = $$('[data-exact]', c);
  if (!all.length && !(own && own.contains(s.focusNode) && own.textContent === s.toString().trim())) return;
  all.forEach(n => {
    n.textContent = n.dataset.exact;
  });
  e.clipboardData.setData('text/plain', all.length ? c.textContent : own.dataset.exact);
  e.preventDefault();
});
addEventListener('beforeprint', () => {
  drawTable();
  drawTensor();
  drawNeurons();
});
addEventListener('resize', drawStrip);
// Colours of heat maps are not the style sheet's.
matchMedia('(prefers-color-scheme:dark)').onchange = show;

// ---- The hash ----
function remember() {
  const h = new URLSearchParams({view, step: at});
  if (chosen && T.has(chosen)) h.set('node', full(chosen));
  if (batchRow) h.set('row', batchRow);
  if (picked) h.set('unit', unitKey(picked));
  if (trail.length) h.set('fold', trail.map(left => left[2]).join());
  for (const theme of ['light', 'dark']) if (R.classList.contains(theme)) h.set('theme', theme);
  for (const [key, isOn] of [
    ['big', R.classList.contains('big')],
    ['log', $('#log').checked],
    ['quiz', quiz]
  ])
    if (isOn) h.set(key, 1);
  if (location.hash !== '#' + h) history.replaceState(null, '', '#' + h);
}
function begin() {
  const q = new URLSearchParams(location.hash.slice(1)),
    asNumber = +q.get('step'),
    guilty = D.status !== 'AD_OK' || badEntries().includes(X.open);
  const hasStep = q.get('step') !== null && Number.isFinite(asNumber),
    has = key => q.get(key) === '1';
  if (has('big')) R.classList.add('big');
  $('#big').setAttribute('aria-pressed', String(has('big')));
  if (['light', 'dark'].includes(q.get('theme'))) R.classList.add(q.get('theme'));
  $('#log').checked = has('log');
  quiz = has('quiz');
  enter(drawings[0], null);
  for (const part of (q.get('fold') || '').split(',')) {
    const f = folds.find(f => hashName(f) === part);
    if (!f || !inside(f)) break;
    unfold(f);
  }
  for (let f = guilty && !hasStep && foldOf(X.open); f && inside(f); f = foldOf(X.open)) unfold(f);
  const bad = D.status === 'AD_OK' ? badStep(X.open || '') : failedStep();
  go(hasStep ? Math.trunc(asNumber) : guilty && bad >= 0 ? bad : D.parts.length ? 0 : lastStep());
  const named = q.get('node') && D.tensors.find(t => t.name === q.get('node') || t.id === q.get('node'));
  const id = named ? named.id : ((guilty || !D.parts.length) && !hasStep && X.open) || (!chosen && order[0]);
  if (id) chosen = keyOf(id) || id;
  if (guilty && !hasStep && elementOf(chosen)) reveal(elementOf(chosen));
  open(views.find(v => v === q.get('view')) || 'graph');
}
begin();
