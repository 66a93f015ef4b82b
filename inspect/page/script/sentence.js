// The sentence of a step: where the number comes from.
const fraction = (a, b) =>
  `<span class="f" role="img" aria-label="d ${a} by d ${b}"><span>∂${a}</span><span>∂${b}</span></span>`;
const by = (a, b) => `∂${a}/∂${b}`;
const why = text => (text ? `<p class="why">${text}</p>` : '');

// ---- Formulas ----
const infix = {add: '+', sub: '−', mul: '·', div: '/'};
const activationOf = t => (X.made[t.id] || '').split(' ')[1] || '';
// A call of the operands that `of` gives.
function formula(t, of) {
  const o = t.operands.slice(0, 6).map(of),
    c = (t.attributes || {}).c,
    activation = activationOf(t);
  if (infix[t.operator] && o.length === 2) return `${o[0]} ${infix[t.operator]} ${o[1]}`;
  if (t.operator === 'scale' && typeof c === 'number') return `${shown(c)} · ${o[0]}`;
  if (t.operator === 'neg') return `−${o[0]}`;
  if (t.operator === 'square') return o[0] + '²';
  if (t.operator === 'matmul') return `${o[0]} ${o[1]}`;
  if (t.operator === 'linear')
    return activation ? `${activation}(${o[0]} ${o[1]} + ${o[2]})` : `${o[0]} ${o[1]} + ${o[2]}`;
  return `${esc(t.operator)}(${o.join(', ')}${t.operands.length > 6 ? ', ..' : ''})`;
}
const wraps = t => infix[t.operator] || ['scale', 'square', 'neg'].includes(t.operator);
function operandValue(id, t) {
  const x = T.get(id),
    few = x && list(valueOf(x, 0), x.type);
  if (!x || !few || few.length > 4) return x ? mono(shapeText(x)) : '?';
  return few.length === 1 ? num('value', id, few[0], {wrap: wraps(t)}) : `[${elements('value', id, few)}]`;
}
// What a rule gives to one place, with the names of what it is about. Letters of the formula stand for the operands.
function rule(t, place, isLocal) {
  const [made, given] = X.rules[t.operator] || ['', ''],
    texts = given.split(', '),
    names = {},
    n = t.operands.length;
  const letters = [...new Set(made.match(/\b[abpwx]\b/g))],
    numbers = t.attributes || {};
  if (letters.length === n && ['x', 'ab', 'xwb', 'xp'].includes(letters.join('')))
    letters.forEach((letter, i) => {
      names[letter] = name(t.operands[i]);
    });
  if (!/\by =/.test(made)) names.y = name(t.id);
  for (const k in numbers) if (typeof numbers[k] === 'number' && k.length < 9) names[k] = shown(numbers[k]);
  names.dy = by(rootName(), name(t.id));
  let text = texts.length === n ? texts[place - 1] : given;
  // The derivative alone: "c dy" is c, "dy / b" is 1 / b.
  if (isLocal)
    text = text
      .replace(/, (broadcast|summed).*/, '')
      .replace(/(?<=[\w)\]]) dy\b/g, '')
      .replace(/\bdy\b/, '1');
  return esc(text)
    .replace(/\b[a-z]+\b(?!['(;])/g, w => (Object.hasOwn(names, w) ? names[w] : w))
    .replace(/\^2(?!\d)/g, '²')
    .replace(/(^|\s|\()-/g, '$1−');
}

// ---- Forward ----
// One unit of a small layer, as a sum with numbers.
function unit(t) {
  const [x, w, b] = t.operands.map(id => T.get(id)),
    of = o => o && list(valueOf(o, 0), o.type);
  const xs = of(x),
    ws = of(w),
    bs = of(b),
    ys = list(t.value, t.type);
  if (t.operator !== 'linear' || !xs || !ws || !bs || !ys || w.shape[0] > 4 || !ys.length) return '';
  const units = w.shape[1],
    v = (o, i) => num('value', o.id, i, {wrap: 1});
  const terms = Array.from(
    {length: w.shape[0]},
    (_, i) =>
      num('value', x.id, xs[i], {index: i, wrap: 1}) +
      ' · ' +
      num('value', w.id, ws[i * units], {index: i * units, wrap: 1})
  );
  const sum = terms.join(' + ') + ' + ' + num('value', b.id, bs[0], {index: units > 1 ? 0 : undefined, wrap: 1});
  const activation = activationOf(t),
    first = units > 1 ? 'The first unit: ' : '';
  const y = isHidden('value', t.id) ? '?' : num('value', t.id, ys[0], {index: ys.length > 1 ? 0 : undefined});
  return `${first}${activation ? `${activation}(${sum})` : sum} = ${y}. `;
}
function sayResult(id) {
  const t = T.get(id),
    few = list(t.value, t.type),
    isAsked = isHidden('value', id),
    from = t.operands.length;
  const start = `<p>${name(id)}${from ? ' = ' + formula(t, name) : `, made by ${esc(t.operator)},`}`;
  if (few && few.length && few.length <= 4) {
    const text = isAsked ? '?' : elements('value', id, few),
      isOne = few.length === 1;
    const numbers = from && isOne && t.operator !== 'linear' ? formula(t, o => operandValue(o, t)) + ' = ' : '';
    return `${start} = ${numbers}<b>${isOne ? text : `[${text}]`}</b></p>`;
  }
  const range = t.dropped ? 'dropped by its segment' : `<b>${isAsked ? '?' : rangeOf(t.value)}</b>`;
  return `${start}, ${mono(shapeText(t))}, ${range}</p>`;
}
// Which numbers are not finite, and what came in.
function sayBad(t) {
  const bad = t.value && t.value.not_finite;
  const operands = t.operands.map(id => T.get(id)).filter(Boolean);
  const came = o => `${name(o.id)} is ${o.value && o.value.not_finite ? 'not finite already' : rangeOf(o.value)}`;
  if (!bad) return '';
  return ` <b>${bad} of ${t.value.n} ${bad > 1 ? 'are' : 'is'} not finite.</b> ${operands.map(came).join('; ')}.`;
}
function sayForward(s) {
  const t = T.get(s.ids[0]),
    all = position(D.tensors[D.tensors.length - 1].id);
  const isLast = D.status !== 'AD_OK' && !X.failed_back && s.ids.includes(D.tensors[D.tensors.length - 1].id);
  const kept = t.dropped ? 'dropped again; the reverse pass computes it once more.' : 'kept.';
  return (
    s.ids
      .filter(id => T.get(id).kind !== 'byproduct')
      .map(sayResult)
      .join('') +
    why(
      `${unit(t)}Forward pass: entry ${position(s.ids[0])} of ${all} is computed and ${kept}` +
        (isLast ? ' <b>After it the tape went into error: the message above says where.</b>' : '') +
        sayBad(t)
    )
  );
}

// ---- Reverse ----
// The products that an element of a part is the sum of, as C wrote them: "0.5 * 0.0594608 = 0.0297304".
function productOf(j) {
  const found = (X.products[band.walk] || {})[j];
  if (!found) return '';
  const p = band.parts[j],
    y = T.get(p.from),
    at = indexOf(found[0], T.get(p.of).shape),
    own = by(rootName(), name(p.of));
  const text = esc(found[1]).replace(/(= )?-?\d[\d.e+-]*/g, v => {
    const x = +v.replace('= ', '');
    return v[0] === '=' ? '= ' + mono(shown(x)) : mono(x < 0 ? `(${shown(x)})` : shown(x));
  });
  const symbols = y && y.operator === 'linear' ? symbolsOf(y, p.place, at.split(', ')) : '';
  return `<p>${own}[${at}] = ${symbols}${text.replace(/ \* /g, ' · ')}</p>`;
}
// The two factors of an element of a layer's gradient, by their names; '' where it is a sum of several products.
function symbolsOf(y, place, at) {
  const [x, w] = y.operands.map(name),
    units = y.shape[y.shape.length - 1],
    one = k => (units > 1 ? `[${k}]` : '');
  const own = by(rootName(), name(y.id)),
    dz = activationOf(y) ? by(rootName(), 'z') : own;
  const j = at[at.length - 1], // along the last axis; of the weights i is along the one before
    i = place === 2 ? at[at.length - 2] : j;
  if (size(y) > units || (place === 1 && units > 1)) return '';
  return [
    '',
    `${dz} · ${w}[${j}] = `,
    `${x}[${i}] · ${dz}${one(j)} = `,
    activationOf(y) ? `${own}${one(i)} · ${activationOf(y)}′ = ` : ''
  ][place];
}
// What the derivative of an activation is, by its result.
const slopes = {tanh: h => `(1 − ${h}²)`, logistic: h => `${h} · (1 − ${h})`};
// The gradient before the activation, in the unit whose product is written out: by names, then by numbers.
function sayInner(p, y, unit) {
  const slope = slopes[activationOf(y)],
    up = list((p.upstream || [])[0], y.type),
    ys = list(y.value, y.type),
    units = y.shape[y.shape.length - 1];
  const own = by(rootName(), name(y.id)),
    k = units > 1 ? `[${unit}]` : '';
  if (!slope) return `${by(rootName(), 'z')} = ${own} · ${activationOf(y)}′(z). `;
  const names = `${by(rootName(), 'z')}${k} = ${own}${k} · ${slope(name(y.id) + k)}`;
  if (!up || !ys || size(y) > units || !(unit >= 0)) return names + '. ';
  const index = units > 1 ? +unit : undefined;
  return (
    `${names} = ${num('gradient', y.id, up[unit], {index, wrap: 1, plain: 1})} · ` +
    `${slope(num('value', y.id, ys[unit], {index, wrap: 1}))}. `
  );
}
// Why a layer x w + b gives this to one of its operands.
function sayLayer(y, p, j) {
  const place = p.place,
    found = (X.products[band.walk] || {})[j],
    unit = place === 1 ? 0 : found ? indexOf(found[0], T.get(p.of).shape).split(', ').pop() : NaN;
  const [x, w, b] = y.operands.map(name),
    activation = activationOf(y),
    units = y.shape[y.shape.length - 1];
  const own = by(rootName(), name(y.id)),
    k = units > 1 ? '[j]' : '',
    to = units > 1 ? 'unit j' : 'the unit';
  const dz = (activation ? by(rootName(), 'z') : own) + k,
    weight = `${w}[i${units > 1 ? ', j' : ''}]`;
  const rows = size(y) > units ? ', summed over the rows' : '', all = units > 1 ? ', summed over the units' : '';
  const z = activation ? `Here z = ${x} ${w} + ${b}, so ${sayInner(p, y, unit)}` : '';
  return (
    z +
    [
      `${x}[i] reaches ${to} through ${weight}: it gets ${dz} · ${weight}${all}. `,
      `${weight} multiplies ${x}[i] on its way to ${to}: it gets ${x}[i] · ${dz}${rows}. `,
      `${b}${k} is added in ${to}: it gets ${dz}${rows}. `
    ][place - 1]
  );
}
function sayRule(p, y, j) {
  const a = name(p.of),
    b = name(p.from),
    isTwice = y.operands.filter(id => id === p.of).length > 1;
  const made = `${b} = ${formula(y, name)}`,
    which = isTwice ? ` By its ${ordinal(p.place)} operand alone,` : '';
  if (y.operator === 'linear') return sayLayer(y, p, j);
  const given = rule(y, p.place, p.local !== undefined);
  if (p.local !== undefined) {
    const local = shown(real(p.local)),
      plain = given.replace(/^\(([^()]*)\)$/, '$1'),
      text = !plain || plain === local ? '' : plain.includes(' where ') ? plain + '; here ' : plain + ' = ';
    return `${made}${isTwice ? '.' : ', so'}${which} ${by(b, a)} = ${text}${local}. `;
  }
  return `${made}${isTwice ? '.' : ', and'}${which} its rule gives ${a} this part${given ? ': ' + given : ''}. `;
}
function sayUses(p, g) {
  const a = name(p.of);
  if (g.cut) return `${a} is used in more places than this page has.`;
  if (g.all < 2) return '';
  if (g.whole) return `${g.all > 2 ? `All ${g.all}` : 'Both'} parts are in: the gradient of ${a} is complete.`;
  const isEach = partsTo(p.of, p.sweep).every(j => band.parts[j].origin === 'rule');
  const uses = isEach ? `is used in ${g.all} places, and each adds its part` : `has ${g.all} parts, which add up`;
  return `${a} ${uses}: this is part ${g.have}.`;
}
const walkNote = () =>
  !band.walk ? '' : `<b>Functional sweep</b>, of ad_grad or its kin: it differentiates ${rootName()}. `;
function sayPart(j) {
  const p = band.parts[j],
    y = T.get(p.from),
    g = state.gradients.get(p.of),
    a = name(p.of),
    b = name(p.from),
    l = rootName();
  const isMore = g.all > 1 || g.cut,
    part = partValue(p),
    v = ask('gradient', p.of, part),
    where = {from: p.from, place: p.place};
  const up = (p.upstream || []).find(Boolean),
    start = `<p>${fraction(l, a)} ${isMore ? 'receives' : '='} `;
  let text = start,
    few = list(p.part, typeOf(p.of));
  if (single(p) && p.local !== undefined && up && up.exact)
    text +=
      `${fraction(l, b)} · ${fraction(b, a)} = ${num('gradient', p.from, list(up, y.type)[0], {plain: 1})} · ` +
      `${num('local', p.of, real(p.local), {...where, type: 'f64', wrap: 1})} = ` +
      `<b>${num('part', p.of, v, where)}</b></p>`;
  else if (few && few.length && few.length <= 6)
    text += `<b>${v === hidden ? num('', '', hidden) : elements('part', p.of, few, where)}</b> through ${b}</p>`;
  else
    text +=
      `${mono(T.has(p.of) ? shapeText(T.get(p.of)) : '')} through ${b}, norm ` +
      `<b>${num('part-norm', p.of, v, {...where, type: 'f64'})}</b>` +
      (v === hidden ? '' : ` <span class="why">${rangeOf(p.part)}</span>`) +
      '</p>';
  if (isMore && single(p) && g.sum && !g.cut)
    text +=
      `<p>so far ${g.before ? num('gradient', p.of, g.before[0], {plain: 1}) : '0'} ${isMinus(part) ? '−' : '+'} ` +
      `${mono(v === hidden ? '?' : shown(Math.abs(part)))} = ` +
      `<b>${num('gradient', p.of, v === hidden ? v : g.sum[0])}</b></p>`;
  else if (v !== hidden) text += productOf(j);
  return text + why(walkNote() + (y ? sayRule(p, y, j) : '') + sayUses(p, g));
}
function sayStart(j) {
  const p = band.parts[j],
    id = p.of,
    t = T.get(id),
    y = t && itemOf(t.value, t),
    v = ask('gradient', id, partValue(p));
  const what = single(p) ? 'gradient' : 'gradient-norm';
  const given = `<b>${num(what, id, v, single(p) ? {} : {type: 'f64', bars: 1})}</b></p>`;
  if (p.origin === 'before')
    return `<p>${name(id)} had a gradient before this sweep, which adds to it: ${given}` + why('It was accumulated.');
  const value = y === undefined ? ' ' + mono(t ? shapeText(t) : '') : ' = ' + num('value', id, y);
  return (
    `<p>What is differentiated: ${name(id)}${value}, so ${fraction(name(id), name(id))} = ${given}` +
    why(
      walkNote() +
        'The reverse pass starts here and goes back through the tape. Each entry gives each of its operands ' +
        'a part: its own gradient times its derivative by that operand.'
    )
  );
}

// ---- Descent ----
// What is known of a step by its rate alone: it may be too long.
const sayDirection = rate =>
  rate < 0
    ? 'the rate is negative, so this is a step with the gradient; ' +
      `a small enough one makes ${rootName()} larger.`
    : rate === 0
      ? 'nothing changes.'
      : `a step against the gradient; a small enough one makes ${rootName()} smaller.`;
function sayChange(c) {
  const t = T.get(c.leaf),
    g = t && t.gradient,
    after = t && valueOf(t, changes.indexOf(c) + 1);
  if (!t) return '';
  const x = itemOf(c.before, t),
    v = itemOf(after, t),
    gi = itemOf(g, t),
    isAsked = isHidden('value', t.id),
    six = {digits: 6};
  const known = c.by === 'descend' && gi ? (x - v) / gi : NaN,
    rate = Number.isFinite(known) ? known : undefined;
  if (x === undefined || v === undefined)
    return (
      `<p>${name(t.id)} ${mono(shapeText(t))}: norm ${mono(shown(real(c.before.norm), 6))} → ` +
      `<b>${mono(isAsked ? '?' : after ? shown(real(after.norm), 6) : '·')}</b></p>` +
      why(
        `Changed in place by ${esc(c.by)}` +
          (c.by === 'descend' ? ', along its gradient: against it where the rate is positive.' : '.')
      )
    );
  const before = num('value', t.id, x, six),
    result = `<b>${num('value', t.id, isAsked ? hidden : v, six)}</b></p>`;
  if (rate === undefined) return `<p>${name(t.id)}: ${before} → ${result}` + why(`Changed in place by ${esc(c.by)}.`);
  const written = rate < 0 ? `(${shown(rate)})` : shown(rate);
  return (
    `<p>${name(t.id)} ← ${name(t.id)} − ${written} · ${fraction(rootName(), name(t.id))} = ` +
    `${before} − ${written} · ` +
    `${num('gradient', t.id, gi, {wrap: 1, plain: 1})} = ${result}` +
    why(`Gradient Descent with the rate ${shown(rate)}: ${sayDirection(rate)}`)
  );
}

// ---- All of them ----
function sayLeaves() {
  const leaves = D.tensors.filter(t => !t.operator && t.kind !== 'state');
  const text = leaves.slice(0, 6).map(t => {
    const few = list(valueOf(t, 0), t.type),
      isFew = few && few.length && few.length <= 4,
      text = !isFew ? mono(shapeText(t)) : few.length > 1 ? `= [${elements('value', t.id, few)}]` : '= ' + num('value', t.id, few[0]);
    return `<b>${name(t.id)} ${text}</b>`;
  });
  if (!leaves.length) return '<p>The tape is empty.</p>' + why('Nothing was recorded since it was opened or reset.');
  return (
    `<p>The leaves are given: ${text.join(', ')}${leaves.length > 6 ? ` and ${leaves.length - 6} more` : ''}.</p>` +
    why(
      'The forward pass computes one entry of the tape at a time, from left to right. ' +
        'Press → for the next step, End for all of them.'
    )
  );
}
function sayWhole(s) {
  const f = folds.find(q => q.key === s.whole),
    where = f ? esc(cut(f.name, 60)) : 'what is not drawn here';
  const what = s.ids ? count(s.ids.length, 'entry') : count(s.parts.length, 'part') + ' of gradients';
  return (
    `<p>The ${s.ids ? 'forward' : 'reverse'} pass goes through ${where}: ${what}.</p>` +
    why((s.walk ? walkNote() : '') + (f ? 'Choose the box and press f to see its inside, step by step.' : ''))
  );
}
function sayStep(s) {
  if (s.leaves) return sayLeaves();
  if (s.whole) return sayWhole(s);
  if (s.ids) return sayForward(s);
  if (s.change) return sayChange(s.change);
  return band.parts[s.parts[0]].origin === 'rule' ? sayPart(s.parts[0]) : sayStart(s.parts[0]);
}
// After the last step before a gradient rule failed it is said where that was.
function sentence() {
  const s = steps[at],
    isLast = X.failed_back && X.open && (D.parts.length ? at === lastStep() : (s.ids || []).includes(X.open));
  return sayStep(s) + why(isLast ? `<b>Then the gradient rule of ${name(X.open)} failed: the message above says how.</b>` : '');
}
