#!/usr/bin/env python3
"""Prints figures of the sources for house.sh. The exit status is 1 if a public function has no contract.

Usage: figures.py TREE
"""
import pathlib
import re
import statistics
import sys

FOLDERS = ("include", "autodiff", "nn", "inspect", "cli")
FLOORS = ("base", "kernels", "tape", "forward", "reverse", "operators", "derivatives")
LONGEST_FUNCTION, LONGEST_FILE = 60, 500

# The pattern has strings too, because "/*" in a string begins no comment.
WORDS = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
# A head from the first column to ")", and a body to the "}" that ends the same line or stands in the first column.
FUNCTION = re.compile(r"^[A-Za-z_][^\n;{}=]*(?:\n[ \t][^\n;{}=]*)*\)[ \t]*\n?\{(?:[^\n]*\}[ \t]*$|.*?^\})",
                      re.MULTILINE | re.DOTALL)
NAME = re.compile(r"[^(]*?(?:([A-Z][A-Z0-9_]*)|(\w+))\s*\((\w*)")
DIVIDER = re.compile(r"/\* ---- .* -+ \*/")


def blank(match):
    """Spaces in place of the match, line by line."""
    return re.sub(r"[^\n]", " ", match.group())


def without_comments(text):
    return WORDS.sub(lambda word: blank(word) if word.group().startswith("/") else word.group(), text)


def code_of(text):
    """The text without comments, strings and directives, on the same lines."""
    return DIRECTIVE.sub(blank, WORDS.sub(blank, text))


def functions_of(text):
    """Name, first line and length of each function. A function that a macro heads, LOOP(name) { ... }, is one too."""
    code = code_of(text)
    for function in FUNCTION.finditer(code):
        macro, name, inner = NAME.match(function.group()).groups()
        yield inner if macro else name, code.count("\n", 0, function.start()) + 1, function.group().count("\n") + 1


def bare_names_of(text):
    """Public functions without a comment above them, above the group in which they stand, or on their lines."""
    declarations = code_of(text)
    commented, covers = [], False
    for line, code in zip(text.split("\n"), without_comments(text).split("\n")):
        if not line.strip():
            covers = False
        elif not code.strip():
            covers = not DIVIDER.match(line)
        commented.append(covers or line.rstrip() != code.rstrip())
    for name in re.finditer(r"^(?:\w+_API|static inline)\s[^;{(]*?(\w+)\(", declarations, re.MULTILINE):
        end = re.compile("[;{]").search(declarations, name.end()).start()
        first, last = (declarations.count("\n", 0, at) for at in (name.start(), end))
        if not any(commented[first:last + 1]):
            yield name.group(1), first + 1


def structs_of(texts):
    """The body of each struct by its name, and its file."""
    begin = re.compile(r"^(?:typedef )?struct (\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
    return {name: (body, file) for file, text in texts.items() for name, body in begin.findall(code_of(text))}


def leaves_of(body, structs):
    """Members of a struct. Members of structs in it count one by one. An array, a pointer, a struct of base/ and a
    public struct count as one."""
    count = 0
    body = re.sub(r"\benum\b[^;{}]*\{[^{}]*\}", "enum ", body)
    nested = re.compile(r"\b(?:struct|union)(?: \w+)? \{([^{}]*)\}[^;]*;")
    while nested.search(body):
        count += leaves_of(nested.search(body).group(1), structs)
        body = nested.sub("", body, count=1)
    for member in re.sub(r"\([^()]*\)", "", body).split(";"):
        kind = re.match(r"\s*(?:const )?(?:struct )?(\w+)", member)
        inner, file = structs.get(kind.group(1), ("", "")) if kind else ("", "")
        expand = file.startswith("autodiff/") and not file.startswith("autodiff/base/")
        for one in member.split(",") if kind else ():
            count += leaves_of(inner, structs) if expand and not re.search(r"[*[]", one) else 1
    return count


def comment_share_of(texts):
    """Lines that are comment and nothing else, of those that are not blank."""
    pairs = [pair for text in texts for pair in zip(text.split("\n"), without_comments(text).split("\n"))]
    code_lines = [code for line, code in pairs if line.strip()]
    return f"{100 * sum(not code.strip() for code in code_lines) / len(code_lines):.1f} %"


def show(figure, value, places=()):
    print(f"{figure:44}{value}")
    for place in places:
        print(f"    {place}")


def main():
    tree = pathlib.Path(sys.argv[1])
    paths = [path for folder in FOLDERS for path in sorted((tree / folder).rglob("*.[ch]"))]
    texts = {path.relative_to(tree).as_posix(): path.read_text(encoding="utf-8") for path in paths}
    public = {file: text for file, text in texts.items() if file.startswith("include/")}
    sources = {file: text for file, text in texts.items() if file not in public}

    functions = [(length, f"{file}:{line} {name}: {length} lines")
                 for file, text in sources.items() for name, line, length in functions_of(text)]
    long = [place for length, place in functions if length > LONGEST_FUNCTION]
    show("functions", f"{len(functions)}, median {statistics.median(length for length, _ in functions):g} lines")
    show(f"functions over {LONGEST_FUNCTION} lines", len(long), long)
    sizes = {file: text.count("\n") for file, text in texts.items()}
    long = [f"{file}: {size} lines" for file, size in sizes.items() if size > LONGEST_FILE]
    show(f"files over {LONGEST_FILE} lines", len(long), long)

    for name, of in (("sources", sources), ("public headers", public)):
        show(f"comment in {name}", comment_share_of(of.values()))
    folders = {}
    for file, text in texts.items():
        folder = "/".join(file.split("/")[:2]) if file.split("/")[1] in FLOORS else file.split("/")[0]
        folders[folder] = folders.get(folder, 0) + sum(bool(line.strip()) for line in text.split("\n"))
    for folder in sorted(folders):
        show(f"lines in {folder}, not blank", f"{folders[folder]:,}")

    structs = structs_of(texts)
    show("members of struct ad_tape", leaves_of(structs["ad_tape"][0], structs))
    bare = [f"{file}:{line} {name}" for file, text in public.items() for name, line in bare_names_of(text)]
    show("public functions without a contract", len(bare), bare)
    if bare:
        sys.exit("Write above each of these functions what it does, and what its errors are.")


main()
