"""Makes the pages of the lessons from what the programs print and from the prose beside this file.

Usage: build.py FOLDER PROGRAM..           writes the pages into the folder
       build.py --check FOLDER PROGRAM..   says which pages of the folder are not as they would be built

A PROGRAM is examples/teaching/NAME.c, built. It prints what a student should see, and with a folder as its argument it
writes its inspection pages there. The prose is NAME.html, a fragment that begins with <h1>. In it stand:

{{output}}                       what the program printed
{{program}}                      the program's text, folded
{{= name}}                       the number of the printed line "name = number"; {{= (name)}} in brackets if it is negative
{{table first; head TEXT}}       the printed table whose first column is called "first"; columns are divided by two blanks. TEXT
                                 stands over the first column
{{plot first: a, b; options}}    the columns a and b of that table over its first, as a drawing; "first: a | other: b" takes
                                 columns of two tables; a cell "." is no point. Options are divided by commas:
                                  title TEXT, x TEXT, y TEXT, log (the vertical axis), logx (the other one), points (no
                                  lines), stairs (the first series is a thin curve, the others go across and then up or down
                                  from point to point, and there is no key), width 420 (for one beside a table; 300 for
                                  three side by side; else 640). "first@c: a" takes the column c for x instead of the first
 {{heat first; options}}          that table as a picture, a cell for each number; the header has numbers too. Options:
                                  title TEXT, middle NUMBER (the colour of nothing), grey, axes, x TEXT; lines f/a/b and
                                  marks f/y/t draw columns over it: a and b over f, and the texts t at f, y; frame t/b/l/r
                                  draws a frame around the rows t to b and the columns l to r
{{page NAME-tape.html#hash text}}   a link to an inspection page of this lesson
{{lesson NAME text}}             a link to another lesson, or to the hand-out
{{drawing NAME}}                 the drawing NAME.svg
"""
import html
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import heat
import plot

SOURCE = pathlib.Path(__file__).resolve().parent
PROGRAMS = SOURCE.parents[2] / "examples" / "teaching"
LESSONS = ["activations", "backpropagation", "chain-rule", "xor", "vanishing", "digit", "descent"]
NUMBERS_OF = {"handout": "backpropagation"}  # whose program's numbers a page without a program has

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none';style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{css}</style>
</head>
<body id="{name}">
<nav aria-label="Lessons">{links}</nav>
<main>
{body}</main>
</body>
</html>
"""


class Wrong(Exception):
    """What is wrong with a lesson, for whom it may concern."""


def cells(line):
    return re.split(r" {2,}", line.strip())


def number_of(text):
    try:
        float(text)
        return True
    except ValueError:
        return False


def options_of(words):
    """What stands before the semicolon, and the options after it."""
    wanted, _, rest = words.partition(";")
    return wanted.strip(), dict((option.strip().split(" ", 1) + [""])[:2] for option in rest.split(",") if option.strip())


class Lesson:
    """A page in the making: its prose, and what its program printed and wrote."""

    def __init__(self, name, output, folder):
        self.name, self.output, self.folder = name, output, folder
        self.text = (SOURCE / f"{name}.html").read_text(encoding="utf-8")
        title = re.match(r"<h1>(.*?)</h1>", self.text)
        if not title:
            raise Wrong(f"{name}.html does not begin with <h1>")
        self.title = title[1]
        self.short = self.title.partition(":")[0]

    def table(self, first):
        """The header and the rows of a table, as printed."""
        lines = [cells(line) for line in self.output.splitlines()]
        for i, header in enumerate(lines):
            if header[0] != first or len(header) < 2:
                continue
            rows = []
            for line in lines[i + 1:]:
                if len(line) != len(header):
                    break
                rows.append(line)
            if rows:
                return header, rows
        raise Wrong(f"the program prints no table that begins with a column {first}")

    # ---- What stands in braces ----

    def put_output(self, _):
        return f'<pre tabindex="0">{html.escape(self.output)}</pre>'

    def put_program(self, _):
        source = (PROGRAMS / f"{self.name}.c").read_text(encoding="utf-8")
        return (f'<details class="program"><summary>The program, <code>examples/teaching/{self.name}.c</code></summary>'
                f'<pre tabindex="0">{html.escape(source)}</pre></details>')

    def put_number(self, words):
        name = re.sub(r"^\((.*)\)$", r"\1", words)
        found = re.findall(rf"^\s*{re.escape(name)} = (\S+)$", self.output, re.M)
        if len(found) != 1 or not number_of(found[0]):
            raise Wrong(f"the program prints {len(found)} lines '{name} = number'")
        text = plot.shown(found[0])
        if name != words and text.startswith("−"):
            text = f"({text})"
        return f'<span class="m" data-name="{html.escape(name)}" data-exact="{found[0]}">{text}</span>'

    def put_table(self, words):
        first, options = options_of(words)
        header, rows = self.table(first)
        is_number = [all(number_of(row[c]) or row[c] == "." for row in rows) for c in range(len(header))]
        titles = [plot.shown(name) if number_of(name) else html.escape(name) for name in header]
        titles[0] = options.get("head", titles[0])
        head = "".join(f'<th scope="col"{" class=num" * is_number[c]}>{title}</th>' for c, title in enumerate(titles))
        body = "\n".join(f"<tr>{''.join(self.put_cell(header[c], text) for c, text in enumerate(row))}</tr>"
                         for row in rows)
        return (f'<div class="wide" tabindex="0" role="region" aria-label="Table"><table data-table="{html.escape(first)}"><thead><tr>{head}</tr></thead>\n'
                f"<tbody>{body}</tbody></table></div>")

    @staticmethod
    def put_cell(column, text):
        if text == ".":
            return "<td class=num>·</td>"
        if number_of(text):
            return f'<td class="num m" data-column="{html.escape(column)}" data-exact="{text}">{plot.shown(text)}</td>'
        return f"<td>{html.escape(text)}</td>"

    def columns(self, first, names):
        """Some columns of a table, cells of one row together; a row in which one is left out is left out."""
        header, rows = self.table(first)
        for name in names:
            if name not in header:
                raise Wrong(f"the table of {first} has no column {name}")
        places = [header.index(name) for name in names]
        return [cells for cells in ([row[at] for at in places] for row in rows) if "." not in cells]

    def put_plot(self, words):
        wanted, options = options_of(words)
        series = []
        for source in wanted.split("|"):
            first, _, columns = (part.strip() for part in source.partition(":"))
            first, _, across = first.partition("@")
            for column in (c.strip() for c in columns.split(",")):
                series.append((column, self.columns(first, [across or first, column])))
        options.setdefault("x", wanted.partition(":")[0].strip())
        options.setdefault("title", ", ".join(name for name, _ in series) + " over " + options["x"])
        return plot.draw(series, options)

    def put_heat(self, words):
        first, options = options_of(words)
        header, rows = self.table(first)
        over, *names = options.get("lines", "").split("/")
        lines = [(name, self.columns(over, [over, name])) for name in names]
        marks, frame = (options.get(name, "").split("/") for name in ("marks", "frame"))
        return heat.draw(first.replace(" ", "-"), header, rows, options, lines,
                         *(self.columns(names[0], names) if names[0] else [] for names in (marks, frame)))

    def put_page(self, words):
        address, _, text = words.partition(" ")
        file = address.partition("#")[0]
        if not file.startswith(f"{self.name}-") or not (self.folder / file).is_file():
            raise Wrong(f"the program writes no page {file}")
        return f'<a class="tape" href="{html.escape(address)}">{text}</a>'

    def put_lesson(self, words):
        name, _, text = words.partition(" ")
        if not (SOURCE / f"{name}.html").is_file():
            raise Wrong(f"there is no lesson {name}")
        return f'<a href="{name}.html">{text}</a>'

    def put_drawing(self, name):
        return (SOURCE / f"{name}.svg").read_text(encoding="utf-8").rstrip()

    def body(self):
        def put(match):
            kind, words = match[1], match[2].strip()
            put_it = {"=": self.put_number}.get(kind) or getattr(self, f"put_{kind}", None)
            if not put_it:
                raise Wrong(f"nothing is called {match[0]}")
            return put_it(words)

        return re.sub(r"\{\{(=|\w+)([^}]*)\}\}", put, self.text)


def links(lessons, at):
    """The links to the lessons before and after, and to the hand-out."""
    lesson, order = lessons[at], [l for l in lessons if l.name in LESSONS]
    out = []
    if lesson in order:
        n = order.index(lesson)
        before, after = order[max(n - 1, 0):n], order[n + 1:n + 2]
        out += [f'<a href="{l.name}.html" rel="prev">← {l.short}</a>' for l in before]
        out.append(f'<span>Lesson {n + 1} of {len(order)}</span>')
        out += [f'<a href="{l.name}.html" rel="next">{l.short} →</a>' for l in after]
        out += [f'<a href="{l.name}.html">{l.short}</a>' for l in lessons if l not in order]
    else:
        out += [f'<a href="{l.name}.html">{l.short}</a>' for l in order]
    larger = '<a id="big" href="#big" title="Larger, for a projector">A+</a><a id="small" href="#" title="Smaller">A−</a>'
    return "\n".join(out + [larger])


def run(program, folder):
    """What the program printed; its pages are in the folder."""
    done = subprocess.run([program, folder], stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise Wrong(f"the program ends with status {done.returncode}")
    return done.stdout.decode("utf-8")


def build(folder, programs):
    """Writes all pages into the folder."""
    css = (SOURCE / "lesson.css").read_text(encoding="utf-8")
    lessons, outputs, name = [], {}, ""
    try:
        for name in [n for n in [*LESSONS, "handout"] if (SOURCE / f"{n}.html").is_file()]:
            if name in programs:
                outputs[name] = run(programs[name], folder)
            lessons.append(Lesson(name, outputs[NUMBERS_OF.get(name, name)], folder))
        for at, lesson in enumerate(lessons):
            name = lesson.name
            page = PAGE.format(title=lesson.title, css=css, name=name, links=links(lessons, at), body=lesson.body())
            (folder / f"{name}.html").write_text(page, encoding="utf-8")
    except Wrong as wrong:
        sys.exit(f"{name}: {wrong}")


def check(folder, programs):
    """Builds beside, and compares."""
    with tempfile.TemporaryDirectory() as beside:
        fresh = pathlib.Path(beside)
        build(fresh, programs)
        built = {f.name: f.read_bytes() for f in fresh.glob("*.html")}
    there = {f.name: f.read_bytes() for f in folder.glob("*.html")}
    other = sorted(n for n in built.keys() | there.keys() if built.get(n) != there.get(n))
    if other:
        sys.exit(f"not as built: {', '.join(other)}; `ninja -C build teaching` builds them again")
    print(f"{len(built)} pages are as built")


def main(arguments):
    is_check = arguments[:1] == ["--check"]
    folder, *paths = arguments[is_check:]
    programs = {pathlib.Path(p).name: os.path.abspath(p) for p in paths}
    (check if is_check else build)(pathlib.Path(folder), programs)


main(sys.argv[1:])
