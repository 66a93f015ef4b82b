#!/usr/bin/env python3
"""Prints who includes and who calls whom, one fact a line, for floors.sh and house.sh.

Usage: calls.py LIBRARY.a TREE

    file FILE                 a source or header of the tree
    include FILE HEADER       FILE includes HEADER
    include FILE HEADER BY    FILE includes the public header BY, and that leads to the public header HEADER
    call FILE FILE NAME,...   the first file calls functions of the second
    data FILE FILE NAME,...   the first file names data of the second
    circle FILE...            each of these files reaches each other one by calls
    round FILE CALL FILE ...  the shortest way around that circle

Includes are read from the sources. Calls are read by nm from the objects of the library. Objects that are compiled from
one source for several types and processors count as that source.
"""
import collections
import os
import pathlib
import re
import subprocess
import sys

FOLDERS = ("autodiff", "nn", "inspect", "cli", "examples", "bench")
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<(gradtape/[^>]+)>)', re.MULTILINE)
SYMBOL = re.compile(r"^(?:.*[:/\[])?([^:/\[\]]+\.o)\]?:\s*(?:[0-9a-fA-F]+\s+)?([A-Za-z])\s+([^\s@]+)")


def files_of(tree, folders, pattern="*.[ch]"):
    return sorted(path.relative_to(tree).as_posix() for folder in folders for path in (tree / folder).rglob(pattern))


def includes_of(tree, file):
    """The headers of the tree that `file` includes itself, by their paths in the tree."""
    for private, public in INCLUDE.findall((tree / file).read_text(encoding="utf-8")):
        beside = os.path.normpath(os.path.join(os.path.dirname(file), private))
        if public:
            yield "include/" + public
        elif (tree / beside).is_file():
            yield beside
        else:  # The build names the header's folder, or makes the header.
            yield from (path for path in files_of(tree, FOLDERS, "*.h") if ("/" + path).endswith("/" + private))


def led_to(tree, header):
    """The public headers that a public header leads to, at any depth."""
    found, new = set(), {header}
    while new:
        new = {one for other in new for one in includes_of(tree, other)} - found
        found |= new
    return sorted(found)


def source_of(member, sources):
    """The one source of an object. Meson names an object by the path of its source from a folder on, with _ for /."""
    def may_be(source):
        parts = source.split("/")
        return any("_".join(parts[i:]) + ".o" == member for i in range(len(parts)))
    found = [source for source in sources if may_be(source)]
    if len(found) == 1:
        return found[0]
    meant = "no source" if not found else " and ".join(found)
    sys.exit(f"{member} may be compiled from {meant}: one name must mean one source. Rename a file.")


def symbols_of(library, tree):
    """Who defines each function and each datum, and what each file uses and does not define itself."""
    sources = files_of(tree, FOLDERS[:4], "*.c")
    listing = subprocess.run([os.environ.get("NM", "nm"), "-A", library], stdout=subprocess.PIPE, text=True)
    if listing.returncode:
        sys.exit(f"nm cannot read {library}")
    files, functions, data, used = {}, {}, {}, collections.defaultdict(set)
    for line in listing.stdout.splitlines():
        symbol = SYMBOL.match(line)
        if symbol:
            member, kind, name = symbol.groups()
            if member not in files:
                files[member] = source_of(member, sources)
            file = files[member]
            where = functions if kind in "TW" else data if kind in "BCDGRSV" else None
            if where is not None:
                where[name] = file
            elif kind == "U":
                used[file].add(name)
    return functions, data, used


def edges_of(definitions, used):
    """graph[a][b]: the names by which file a uses file b."""
    graph = collections.defaultdict(lambda: collections.defaultdict(set))
    for file, names in used.items():
        for name in names:
            if definitions.get(name, file) != file:
                graph[file][definitions[name]].add(name)
    return graph


def reached_from(graph, start):
    """For each file that `start` reaches by calls, the file before it on a shortest way."""
    before, queue = {}, collections.deque([start])
    while queue:
        file = queue.popleft()
        for callee in sorted(graph.get(file, ())):
            if callee not in before:
                before[callee] = file
                queue.append(callee)
    return before


def circles_of(graph):
    """Sets of files in which each reaches each, with the shortest way around; the largest set first."""
    reached = {file: reached_from(graph, file) for file in graph}
    circles, seen = [], set()
    for file in sorted(graph):
        if file in reached[file] and file not in seen:
            circle = {other for other in reached[file] if file in reached.get(other, ())}
            seen |= circle
            circles.append((sorted(circle), min((way_around(reached[one], one) for one in sorted(circle)), key=len)))
    return sorted(circles, key=lambda circle: -len(circle[0]))


def way_around(before, file):
    way = [file, before[file]]
    while way[-1] != file:
        way.append(before[way[-1]])
    return way[::-1]


def main():
    library, tree = sys.argv[1], pathlib.Path(sys.argv[2])
    for file in files_of(tree, FOLDERS):
        print("file", file)
        for header in includes_of(tree, file):
            print("include", file, header)
            for other in led_to(tree, header) if header.startswith("include/") else ():
                print("include", file, other, header)
    functions, data, used = symbols_of(library, tree)
    calls = edges_of(functions, used)
    for kind, graph in (("call", calls), ("data", edges_of(data, used))):
        for file, callees in sorted(graph.items()):
            for callee, names in sorted(callees.items()):
                print(kind, file, callee, ",".join(sorted(names)))
    if not calls:
        sys.exit(f"no file calls another in {library}: nm was not understood")
    for circle, way in circles_of(calls):
        print("circle", *circle)
        print("round", way[0], *(f"{min(calls[a][b])} {b}" for a, b in zip(way, way[1:])))


main()
