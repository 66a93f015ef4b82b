#!/usr/bin/env python3
"""Makes tables.json: tables as text, and what pandas reads in them. tests/nn/csv.c compares with it.

A case has the name, the text of the file, the options of the reader that differ from its defaults, the names of the
columns, and the rows: numbers, texts, null for what is missing. Cases are made by hand where a form matters, and drawn
from a seed else: fields with delimiters, quotes and line ends, empty fields, characters of two to four bytes.
"""
import csv
import io
import json
import pathlib
import random

import pandas

CASES = []


def rows_of(frame):
    def value(x):
        if isinstance(x, str):
            return x
        return None if pandas.isna(x) else float(x)

    return [[value(x) for x in row] for row in frame.astype(object).values.tolist()]


def case(name, text, **options):
    """Reads the text as the reader does: only an empty field, or one of `missing`, is missing."""
    frame = pandas.read_csv(
        io.BytesIO(text.encode("utf-8")),
        sep=options.get("delimiter", ","),
        decimal=options.get("decimal", "."),
        header=None if options.get("no_header") else 0,
        keep_default_na=False,
        na_values=["", *options.get("missing", [])],
        encoding="utf-8",
    )
    columns = [str(i + 1) for i in range(frame.shape[1])] if options.get("no_header") else list(frame.columns)
    CASES.append({"name": name, "text": text, "options": options, "columns": columns, "rows": rows_of(frame)})


def by_hand():
    case("plain", "a,b\n1,2\n3.5,-4e2\n")
    case("byte order mark", "\ufeffa,b\n1,2\n")
    case("carriage returns", "a,b\r\n1,x\r\n2,y\r\n")
    case("no line end", "a,b\n1,2\n3,4")
    case("mark, returns, no line end", "\ufeffa,b\r\n1,x\r\n2,y")
    case("quotes", 'a,b\n"1","x, y"\n2,"say ""so"""\n3,""\n4,""""\n')
    case("quoted names", '"a, first","b ""x"""\n1,2\n')
    case("lines in quotes", 'a,b\n1,"two\nlines"\n2,"and\r\nreturns"\n3,"\n"\n')
    case("empty fields", "a,b,c\n1,,x\n,2,\n,,\n")
    case("quotes within", 'a,b\n5" pipe,1\nx""y,2\n')
    case("letters", "größe,色\n1,日本語\n2,é\n3,😀\n")
    case("blank lines at the end", "a,b\n1,2\n\n\n")
    case("tabs", "a\tb\n1\tx, y\n2\tz\n", delimiter="\t")
    case("semicolons and commas", "a;b\n1,5;x\n-0,25e1;y\n", delimiter=";", decimal=",")
    case("bars", "a|b\n1|x\n", delimiter="|")
    case("no header", "1,x\n2,y\n", no_header=True)
    case("missing", "a,b\n?,x\n1,NA\nNA,?\n", missing=["?", "NA"])
    case("quoted missing", 'a,b\n"NA",x\n1,"NA"\n', missing=["NA"])
    case("one column", "a\n1\n2\n")
    case("numbers", "a\n0.1\n1e308\n4.9e-324\n-0\n+7\n.5\n5.\n1E5\n123456789012345678901234567890\n0.30000000000000004\n")


def drawn():
    draw = random.Random(18)
    pieces = ["a", "bc", ",", ";", '"', "\n", "\r\n", "é", "語", "😀", " ", "1", "-2.5", "\t", "'", "\\"]
    for k in range(24):
        out = io.StringIO()
        end = "\r\n" if k % 2 else "\n"
        delimiter = [",", ";", "\t"][k % 3]
        writer = csv.writer(out, delimiter=delimiter, lineterminator=end,
                            quoting=csv.QUOTE_ALL if k % 5 == 0 else csv.QUOTE_MINIMAL)
        writer.writerow(["number", "text", "more"])
        for i in range(draw.randint(3, 12)):
            text = "".join(draw.choice(pieces) for _ in range(draw.randint(0, 6)))
            number = draw.choice(["", repr(draw.uniform(-1e3, 1e3)), str(draw.randint(-9, 9))])
            writer.writerow([number, "t" + text, text])
        text = out.getvalue()
        if k % 4 == 0:
            text = "\ufeff" + text[: -len(end)]
        case(f"drawn {k}", text, delimiter=delimiter)


if __name__ == "__main__":
    by_hand()
    drawn()
    with open(pathlib.Path(__file__).with_name("tables.json"), "w", encoding="utf-8") as f:
        f.write("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in CASES) + "\n]\n")
