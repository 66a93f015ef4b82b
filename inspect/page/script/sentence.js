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
// ---- Gradient rules, in the words of the operators' rows ----
// The letters of a formula stand for the operands in the order in which they are first met; of these in another order.
const orders = {hinge: 'y t', atan2: 'y x', where: 'condition a b', normal_nll: 'x mean v'};
const operandWords = 'abpqrtvwxyzk'.split('').concat('mean', 'label', 'condition', 'rows', 'indices');
function lettersOf(t, made) {
  const met = [...made.matchAll(/([a-z]+)(?:_[a-z])?\b(?!\()/g)].map(m => m[1]).filter(word => operandWords.includes(word));
  const letters = orders[t.operator] ? orders[t.operator].split(' ') : t.operands.length === 1 ? ['x'] : [...new Set(met)];
  // What is given back to an operator's rule, v, comes first there.
  return orders[t.operator] || !letters.includes('v') ? letters : ['v', ...letters.filter(letter => letter !== 'v')];
}
// Divides a text where no bracket is open.
function divide(text, mark) {
  const out = [''];
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    depth += '(['.includes(text[i]) ? 1 : ')]'.includes(text[i]) ? -1 : 0;
    if (!depth && text.startsWith(mark, i)) {
      out.push('');
      i += mark.length - 1;
    } else out[out.length - 1] += text[i];
  }
  return out;
}
// What the rule gives to one operand, and what the letters are that it explains: "s (1 + x (1 - s)) dy, s = logistic(x)".
function ruleFor(t, place, given) {
  const [, all, where] = /^(.*?)(?:[;,] ([a-zA-Z_]+ = .*))?$/.exec(given),
    n = t.operands.length,
    mark = all.includes('; ') ? '; ' : ', ',
    texts = n === 1 && mark === ', ' ? [all] : divide(all, mark),
    order = real((t.attributes || {}).order);
  if (t.operator === 'where') return {text: texts[place - 2], where};
  if (n === 1 && texts.length > 1) return {text: texts[order === 1 ? 0 : order === 2 ? 1 : 2], where};
  return {text: /^each/.test(all) ? all : texts.length <= n ? texts[place - 1] : undefined, where};
}
// What the letters of a rule are called in this tape: operands, the result, its gradient, attributes.
function namesIn(t, made, upstream) {
  const names = {},
    x = T.get(t.operands[0]),
    letters = lettersOf(t, made),
    numbers = t.attributes || {};
  if (x && t.operands.length === 1 && size(t)) names.n = size(x) / size(t);
  for (const k in numbers) if (typeof real(numbers[k]) === 'number') names[k] = shown(real(numbers[k]));
  for (const [, letter, number] of made.matchAll(/\b([a-z]) = ([\d.]+\d)\.\.\./g)) names[letter] = number;
  if (upstream) names[upstream[1]] = name(t.id);
  if (letters.length === t.operands.length || letters[0] === 'v')
    letters.slice(0, t.operands.length).forEach((letter, i) => {
      names[letter] = name(t.operands[i]);
    });
  if (upstream) names[upstream] = by(rootName(), name(t.id));
  return names;
}
// Words that look like gradients, and are none.
const noGradients = ['digamma', 'diagonal', 'diag', 'det'];
// What a word of a row is: a letter with a name, one that the row explains, a function, one without a name, or English.
function kindOfWord(word, names, own, after) {
  if (Object.hasOwn(names, word) || own.includes(word)) return 'letter';
  if (after === '(') return 'function';
  if (word.length === 1) return 'eij'.includes(word) ? 'letter' : 'unknown';
  return /^d[a-z]+$/.test(word) && !noGradients.includes(word) ? 'unknown' : 'english';
}
// A text of a row with names for its letters, and with signs of multiplication; '' if a letter has no name.
function withNames(text, names, times) {
  const own = [...text.matchAll(/\b([a-zA-Z]+) = /g)].map(m => m[1]),
    tokens = text.matchAll(/(\s+)|([a-zA-Z]+(?:_[a-zA-Z]{2,})*)(?:_([a-z])\b)?|\d[\d.]*|\^2(?!\d)|./g);
  let out = '',
    last = ''; // whether a factor stands before
  for (const m of tokens) {
    const [token, blank, word, index] = m,
      kind = word ? kindOfWord(word, names, own, text[m.index + token.length]) : /\d/.test(token) ? 'number' : '';
    if (kind === 'unknown') return '';
    if (last === 'factor ' && (kind === 'letter' || kind === 'function' || kind === 'number' || token === '(')) out = out.slice(0, -1) + times;
    if (blank) out += ' ';
    else if (token === '^2') out += '²';
    else if (token === '-') out += '−';
    else if (token === '\'') out += '<sup>T</sup>';
    else if (word) out += (Object.hasOwn(names, word) ? names[word] : esc(word)) + (index ? `[${index}]` : '');
    else out += esc(token);
    if (blank) last += last ? ' ' : '';
    else if (token !== '^2' && token !== '\'') last = kind === 'letter' || ')]'.includes(token) ? 'factor' : '';
  }
  return out;
}
// The derivative alone: "c dy" is c, "dy / b" is 1 / b.
const withoutUpstream = (text, upstream) =>
  text
    .replace(/, (broadcast|summed).*/, '')
    .replace(new RegExp(`(?<=[\\w)\\]']) ${upstream}\\b`, 'g'), '')
    .replace(new RegExp(`\\b${upstream}\\b`, 'g'), '1')
    .replace(/^1 to the (\w+)$/, '1 for the $1, else 0')
    .replace(/^1 (in the|put|permuted|backwards).*/, '1');
// What a rule gives to one place, with the names of what it is about; '' if that cannot be told from the row.
function rule(t, place, isLocal) {
  const [made, given] = X.rules[t.operator] || ['', ''],
    upstream = (/\bd[lyzr](?![a-z])/.exec(given) || [''])[0],
    names = namesIn(t, made, upstream),
    times = given.includes('\'') ? ' ' : ' · ',
    {text, where} = ruleFor(t, place, given);
  if (!text) return '';
  const isSummed = !isLocal && t.operands.length > 1 && size(T.get(t.operands[place - 1]) || t) < size(t) && !/['[_]|sum|each/.test(made + given);
  const said = isLocal && upstream ? withoutUpstream(text, upstream) : text.replace(upstream + ' /', `(${upstream}) /`);
  const named = withNames(said.replace(/, broadcast$/, ', to each number') + (where ? ', where ' + where : ''), names, times);
  const notes = [
    named.includes('<sup>') && ', where <sup>T</sup> swaps rows and columns',
    isSummed && `, summed to the shape of ${name(t.operands[place - 1])}`
  ];
  return named && named + notes.filter(Boolean).join('');
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
  const start = `<p>${name(id)}${from ? ' = ' + formula(t, name) : `, made by ${esc(t.operator)}`}`;
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
  if (!bad || isHidden('value', t.id)) return '';
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
    return v[0] === '=' ? '= ' + mono(shown(x)) : mono(isMinus(x) ? `(${shown(x)})` : shown(x));
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
    dz = activationOf(y) ? by(rootName(), sumName) : own;
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
// What a layer's activation is of has no name on the tape: z, unless a tensor is called so.
const sumName = ['z', 's', 'u'].find(c => !D.tensors.some(t => t.name === c)) || 'sum';
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
  if (!slope) return `${by(rootName(), sumName)} = ${own} · ${activationOf(y)}′(${sumName}). `;
  const names = `${by(rootName(), sumName)}${k} = ${own}${k} · ${slope(name(y.id) + k)}`;
  if (!up || !ys || size(y) > units || !(unit >= 0) || isAsking()) return names + '. ';
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
    unit = place === 1 ? 0 : found ? indexOf(found[0], T.get(p.of).shape).split(', ').pop() : 'j';
  const [x, w, b] = y.operands.map(name),
    activation = activationOf(y),
    units = y.shape[y.shape.length - 1];
  const own = by(rootName(), name(y.id)),
    k = units > 1 ? '[j]' : '',
    to = units > 1 ? 'unit j' : 'the unit';
  const dz = (activation ? by(rootName(), sumName) : own) + k,
    weight = `${w}[i${units > 1 ? ', j' : ''}]`;
  const rows = size(y) > units ? ', summed over the rows' : '', all = units > 1 ? ', summed over the units' : '';
  const z = activation ? `Here ${sumName} = ${x} ${w} + ${b}, so ${sayInner(p, y, unit)}` : '';
  return (
    z +
    [
      `${x}[i] reaches ${to} through ${weight}: it gets ${dz} · ${weight}${all}. `,
      `${weight} multiplies ${x}[i] on its way to ${to}: it gets ${x}[i] · ${dz}${rows}. `,
      `${b}${k} is added in ${to}: it gets ${dz}${rows}. `
    ][place - 1]
  );
}
// Whether ∂b/∂a, of what gave the part by what it is for, could be read as the whole derivative, which has more parts, or
// as what is computed here.
const isAmbiguous = (p, g) => g.all > 1 || g.cut || p.from === root();
function sayLocal(p, y, g) {
  const a = name(p.of),
    b = name(p.from),
    local = shown(real(p.local)),
    given = rule(y, p.place, true).replace(/^\(([^()]*)\)$/, '$1'),
    text = !given || given === local ? '' : given.includes(' where ') ? given + '; here ' : given + ' = ',
    number = text + (isAsking() ? '?' : local),
    alone = y.operands.length > 1 ? `By its ${ordinal(p.place)} operand alone, the` : 'The',
    made = `${b} = ${formula(y, name)}`;
  if (!isAmbiguous(p, g)) return `${made}, so ${by(b, a)} = ${number}. `;
  return `${made}. ${alone} local derivative is ${number}. `;
}
// A rule whose letters have no names here is said as its row has it.
function sayRule(p, y, j, g) {
  if (y.operator === 'linear') return sayLayer(y, p, j);
  if (p.local !== undefined) return sayLocal(p, y, g);
  const isTwice = y.operands.filter(id => id === p.of).length > 1,
    which = isTwice ? `. By its ${ordinal(p.place)} operand alone,` : ', and',
    start = `${name(p.from)} = ${formula(y, name)}${which} its rule gives ${name(p.of)} this part`,
    given = rule(y, p.place, false),
    [made, own] = X.rules[y.operator] || ['', ''];
  if (given || !own) return `${start}${given ? ': ' + given : ''}. `;
  return `${start}. In letters of its own, ${esc(y.operator)} is ${mono(esc(made))}, and its rule is ${mono(esc(own))}. `;
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
      `${fraction(l, b)} · ${isAmbiguous(p, g) ? 'local derivative' : fraction(b, a)} = ` +
      `${num('gradient', p.from, list(up, y.type)[0], {plain: 1})} · ` +
      `${num('local', p.of, v === hidden ? v : real(p.local), {...where, type: 'f64', wrap: 1})} = ` +
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
      `<p>so far ${g.before ? num('gradient', p.of, g.before[0], {plain: 1}) : '0'} ${v !== hidden && isMinus(part) ? '−' : '+'} ` +
      `${mono(v === hidden ? '?' : shown(Math.abs(part)))} = ` +
      `<b>${num('gradient', p.of, v === hidden ? v : g.sum[0])}</b></p>`;
  else if (v !== hidden) text += productOf(j);
  return text + why(walkNote() + (y ? sayRule(p, y, j, g) : '') + sayUses(p, g));
}
function sayStart(j) {
  const p = band.parts[j],
    id = p.of,
    t = T.get(id),
    y = t && itemOf(t.value, t),
    v = ask('gradient', id, partValue(p));
  const what = single(p) ? 'gradient' : 'gradient-norm';
  const given = `<b>${num(what, id, v, single(p) ? {} : {type: 'f64', bars: 1})}</b>`;
  if (p.origin === 'before')
    return `<p>${name(id)} had a gradient before this sweep, which adds to it: ${given}</p>` + why('It was accumulated.');
  const value = y === undefined ? ' ' + mono(t ? shapeText(t) : '') : ' = ' + num('value', id, y),
    own = fraction(name(id), name(id));
  const said = steps[at].phase === 'error'
    ? `The error is measured: ${name(id)}${value}. The reverse pass begins with ${own} = ${given}.`
    : `What is differentiated: ${name(id)}${value}, so ${own} = ${given}`;
  return (
    `<p>${said}</p>` +
    why(
      walkNote() +
        'The reverse pass goes back through the tape. Each entry gives each of its operands a part: its own gradient ' +
        'times its derivative by that operand.'
    )
  );
}
// The first sentence that shows a norm says what it is.
const firstNorm = () =>
  steps.findIndex(s => s.parts && !s.whole && s.parts.some(j => !single(bands[s.walk].parts[j]) && nodes.has(bands[s.walk].parts[j].of)));
function sayNorm(s) {
  const id = band.parts[s.parts[0]].of,
    g = state.gradients.get(id),
    few = g.sum && g.sum.length && g.sum.length <= 6;
  if (isAsking() || g.norm === undefined) return '';
  const of = few ? `[${elements('gradient', id, g.sum, {plain: 1})}]` : `these ${size(T.get(id))} numbers`;
  return why(`${num('gradient-norm', id, g.norm, {type: 'f64', bars: 1, digits: 3})} in the box of ${name(id)} is the length (the norm) of ${of}.`);
}

// ---- Descent ----
// What is known of a step by its rate alone: it may be too long.
const sayDirection = rate =>
  rate < 0
    ? 'the rate is negative, so this is a step with the gradient; ' +
      `a small enough one makes ${rootName()} larger.`
    : `a step against the gradient; a small enough one makes ${rootName()} smaller.`;
// The rate of a step along the gradient, if all of the numbers went by the same one. Of numbers that stay it is not known.
function rateOf(before, after, g) {
  const change = i => (before[i] - after[i]) / g[i],
    first = g.findIndex(v => v !== 0),
    rate = change(first),
    isOne = i => (g[i] === 0 ? before[i] === after[i] : Math.abs(change(i) - rate) <= 1e-9 * Math.abs(rate));
  return first >= 0 && rate && isFinite(rate) && g.every((_, i) => isOne(i)) ? {rate, first} : {};
}
// Which way all of the numbers went that have a gradient.
function sayWay(before, after, g) {
  const isStill = before.map((v, i) => v === after[i]),
    at = g.map((_, i) => i).filter(i => g[i] !== 0 || !isStill[i]),
    isAll = way => at.every(i => Math.sign(before[i] - after[i]) * Math.sign(g[i]) === way),
    [each, stays] = g.length > 1 ? ['Each', 'each number stays as it was'] : ['Its', 'it stays as it was'];
  if (isAsking() || !g.length) return '';
  if (!at.length) return ` ${each} gradient is 0, so that ${stays}, whatever the rate is.`;
  if (isStill.every(Boolean)) return ` ${stays[0].toUpperCase()}${stays.slice(1)}.`;
  const which = at.length < g.length ? 'Each number whose gradient is not 0' : g.length > 1 ? 'Each number' : 'It';
  return isAll(1) ? ` ${which} went against its gradient.` : isAll(-1) ? ` ${which} went with its gradient.` : '';
}
// A step as the calculation of one number.
function sayStepOf(t, i, rate, [before, after, g]) {
  const isMany = before.length > 1,
    index = isMany ? i : undefined,
    at = isMany ? `[${indexOf(i, t.shape)}]` : '',
    own = name(t.id) + at,
    derivative = isMany ? by(rootName(), own) : fraction(rootName(), own),
    written = rate < 0 ? `(${shown(rate)})` : shown(rate);
  return (
    `<p>${own} ← ${own} − ${written} · ${derivative} = ` +
    `${num('value', t.id, before[i], {index, digits: 6})} − ${written} · ` +
    `${num('gradient', t.id, g[i], {index, wrap: 1, plain: 1})} = ` +
    `<b>${num('value', t.id, isHidden('value', t.id) ? hidden : after[i], {index, digits: 6})}</b></p>` +
    why(`Gradient Descent with the rate ${shown(rate)}${isMany ? `, the same for all ${g.length} numbers` : ''}: ${sayDirection(rate)}`)
  );
}
function sayChange(c) {
  const t = T.get(c.leaf),
    then = t && valueOf(t, changes.indexOf(c) + 1);
  if (!t) return '';
  const lists = [list(c.before, t.type), list(then, t.type), list(t.gradient, t.type)],
    [before, after] = lists,
    isAsked = isHidden('value', t.id),
    isKnown = lists.every(Boolean),
    {rate, first} = isKnown && c.by === 'descend' ? rateOf(...lists) : {};
  if (rate !== undefined) return sayStepOf(t, first, rate, lists);
  const written = before && after && before.length <= 4 ? v => (v.length > 1 ? `[${elements('value', t.id, v)}]` : num('value', t.id, v[0], {digits: 6})) : null;
  const [x, v] = written ? [written(before), written(after)] : [mono(shown(real(c.before.norm), 6)), mono(then ? shown(real(then.norm), 6) : '·')];
  return (
    `<p>${name(t.id)}${written ? ': ' : ` ${mono(shapeText(t))}: its length (norm) goes `}${x} → <b>${isAsked ? '?' : v}</b></p>` +
    why(`Changed in place by ${esc(c.by)}.${isKnown ? sayWay(...lists) : ''}`)
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
  return sayStep(s) + (at === firstNorm() ? sayNorm(s) : '') + why(isLast ? `<b>Then the gradient rule of ${name(X.open)} failed: the message above says how.</b>` : '');
}
