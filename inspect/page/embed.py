"""Makes a C array of the page's text. The style sheet and the script are put into the page; what stands in {{braces}}
is written by page.c. Comments of a whole line and indentation are left out.

Usage: embed.py page.html page.css page.js >page_text.h"""
import re
import sys


def read(path):
    with open(path, encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    kept = [line for line in lines if line and not line.startswith("//")]
    return re.sub(r"/\*.*?\*/\n?", "", "\n".join(kept), flags=re.S)


def squeeze(css):
    return re.sub(r"\s*([{};:,>])\s+", r"\1", css.replace(" {", "{"))


def main():
    html, css, js = (read(path) for path in sys.argv[1:4])
    page = html.replace("{{css}}", squeeze(css)).replace("{{js}}", js)
    pieces = re.split(r"\{\{([a-z]+)\}\}", page) + [""]
    for i in range(0, len(pieces), 2):
        codes = pieces[i].encode("utf-8")
        rows = [", ".join(map(str, codes[k : k + 24])) for k in range(0, len(codes), 24)]
        print(f"static const unsigned char piece{i // 2}[] = {{\n    " + ",\n    ".join(rows or ["0"]) + "};")
    print("\nconst ad_page_piece ad_page_pieces[] = {")
    for i in range(0, len(pieces), 2):
        length = len(pieces[i].encode("utf-8"))
        print(f'    {{(const char *)piece{i // 2}, {length}, "{pieces[i + 1]}"}},')
    print("};")


main()
