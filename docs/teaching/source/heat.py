"""Draws a table of numbers as a picture, a cell for each: blue above the middle, orange and hatched below it, the more of
it the farther away. The numbers of the header and of the first column are where the cells lie."""
import html

import plot

SIDE, LEVELS = 280, 24


class Plane:
    """Where things lie in the picture, whose cells have the places `across` and `down`."""

    def __init__(self, across, down):
        self.across, self.down, self.cell = across, down, SIDE // max(len(across), len(down))
        self.right, self.bottom = self.cell * len(across), self.cell * len(down)

    def square(self, place):
        row, column = place
        return f"M{column * self.cell} {row * self.cell}h{self.cell}v{self.cell}h-{self.cell}z"

    def at(self, places, number):
        return self.cell * (0.5 + (number - places[0]) / (places[-1] - places[0]) * (len(places) - 1))

    def x(self, number):
        return self.at(self.across, float(number))

    def y(self, number):
        return self.at(self.down, float(number))


def by_level(rows, middle, most):
    """The places of the cells by their levels, from -LEVELS to LEVELS."""
    levels = {}
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            levels.setdefault(round((cell - middle) / most * LEVELS), []).append((r, c))
    return sorted(levels.items())


def draw_cells(plane, levels, is_grey, hatch, rows, names):
    """Each cell has its number, as printed, and a title that says where it lies; `names` are those of the axes."""
    for level, places in levels:
        kind = "ink" if is_grey else "less" if level < 0 else "more"
        yield f'<g class="{kind}" fill-opacity="{abs(level) / LEVELS:.3g}">'
        for r, c in places:
            where = f"{names[0]} {plane.across[c]:g}, {names[1]} {plane.down[r]:g}: {rows[r][c]}"
            yield (f'<path d="{plane.square((r, c))}" data-exact="{rows[r][c]}">'
                   f"<title>{html.escape(plot.shown(where))}</title></path>")
        yield "</g>"
    below = "".join(plane.square(p) for level, places in levels if level < -1 for p in places)
    if below and not is_grey:
        yield (f'<pattern id="{hatch}" width="5" height="5" patternUnits="userSpaceOnUse"><path class="hatch" '
               f'd="M0 5L5 0"/></pattern><path class="hatches" fill="url(#{hatch})" d="{below}"/>')


def draw_axes(plane, names):
    """Whole and half numbers below and on the left, and what they are."""
    for number in plane.across:
        if 2 * number % 1 == 0:
            yield f'<text x="{plane.x(number):.1f}" y="{plane.bottom + 15}" class="mid">{plot.shown(f"{number:g}")}</text>'
    for number in plane.down:
        if 2 * number % 1 == 0:
            yield f'<text x="-4" y="{plane.y(number) + 4:.1f}" class="end">{plot.shown(f"{number:g}")}</text>'
    yield f'<text x="{plane.right / 2}" y="{plane.bottom + 32}" class="mid">{html.escape(names[0])}</text>'
    yield f'<text x="-46" y="{plane.bottom / 2 + 4}" class="mid">{html.escape(names[1])}</text>'


def draw_lines(plane, series, clip):
    """Lines over the picture, cut off at its edge, each with its name where it leaves the picture."""
    yield f'<clipPath id="{clip}"><path d="M0 0H{plane.right}V{plane.bottom}H0z"/></clipPath>'
    for n, (name, points) in enumerate(series):
        places = [(plane.x(a), plane.y(b)) for a, b in points]
        path = " ".join(f"{x:.1f} {y:.1f}" for x, y in places)
        dash = f' stroke-dasharray="{plot.DASHES[n]}"' if plot.DASHES[n] else ""
        yield f'<path class="line" clip-path="url(#{clip})"{dash} d="M{path}"/>'
        x, y = [(x, y) for x, y in places if 0 <= y <= plane.bottom][-1]
        at = f'x="{plane.right + 4}" y="{y + 4:.1f}"' if x == places[-1][0] else f'x="{x:.1f}" y="-5" class="mid"'
        yield f'<text {at}>{html.escape(name)}</text>'


def draw_frame(plane, frame):
    """A frame around the cells of rows and columns: the first row, the last one, the first column, the last one."""
    top, bottom, left, right = (int(n) * plane.cell for n in frame)
    path = f"M{left} {top}H{right + plane.cell}V{bottom + plane.cell}H{left}z"
    yield f'<path class="under" d="{path}"/><path class="frame" d="{path}"/>'


def draw_marks(plane, marks):
    for x, y, text in marks:
        px, py = plane.x(x), plane.y(y)
        yield f'<circle class="spot" cx="{px:.1f}" cy="{py:.1f}" r="9"/>'
        yield f'<text x="{px:.1f}" y="{py + 4:.1f}" class="mid">{text}</text>'


def draw(name, header, rows, options, series=(), marks=(), frames=()):
    """The figure. `series`: lines, a name and points; `marks`: x, y and a text; `frames`: see draw_frame. Options: title, middle
    NUMBER (else 0), grey, axes (for which the first column is called as the axis down, and x says the one across)."""
    across, down = [float(n) for n in header[1:]], [float(row[0]) for row in rows]
    cells = [[float(cell) for cell in row[1:]] for row in rows]
    middle, numbers = float(options.get("middle", 0)), [cell for row in cells for cell in row]
    most = max(abs(n - middle) for n in numbers) or 1
    plane = Plane(across, down)
    names = (options["x"], header[0]) if "axes" in options else ("column", "row")
    out = [*draw_cells(plane, by_level(cells, middle, most), "grey" in options, f"{name}-hatch",
                       [row[1:] for row in rows], names),
           f'<path class="axis" d="M0 0H{plane.right}V{plane.bottom}H0z"/>']
    left, above, right, below = (58, 18, 62, 38) if "axes" in options else (1, 1, 1, 1)
    if "axes" in options:
        out += draw_axes(plane, names)
    if series:
        out += draw_lines(plane, series, f"{name}-clip")
    for frame in frames:
        out += draw_frame(plane, frame)
    out += draw_marks(plane, marks)
    title, body = html.escape(options["title"]), "\n".join(out)
    ends = f"from {plot.shown(f'{min(numbers):.6g}')} to {plot.shown(f'{max(numbers):.6g}')}"
    size = f"{-left} {-above} {plane.right + left + right} {plane.bottom + above + below}"
    return (f'<figure class="heat" data-heat="{html.escape(header[0])}"><svg viewBox="{size}" role="img" aria-label="{title}, {ends}">\n{body}\n</svg>'
            f"<figcaption>{title}</figcaption></figure>")
