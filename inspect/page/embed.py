"""Makes a C array of the page's text. The style sheet and the scripts are put into the page, without comments and
blanks that they do not need; top-level names of the scripts are made short. What stands in {{braces}} is written by
page.c.

Usage: embed.py page.html style.css.. script.js.. >page_text.h"""
import collections
import itertools
import re
import string
import sys

# A script's words, from the left: what is no blank, comment, string, template or regular expression is one of the
# last two. A regular expression stands only after an opening bracket, a comma or an operator.
TOKEN = re.compile(
    r"(?P<blank>\s+|//[^\n]*)|(?P<string>'(?:\\.|[^'\\])*')|(?P<word>[\w$]+(?:\.\d+)?|\.\d+)"
    r"|(?P<mark>=>|\.\.\.|\+\+|--|.)"
)
REGEX = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\[\n])+/[a-z]*")


# Words that mean the same.
SHORTER = {"const": "let", "true": "!0", "false": "!1"}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def end_of_code(text, at):
    """Where the code of a template ends: at the brace that closes it."""
    depth = 0
    while text[at] != "}" or depth:
        if text[at] == "`":
            at = end_of_template(text, at + 1)
        elif text[at] == "'":
            at = TOKEN.match(text, at).end() - 1
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
    return at


def end_of_template(text, at):
    """Where a template ends: at its second backquote."""
    while text[at] != "`":
        if text.startswith("${", at):
            at = end_of_code(text, at + 2)
        at += 2 if text[at] == "\\" else 1
    return at


def template(text, names):
    """A template, the code in it made short too."""
    out, at = "", 0
    while at < len(text):
        if text.startswith("${", at):
            end = end_of_code(text, at + 2)
            out += "${" + squeeze_script(text[at + 2 : end], names)
            at = end
        out += text[at : at + (2 if text[at] == "\\" else 1)]
        at += 2 if text[at] == "\\" else 1
    return out


def tokens_of(text, names):
    at, last = 0, "("
    while at < len(text):
        found = REGEX.match(text, at) if text[at] == "/" and last in "(,=:[!&|?{};+=>" else None
        if text[at] == "`":
            end = end_of_template(text, at + 1) + 1
            token, kind = template(text[at:end], names), "string"
        elif found and not text.startswith("//", at):
            token, kind, end = found.group(), "string", found.end()
        else:
            found = TOKEN.match(text, at)
            token, kind, end = found.group(), found.lastgroup, found.end()
        at = end
        if kind != "blank":
            last = token
            yield kind, token


def squeeze_script(text, names):
    """Leaves out blanks. A name that is a property or the key of an object stays; where a name alone in braces is key
    and value, the key is written before it. Scripts give no defaults in patterns."""
    tokens, out, open_brackets, last = list(tokens_of(text, names)), "", [], ""
    for i, (kind, token) in enumerate(tokens):
        following = tokens[i + 1][1] if i + 1 < len(tokens) else ""
        is_entry = bool(open_brackets) and open_brackets[-1] == "{" and last in ("{", ",")
        if token in ("(", "[", "{"):
            open_brackets.append(token)
        elif token in (")", "]", "}") and open_brackets:
            open_brackets.pop()
        word = token
        if kind == "word" and token in names and last != "." and not (is_entry and following == ":"):
            word = token + ":" + names[token] if is_entry and following in (",", "}") else names[token]
        word = SHORTER.get(word, word) if kind == "word" and last != "." and following != ":" else word
        if word == "}" and last == ";":
            out = out[:-1]
        if out and kind == "word" and re.match(r"[\w$]{2}", out[-1] + word[0]) or last in ("+", "-") and token == last:
            out += " "
        out += word
        last = token
    return out


def short_names(text):
    """A short name for each one that a script declares: constants, functions and what they are given."""
    lists = re.findall(r"\b(?:const|let|function) ([\w$]+)|\b(?:const|let) [\[{]([^\]}]*)[\]}] =|,\s+([\w$]+) = ", text)
    lists += re.findall(r"\(([^()]*)\) =>|([\w$]+) =>|function [\w$]+\(([^()]*)\)", text)
    parts = [re.sub(r" = [^,]*", "", part) for found in lists for part in found]
    words = [word for part in parts for word in re.split(r"[\s,{}\[\]]+", part)]
    names = {word for word in words if re.fullmatch(r"[A-Za-z$][\w$]*", word) and len(word) > 2}
    taken = set(re.findall(r"[\w$]+", text)) | {"do", "if", "in", "of", "as", "is"}
    free = ("".join(pair) for n in (1, 2) for pair in itertools.product(string.ascii_letters, repeat=n))
    free = (name for name in free if name not in taken)
    often = collections.Counter(re.findall(r"[\w$]+", text))
    return {name: next(free) for name in sorted(names, key=lambda name: (-often[name], name))}


def squeeze_style(css):
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    return re.sub(r"\s*([{};:,>])\s+|\s+(?={)", r"\1", re.sub(r"\s*\n\s*", "", css)).replace(";}", "}")


def main():
    styles, script = ("\n".join(read(path) for path in sys.argv[2:] if path.endswith(kind)) for kind in (".css", ".js"))
    script = "'use strict';(() => {" + squeeze_script(script, short_names(script)) + "})();"
    page = "".join(line.strip() + "\n" for line in read(sys.argv[1]).splitlines())
    page = page.replace("{{css}}", squeeze_style(styles)).replace("{{js}}", script)
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


if __name__ == "__main__":
    main()
