"""Draws small tables and looks at the pictures' cells, lines and marks, and at the stairs and axes of drawings:
heat.py FOLDER, which has the modules heat.py and plot.py."""
import re
import sys

sys.path.insert(0, sys.argv[1])
import heat  # noqa: E402
import plot  # noqa: E402


def cells(figure, kind):
    """The places of cells that have a colour, as (row, column), by their opacity."""
    out = {}
    for opacity, group in re.findall(rf'<g class="{kind}" fill-opacity="([\d.]+)">(.*?)</g>', figure, re.S):
        for x, y, size in re.findall(r"M(\d+) (\d+)h(\d+)", group):
            if float(opacity):
                out[int(y) // int(size), int(x) // int(size)] = float(opacity)
    return out


def titles(figure):
    """The number and the title of each cell, in the order of their places."""
    found = re.findall(r'<path d="M(\d+) (\d+)h[^"]*" data-exact="([^"]*)"><title>([^<]*)</title></path>', figure)
    return [(number, title) for _, _, number, title in sorted(found, key=lambda f: (int(f[1]), int(f[0])))]


def draw(header, rows, options=None, **rest):
    return heat.draw("table", header, rows, {"title": "A <title>", **(options or {})}, **rest)


# Two rows of three: the largest is 4 away from 0; 0 has no cell; below 0 is hatched.
figure = draw(["t", "0", "1", "2"], [["0", "4", "-2", "0"], ["1", "0.01", "-4", "1"]])
assert cells(figure, "more") == {(0, 0): 1, (1, 2): 0.25}, figure
assert cells(figure, "less") == {(0, 1): 0.5, (1, 1): 1}, figure
hatched = re.search(r'fill="url\(#table-hatch\)" d="([^"]*)"', figure)[1]
assert hatched == "M93 93h93v93h-93zM93 0h93v93h-93z" and 'id="table-hatch"' in figure, figure
assert 'aria-label="A &lt;title&gt;, from −4 to 4"' in figure, figure

# Each cell has its number as printed, also one that is nothing, and says where it lies. No frame is drawn.
assert titles(figure) == [("4", "column 0, row 0: 4"), ("-2", "column 1, row 0: −2"), ("0", "column 2, row 0: 0"),
                          ("0.01", "column 0, row 1: 0.01"), ("-4", "column 1, row 1: −4"), ("1", "column 2, row 1: 1")], figure
assert 'class="frame"' not in figure, figure

# A frame around row 1 and columns 1 to 2, in cells of 93.
figure = draw(["t", "0", "1", "2"], [["0", "4", "-2", "0"], ["1", "0.01", "-4", "1"]], frames=[("1", "1", "1", "2")])
assert '<path class="frame" d="M93 93H279V186H93z"/>' in figure, figure

# With a middle the sign is that of the distance to it; a grey picture has neither signs nor hatches.
figure = draw(["t", "0", "1"], [["0", "0.25", "1"]], {"middle": "0.5"})
assert cells(figure, "less") == {(0, 0): 0.5} and cells(figure, "more") == {(0, 1): 1}, figure
figure = draw(["t", "0", "1"], [["0", "-1", "0.5"]], {"grey": ""})
assert cells(figure, "ink") == {(0, 0): 1, (0, 1): 0.5} and "hatch" not in figure, figure

# Numbers that are all the middle are an empty picture.
assert not cells(draw(["t", "0", "1"], [["0", "0", "0"]]), "(?:more|less)")

# A plane: x from 0 to 2 over three cells of 93, y from 2 down to 0. Marks and lines lie at the middles of cells.
plane = [["2", "1", "1", "1"], ["1", "1", "1", "1"], ["0", "1", "1", "1"]]
figure = draw(["y", "0", "1", "2"], plane, {"axes": "", "x": "x"},
              series=[("up", [("0", "0"), ("2", "2")]), ("over", [("0", "1"), ("1", "3")])], marks=[("0", "2", "7")])
assert '<circle class="spot" cx="46.5" cy="46.5" r="9"/>' in figure and ">7</text>" in figure, figure
assert 'd="M46.5 232.5 232.5 46.5"' in figure and 'd="M46.5 139.5 139.5 -46.5"' in figure, figure
assert '<text x="283" y="50.5">up</text>' in figure, figure  # at the right edge, where it ends
assert '<text x="46.5" y="-5" class="mid">over</text>' in figure, figure  # it leaves above
assert titles(figure)[2] == ("1", "x 2, y 2: 1"), figure
for x, y, text in (("46.5", "294", "0"), ("232.5", "294", "2")):
    assert f'<text x="{x}" y="{y}" class="mid">{text}</text>' in figure, figure
assert '<text x="-4" y="50.5" class="end">2</text>' in figure, figure
# A drawing 300 wide: 224 for x from 0 to 4, 194 for y from 0 to 4. The curve is thin, the stairs go across and then down.
corners = [("0", "4"), ("4", "0")]
figure = plot.draw([("curve", corners), ("steps", corners)], {"title": "t", "x": "x", "stairs": "", "width": "300"})
assert '<path class="line thin" d="M64.0 12.0 288.0 206.0"/>' in figure, figure
assert '<path class="line" d="M64.0 12.0H288.0V206.0"/>' in figure, figure
assert ">steps</text>" not in figure and 'class=third' in figure, figure

# A logarithmic x: 0.1 is halfway from 0.01 to 1, and is called so.
figure = plot.draw([("a", [("0.01", "1"), ("0.1", "2"), ("1", "3")])], {"title": "t", "x": "h", "logx": ""})
assert re.findall(r'cx="([\d.]+)"', figure) == ["64.0", "287.0", "510.0"], figure
assert '<text x="287.0" y="222" class="mid">1e−1</text>' in figure, figure
print("pictures of tables are right")
