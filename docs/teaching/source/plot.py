"""Draws columns of a table as an SVG: lines that differ by their dashes, not by colour; round numbers on the axes; a title
at every point."""
import html
import math

WIDTH, HEIGHT = 640, 250
LEFT, TOP, BOTTOM = 64, 12, 44
KEY, NO_KEY = 130, 12  # what is left free on the right
DASHES = ["", "8 4", "2 4", "10 3 2 3", "16 5"]


def shown(number):
    """A number's text in a page: with the minus of typography."""
    return number.replace("-", "−")


def ticks(low, high):
    """From four to ten round numbers that hold low and high between them."""
    if low == high:
        low, high = low - 1, high + 1
    size = 10 ** math.floor(math.log10((high - low) / 4))
    step = next(size * k for k in (1, 2, 5, 10) if (high - low) / (size * k) <= 8)
    return [k * step for k in range(math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9) + 1)]


def powers(low, high):
    """At most nine powers of ten, as logarithms, that hold low and high between them; those between two are left out."""
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    step = max(1, math.ceil((last - first) / 8))
    return list(range(first, max(last, first + 1) + step, step))


class Axis:
    """Where a number is drawn, from `begin` to `end`. A logarithmic axis takes numbers above 0."""

    def __init__(self, numbers, begin, end, is_log):
        self.is_log = is_log
        self.marks = (powers if is_log else ticks)(min(numbers), max(numbers))
        self.begin, self.end = begin, end

    def at(self, number, is_mark=False):
        value = math.log10(number) if self.is_log and not is_mark else number
        part = (value - self.marks[0]) / (self.marks[-1] - self.marks[0])
        return self.begin + part * (self.end - self.begin)

    def labels(self):
        for mark in self.marks:
            yield self.at(mark, True), shown(f"1e{mark}" if self.is_log else f"{mark:.6g}")


def spread(wanted):
    """Heights of labels near those that are wanted, 17 apart at least."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    lowest = HEIGHT - BOTTOM - 17 * (len(wanted) - 1)
    heights, last = {}, TOP - 17
    for n, i in enumerate(order):
        last = heights[i] = min(max(wanted[i], last + 17), lowest + 17 * n)
    return heights


def draw_axes(x, y, options):
    bottom, right = HEIGHT - BOTTOM, int(x.end)
    for at, text in x.labels():
        yield f'<path class="grid" d="M{at:.1f} {TOP}V{bottom}"/><text x="{at:.1f}" y="{bottom + 16}" class="mid">{text}</text>'
    for at, text in y.labels():
        yield f'<path class="grid" d="M{LEFT} {at:.1f}H{right}"/><text x="{LEFT - 6}" y="{at + 4:.1f}" class="end">{text}</text>'
    yield f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}"/>'
    if not y.is_log and y.marks[0] < 0 < y.marks[-1]:
        yield f'<path class="axis" d="M{LEFT} {y.at(0):.1f}H{right}"/>'
    middle = (LEFT + right) / 2
    yield f'<text x="{middle:.0f}" y="{HEIGHT - 8}" class="mid">{html.escape(options["x"])}</text>'
    if "y" in options:
        middle = (TOP + bottom) / 2
        yield f'<text transform="translate(14 {middle:.0f}) rotate(-90)" class="mid">{html.escape(options["y"])}</text>'


def draw_stairs(places):
    """From place to place: first across, then up or down."""
    way = "".join(f"H{a:.1f}V{b:.1f}" for a, b in places[1:])
    yield f'<path class="line" d="M{places[0][0]:.1f} {places[0][1]:.1f}{way}"/>'


def draw_series(n, name, points, x, y, options):
    dash = f' stroke-dasharray="{DASHES[n % len(DASHES)]}"' if DASHES[n % len(DASHES)] else ""
    places = [(x.at(float(a)), y.at(float(b))) for a, b in points]
    with_line = "points" not in options
    if "stairs" in options and n > 0:
        yield from draw_stairs(places)
    elif with_line:
        kind = "line thin" if "stairs" in options else "line"
        yield f'<path class="{kind}"{dash} d="M{" ".join(f"{a:.1f} {b:.1f}" for a, b in places)}"/>'
    mark = "mark" if len(points) <= 40 or not with_line else "mark clear"
    for (a, b), (px, py) in zip(points, places):
        title = html.escape(f"{shown(a)}: {name} {shown(b)}")
        yield (f'<circle class="{mark}" cx="{px:.1f}" cy="{py:.1f}" r="3" data-series="{html.escape(name)}" data-x="{a}" '
               f'data-exact="{b}"><title>{title}</title></circle>')


def draw_label(n, name, left, height):
    dash = f' stroke-dasharray="{DASHES[n % len(DASHES)]}"' if DASHES[n % len(DASHES)] else ""
    yield f'<path class="line"{dash} d="M{left} {height:.1f}h30"/><text x="{left + 36}" y="{height + 4:.1f}">{html.escape(name)}</text>'


def draw(series, options):
    """The figure. `series`: name and points, which are pairs of the numbers as printed; options: title, x, y, log, logx, points,
    stairs, width."""
    width = int(options.get("width", WIDTH))
    right = width - (NO_KEY if "stairs" in options else KEY)
    numbers = [[float(p[i]) for _, points in series for p in points] for i in (0, 1)]
    x = Axis(numbers[0], LEFT, right, "logx" in options)
    y = Axis(numbers[1], HEIGHT - BOTTOM, TOP, "log" in options)
    out = [*draw_axes(x, y, options)]
    heights = spread([y.at(float(points[-1][1])) for _, points in series])
    for n, (name, points) in enumerate(series):
        out += draw_series(n, name, points, x, y, options)
        if "stairs" not in options:
            out += draw_label(n, name, right + 8, heights[n])
    title = html.escape(options["title"])
    body = "\n".join(out)
    return (f'<figure{" class=third" * (width <= 300)}><svg viewBox="0 0 {width} {HEIGHT}" style="--w:{width}" role="img" aria-label="{title}">\n{body}\n</svg>'
            f"<figcaption>{title}</figcaption></figure>")
