// The view Activations: its numbers and its curves against closed forms.
import {readFileSync} from 'node:fs';
import {addressOf, inEachLook, resize} from './browser.mjs';

// ---- Closed forms ----
const s = z => 1 / (1 + Math.exp(-z));
// The normal distribution function by its series.
function normal(z) {
    let term = z,
        sum = z;
    for (let k = 1; k < 200; k++) sum += term *= (z * z) / (2 * k + 1);
    return z === 0 ? 0.5 : 0.5 + sum * density(z);
}
const density = z => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI),
    scale = 1.0507009873554805,
    alpha = 1.6732632423543772;
// Values and derivatives, where the engine has its own choice at a jump.
const forms = {
    step: [z => (z >= 0 ? 1 : 0), () => 0],
    logistic: [s, z => s(z) * s(-z)],
    tanh: [Math.tanh, z => 1 / Math.cosh(z) ** 2],
    relu: [z => Math.max(0, z), z => (z > 0 ? 1 : 0)],
    softplus: [z => (z === Infinity ? z : Math.log1p(Math.exp(z))), s],
    elu: [z => (z > 0 ? z : Math.expm1(z)), z => (z > 0 ? 1 : Math.exp(z))],
    gelu: [z => (Number.isFinite(z) ? z * normal(z) : Math.max(z, 0)), z => normal(z) + z * density(z)],
    silu: [z => (Number.isFinite(z) ? z * s(z) : Math.max(z, 0)), z => s(z) * (1 + z * s(-z))],
    selu: [z => scale * (z > 0 ? z : alpha * Math.expm1(z)), z => scale * (z > 0 ? 1 : alpha * Math.exp(z))],
    leaky_relu: [(z, slope) => (z > 0 ? z : slope * z), (z, slope) => (z > 0 ? 1 : slope)],
    hardtanh: [z => Math.max(-1, Math.min(1, z)), z => (Math.abs(z) <= 1 ? 1 : 0)],
    log_logistic: [z => (z === -Infinity ? z : -Math.log1p(Math.exp(-z))), z => s(-z)],
    identity: [z => z, () => 1]
};
const titles = {
    ReLU: 'relu',
    ELU: 'elu',
    GELU: 'gelu',
    SiLU: 'silu',
    SELU: 'selu',
    'leaky ReLU': 'leaky_relu',
    'log logistic': 'log_logistic'
};
const formOf = of => forms[of.split(' ')[0]].map(f => z => f(z, +(of.split(' ')[1] || 0.01)));
const parse = text => (text === 'inf' ? Infinity : text === '-inf' ? -Infinity : Number(text));
const isNear = (a, b) => a === b || Math.abs(a - b) <= 1e-12 * Math.max(1, Math.abs(b));
const shown = text => Number(text.replaceAll('−', '-').replace('∞', 'Infinity'));
const layerActivations = [, 'relu', 'tanh', 'logistic', 'softplus', 'elu', 'identity'];
// What a tape applies, and the entries that do.
function usesOf(tape) {
    const uses = new Map();
    for (const t of tape.tensors.filter(t => t.operator && t.id === t.call)) {
        let name = t.operator === 'linear' ? layerActivations[t.attributes.activation] || 'identity' : t.operator;
        if (!forms[name] || (name === 'identity' && t.operator !== 'linear')) continue;
        if (name === 'leaky_relu' && t.attributes.slope !== 0.01) name += ' ' + t.attributes.slope;
        if (!uses.has(name)) uses.set(name, []);
        uses.get(name).push(t);
    }
    return uses;
}

// ---- What is seen ----
const readView = page =>
    page.evaluate(() => {
        const view = document.querySelector('#v-activations'),
            number = e => ({...e.dataset, text: e.textContent});
        const places = (svg, selector) =>
            [...svg.querySelectorAll(selector)].map(e => [e.textContent, +e.getAttribute('x'), +e.getAttribute('y')]);
        return {
            numbers: [...view.querySelectorAll('[data-exact]')].map(number),
            rows: [...view.querySelectorAll('tbody tr')].map(r => ({
                cells: [...r.children].map(c => c.textContent.trim()),
                numbers: [...r.querySelectorAll('[data-exact]')].map(number)
            })),
            isTableFirst: !!(
                view.querySelector('table').compareDocumentPosition(view.querySelector('svg')) &
                Node.DOCUMENT_POSITION_FOLLOWING
            ),
            pictures: [...view.querySelectorAll('svg')]
                .filter(p => !p.closest('[aria-hidden=true]'))
                .map(p => [p.getAttribute('role'), p.getAttribute('aria-label')]),
            drawings: [...view.querySelectorAll('.curves figure')].map(f => ({
                caption: f.querySelector('figcaption').textContent.trim(),
                text: f.textContent,
                x: places(
                    f.querySelector('.plot-tick:not(.v)') ? f : view.querySelector('#act-grid'),
                    '.plot-tick:not(.v) text'
                ),
                y: places(f, '.plot-tick.v text'),
                curves: [...f.querySelectorAll('path.c')].map(p => [p.getAttribute('class'), p.getAttribute('d')]),
                circles: [...f.querySelectorAll('circle')].map(c => [
                    c.getAttribute('class'),
                    +c.getAttribute('cx'),
                    +c.getAttribute('cy')
                ]),
                units: (f.querySelector('path.units') || {getAttribute: () => ''}).getAttribute('d')
            }))
        };
    });
// The points of a path of M and l, and whether each begins a line.
function pointsOf(d) {
    const points = [];
    let x = 0,
        y = 0;
    for (const [, command, rest] of d.matchAll(/([Ml])([^Ml]*)/g)) {
        const numbers = rest.match(/-?(\d+(\.\d+)?|\.\d+)/g).map(Number);
        for (let i = 0; i + 1 < numbers.length; i += 2) {
            [x, y] = command === 'M' ? numbers.slice(i, i + 2) : [x + numbers[i], y + numbers[i + 1]];
            points.push({x, y, begins: command === 'M' && i === 0});
        }
    }
    return points;
}
// From a place in a drawing to z and y, by the numbers on its axes.
function rulerOf(drawing) {
    const along = (ticks, k) => {
        const [a, b] = [ticks[0], ticks[ticks.length - 1]],
            [from, to] = [shown(a[0]), shown(b[0])];
        return {
            at: p => from + ((p - a[k]) / (b[k] - a[k])) * (to - from),
            pixel: Math.abs((to - from) / (b[k] - a[k])),
            shift: a[k]
        };
    };
    const x = along(drawing.x, 1),
        y = along(drawing.y, 2);
    return {z: x.at, y: p => y.at(p + 4), pixel: y.pixel, wide: x.pixel}; // numbers stand 4 units below their lines
}

// ---- Checks ----
function checkNumbers(view, expect) {
    for (const n of view.numbers) {
        const [value, derivative] = formOf(n.of),
            exact = parse(n.exact),
            wanted = (n.what === 'curve-value' ? value : derivative)(parse(n.at));
        expect(['curve-value', 'curve-derivative'].includes(n.what), `a number is ${n.what}`);
        expect(isNear(exact, wanted), `${n.what} of ${n.of} at ${n.at} is ${n.exact}, not ${wanted}`);
        const text = shown(n.text);
        expect(
            text === exact || Math.abs(text - exact) <= 5.1e-4 * Math.abs(exact),
            `${n.exact} is shown as ${n.text}`
        );
    }
    const set = (what, of, at) =>
        view.numbers.filter(n => n.what === what && n.of === of && n.at === String(at)).map(n => n.exact);
    for (const [what, of, at, wanted] of [
        ['curve-derivative', 'logistic', 0, 0.25],
        ['curve-derivative', 'tanh', 0, 1],
        ['curve-derivative', 'step', 0, 0],
        ['curve-derivative', 'relu', 0, 0],
        ['curve-value', 'step', 0, 1],
        ['curve-value', 'logistic', 0, 0.5]
    ]) {
        const found = set(what, of, at);
        expect(
            found.length >= 2 && found.every(x => Number(x) === wanted),
            `${what} of ${of} at ${at} is ${found}, not ${wanted}`
        );
    }
}
// The table names each activation once, with its largest derivative; no point of a fine grid has a larger one.
function checkTable(view, uses, expect) {
    const names = new Set([...Object.keys(forms), ...uses.keys()]);
    if (!uses.has('leaky_relu')) names.add('leaky_relu');
    expect(view.isTableFirst, 'the table is not the first that is read');
    const seen = view.rows.map(r => r.numbers[0].of);
    expect(seen.length === names.size && seen.every(n => names.has(n)), `the table has ${seen}`);
    expect(
        [...uses.keys()].every((n, i) => seen[i] === n),
        `the table begins with ${seen.slice(0, uses.size)}, not ${[...uses.keys()]}`
    );
    for (const row of view.rows) {
        const of = row.numbers[0].of,
            [, derivative] = formOf(of),
            largest = parse(row.numbers[2].exact);
        expect(
            row.numbers.map(n => n.what).join() === 'curve-value,curve-derivative,curve-derivative',
            `the row of ${of} has ${row.numbers.map(n => n.what)}`
        );
        expect(row.numbers[0].at === '0' && row.numbers[1].at === '0', `the row of ${of} is at ${row.numbers[0].at}`);
        expect(row.cells[5] === (uses.has(of) ? 'yes' : 'no'), `${of} is on this tape: ${row.cells[5]}`);
        for (let z = -40; z <= 40; z += 1 / 64)
            if (derivative(z) > largest + 1e-12)
                expect(false, `${of} has a derivative of ${derivative(z)} at ${z}, and the table ${largest}`);
    }
}
function checkCurve(d, ruler, f, what, expect) {
    const points = pointsOf(d);
    expect(points.length >= 2, `${what} has ${points.length} points`);
    for (const p of points) {
        // At a jump a line begins or ends at a limit.
        const z = ruler.z(p.x),
            near = [
                z,
                z - 2 * ruler.wide,
                z + 2 * ruler.wide,
                Math.round(z) - 1e-6,
                Math.round(z),
                Math.round(z) + 1e-6
            ].filter((at, i) => i < 3 || Math.abs(at - z) < ruler.wide);
        const ys = near.slice(0, 1).concat(near.slice(3)).map(f);
        expect(
            ys.some(y => Math.abs(y - ruler.y(p.y)) < 0.25 * ruler.pixel),
            `${what} goes through ${ruler.y(p.y).toFixed(3)} at ${z.toFixed(3)}, not ${ys[0].toFixed(3)}`
        );
    }
    // Between its points a line is where the curve is, too.
    for (let i = 1; i < points.length; i++) {
        const [a, b] = [points[i - 1], points[i]],
            z = ruler.z((a.x + b.x) / 2);
        if (!b.begins)
            expect(Math.abs(f(z) - ruler.y((a.y + b.y) / 2)) < 0.4 * ruler.pixel, `${what} is not at ${f(z)} at ${z}`);
    }
}
function checkBook(view, expect) {
    for (const [i, what] of [
        [0, 'values'],
        [1, 'derivatives']
    ]) {
        const drawing = view.drawings[i],
            ruler = rulerOf(drawing);
        expect(
            drawing.curves.map(c => c[0]).join() === 'c step,c logistic,c tanh,c relu',
            `the figure has ${drawing.curves.map(c => c[0])}`
        );
        for (const [kind, d] of drawing.curves)
            checkCurve(d, ruler, formOf(kind.slice(2))[i], `${what}: ${kind}`, expect);
        const circles = drawing.circles
            .map(([kind, x, y]) => `${kind} ${ruler.z(x).toFixed(2)} ${ruler.y(y).toFixed(2)}`)
            .map(t => t.replace('-0.00', '0.00'));
        const wanted = i === 0 ? ['open 0.00 0.00', 'there 0.00 1.00'] : ['open 0.00 1.00', 'there 0.00 0.00'];
        expect(circles.sort().join() === wanted.join(), `${what}: the jump is marked by ${circles}`);
        for (const label of ['step', 'logistic', 'tanh', 'ReLU'])
            expect(drawing.text.includes(label), `${what}: no curve is called ${label}`);
    }
}
// Each small drawing: both curves, who uses it, and the units on it.
function checkPanel(drawing, uses, expect) {
    const title = drawing.caption.split(' used by ')[0],
        slope = title.match(/^leaky ReLU (\S+)$/),
        of = slope ? 'leaky_relu ' + slope[1].replace('−', '-') : titles[title] || title,
        ruler = rulerOf(drawing),
        [value, derivative] = formOf(of),
        users = uses.get(of) || [];
    expect(drawing.curves.map(c => c[0]).join() === 'c d,c', `${of} has the curves ${drawing.curves.map(c => c[0])}`);
    checkCurve(drawing.curves[0][1], ruler, derivative, `the derivative of ${of}`, expect);
    checkCurve(drawing.curves[1][1], ruler, value, `the value of ${of}`, expect);
    const named = users.slice(0, 4).map(t => t.name || t.id);
    if (users.every(t => /^\w{0,20}$/.test(t.name)))
        expect(
            drawing.caption ===
                title +
                    (named.length ? ` used by ${named.join(', ')}` : '') +
                    (users.length > 4 ? ` and ${users.length - 4} more` : ''),
            `${of} is said to be ${drawing.caption}`
        );
    const units = drawing.units ? pointsOf(drawing.units) : [];
    expect(units.length <= 64 && (users.length || !units.length), `${of} has ${units.length} units`);
    const counted = drawing.text.match(/\+ (\d+) of (\d+) units( of the users named here)?/);
    expect(!counted || !counted[3] === users.length <= 4, `the units of ${users.length} users of ${of}: ${counted}`);
    expect(
        !counted || +counted[1] === units.length,
        `${units.length} units of ${of} are drawn, and it says ${counted}`
    );
    for (const p of units)
        expect(
            Math.abs(value(ruler.z(p.x)) - ruler.y(p.y)) < 0.4 * ruler.pixel + ruler.wide,
            `a unit of ${of} is beside the curve`
        );
    const all = users.slice(0, 4).map(t => t.value && t.value.exact);
    if (!users.length || !all.every(Boolean)) return;
    const ys = all.flat();
    expect(!counted || +counted[2] === ys.length, `${of} is of ${ys.length} units, and it says ${counted}`);
    for (const p of units)
        expect(
            ys.some(y => Math.abs(y - ruler.y(p.y)) < 0.2 * ruler.pixel),
            `a unit of ${of} at ${ruler.y(p.y)} is not on the tape`
        );
}

// The classes of the view mean nothing outside of it.
async function checkScope(page, expect) {
    const touched = await page.evaluate(() => {
        const make = (kind, name) => {
            const e = document.createElementNS(
                kind === 'i' ? document.body.namespaceURI : 'http://www.w3.org/2000/svg',
                kind
            );
            e.setAttribute('class', name);
            return document.body.appendChild(e);
        };
        const styleOf = e => {
            const style = getComputedStyle(e);
            return [...style].map(k => style.getPropertyValue(k)).join();
        };
        const names = 'acts curves book each tick ax c d units step logistic relu open key'.split(' ');
        return names.filter(name =>
            ['i', 'path'].some(kind => {
                const both = [make(kind, name), make(kind, 'of-no-rule')],
                    [a, b] = both.map(styleOf);
                both.forEach(e => e.remove());
                return a !== b;
            })
        );
    });
    const stroke = await page.evaluate(() => getComputedStyle(document.querySelector('path.plot-grid')).stroke);
    expect(stroke !== 'none', 'the lines of the grid are not seen');
    expect(!touched.length, `the style sheet of the activations touches ${touched} outside of them`);
}

// All of it. `look` judges what is seen: overlaps, contrast, the size of letters.
export async function checkActivations(page, name, tape, expect, look) {
    const isWhole = !tape.isCut,
        uses = usesOf(tape),
        isThere = await page.locator('#v-activations').count(),
        tab = page.locator('#t-activations');
    if (isWhole)
        expect(!!isThere === [...uses.keys()].some(n => n !== 'identity'), `the view Activations is there: ${isThere}`);
    expect((await tab.isVisible()) === !!isThere, 'the tab Activations does not go with its view');
    if (!isThere) return;
    await page.keyboard.press('a');
    expect(
        (await addressOf(page)).includes('view=activations') && (await page.locator('#v-activations').isVisible()),
        'key a does not open the activations'
    );
    const view = await readView(page);
    const html = readFileSync(new URL(page.url().split('#')[0]), 'utf8').split(
            '<section class="view" id="v-activations"'
        )[1],
        bytes = Buffer.byteLength(html.split('</section>')[0]);
    expect(bytes < 30000, `the view Activations has ${bytes} bytes`);
    expect(
        view.pictures.length === view.drawings.length &&
            view.pictures.every(([role, label]) => role === 'img' && label),
        'a drawing has no name'
    );
    checkNumbers(view, expect);
    checkBook(view, expect);
    await checkScope(page, expect);
    if (isWhole) checkTable(view, uses, expect);
    for (const drawing of view.drawings.slice(2)) if (isWhole) checkPanel(drawing, uses, expect);
    // The view is nearly the same on all pages.
    if (['activations', 'classifier'].includes(name))
        await inEachLook(page, async what => {
            await look(page, 'activations, ' + what);
            await page.keyboard.press('b');
            await look(page, `activations, ${what} A+`);
            await page.keyboard.press('b');
        });
    await page.emulateMedia({colorScheme: 'light'});
    await resize(page, 1280, 720);
    await page.emulateMedia({media: 'print'});
    expect(await page.locator('#v-activations .book svg').first().isVisible(), 'print lacks the activations');
    await page.emulateMedia({media: 'screen'});
    await page.keyboard.press('g');
}
