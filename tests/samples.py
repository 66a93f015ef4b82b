#!/usr/bin/env python3
"""Looks at sample tapes from outside: whether their JSON is as docs/tape.schema.json says, and Graphviz takes their DOT.

Usage: samples.py json PROGRAM SCHEMA | samples.py dot PROGRAM

PROGRAM FOLDER writes the samples. The exit status is 77 if there is no program `dot`.
"""
import copy
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def is_of_type(value, name):
    if name in ("number", "integer"):
        return isinstance(value, (int,) if name == "integer" else (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def is_same(a, b):
    return a == b and isinstance(a, bool) == isinstance(b, bool)


class Schema:
    """As much of JSON Schema 2020-12 as the schema uses. A keyword that is not here is an error."""

    NOTES = {"$schema", "$id", "$defs", "title", "description"}

    def __init__(self, root):
        self.root = root

    def fault(self, value, schema=None, path="$"):
        """What is wrong with the value, or None."""
        schema = self.root if schema is None else schema
        for keyword, wanted in schema.items():
            if keyword in self.NOTES or keyword == "additionalProperties":
                continue
            fault = getattr(self, "check_" + keyword.replace("$", ""))(value, wanted, schema, path)
            if fault:
                return fault
        return None

    def first_fault(self, pairs):
        return next((fault for fault in (self.fault(*pair) for pair in pairs) if fault), None)

    def check_ref(self, value, wanted, _, path):
        return self.fault(value, self.root["$defs"][wanted.removeprefix("#/$defs/")], path)

    def check_type(self, value, wanted, _, path):
        return None if is_of_type(value, wanted) else f"{path} is no {wanted}: {value!r:.60}"

    def check_const(self, value, wanted, _, path):
        return None if is_same(value, wanted) else f"{path} is not {wanted!r}: {value!r:.60}"

    def check_enum(self, value, wanted, _, path):
        return None if any(is_same(value, one) for one in wanted) else f"{path} is none of {wanted}: {value!r:.60}"

    def check_anyOf(self, value, wanted, _, path):
        faults = [self.fault(value, one, path) for one in wanted]
        return None if None in faults else " and ".join(faults)

    def check_pattern(self, value, wanted, _, path):
        fits = not isinstance(value, str) or re.search(wanted, value)
        return None if fits else f"{path} is not of the pattern {wanted}: {value!r:.60}"

    def check_minimum(self, value, wanted, _, path):
        return None if not is_of_type(value, "number") or value >= wanted else f"{path} is below {wanted}: {value}"

    def check_maxItems(self, value, wanted, _, path):
        return None if not isinstance(value, list) or len(value) <= wanted else f"{path} has more than {wanted}"

    def check_items(self, value, wanted, _, path):
        return isinstance(value, list) and self.first_fault((one, wanted, f"{path}[{i}]") for i, one in enumerate(value)) or None

    def check_required(self, value, wanted, _, path):
        missing = [key for key in wanted if isinstance(value, dict) and key not in value]
        return f"{path} lacks {missing}" if missing else None

    def check_dependentRequired(self, value, wanted, schema, path):
        return next((fault for key, others in wanted.items() if key in value
                     for fault in [self.check_required(value, others, schema, path)] if fault), None)

    def check_properties(self, value, wanted, schema, path):
        if not isinstance(value, dict):
            return None
        others = schema.get("additionalProperties", True)
        unknown = [key for key in value if key not in wanted and others is False]
        if unknown:
            return f"{path} has {unknown}"
        return self.first_fault((one, wanted[key], f"{path}.{key}") for key, one in value.items() if key in wanted)


def refuse_constant(word):
    raise ValueError(f"{word} is no JSON")


def check_additional(schema, tape):
    """The one object whose members have any name."""
    values = schema.root["$defs"]["tensor"]["properties"]["attributes"]["additionalProperties"]
    return next((fault for x in tape["tensors"] for name, value in x.get("attributes", {}).items()
                 for fault in [schema.fault(value, values, f"attribute {name} of {x['id']}")] if fault), None)


def must_be_seen(schema, tape):
    """Faults that the check itself must find."""
    def spoil(change):
        other = copy.deepcopy(tape)
        change(other)
        return schema.fault(other)
    return [spoil(lambda t: t.pop("loss")), spoil(lambda t: t["tensors"][0].update(kind="leaf")),
            spoil(lambda t: t["tensors"][0].update(id="x")), spoil(lambda t: t["tensors"][0].update(more=1)),
            spoil(lambda t: t["tensors"][-1].pop("operands")), spoil(lambda t: t["tensors"][0]["value"].update(n=-1)),
            spoil(lambda t: t["parts"][0]["part"].update(min="NaN")), spoil(lambda t: t.update(version=True))]


def check_json(folder, schema_path):
    schema = Schema(json.loads(pathlib.Path(schema_path).read_text(encoding="utf-8")))
    status = 0
    for path in sorted(folder.glob("*.json")):
        tape = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse_constant)
        fault = schema.fault(tape) or check_additional(schema, tape)
        ids = [x["id"] for x in tape["tensors"]]
        if not fault and len(set(ids)) < len(ids):
            fault = "an id is there twice"
        if not fault and path.stem == "formula" and None in must_be_seen(schema, tape):
            fault = "a fault is not seen"
        print(f"{path.stem}: {fault or 'ok'}")
        status |= bool(fault)
    return status


def check_dot(folder):
    if not shutil.which("dot"):
        print("skipped: there is no program dot (Graphviz)")
        return 77
    status = 0
    for path in sorted(folder.glob("*.dot")):
        run = subprocess.run(["dot", "-Tsvg", str(path)], capture_output=True, check=False)
        fault = run.stderr.decode(errors="replace").strip() or ("" if b"</svg>" in run.stdout else "no picture")
        print(f"{path.stem}: {fault or 'ok'}")
        status |= run.returncode != 0 or bool(fault)
    return status


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([sys.argv[2], name], check=True)
        if len(list(folder.glob("*." + sys.argv[1]))) < 10:
            sys.exit("there are too few samples")
        sys.exit(check_json(folder, sys.argv[3]) if sys.argv[1] == "json" else check_dot(folder))


if __name__ == "__main__":
    main()
