#!/usr/bin/env python3
"""Compares our reader and writer of safetensors files with those of safetensors for Python.

Usage: safetensors_by_python.py PROGRAM

PROGRAM is copy_safetensors (tests/nn/copy_safetensors.c). The exit status is 77 if safetensors or NumPy is missing.
This file must not be called safetensors.py: it would be the package then.

- Files of Python, of random tensors and metadata: we read the same, and what we write from it Python reads as the same.
- Changed files: what we accept Python accepts. What we refuse and Python accepts is counted: we are stricter.
"""
import json
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import warnings

try:
    import numpy
    import safetensors
    from safetensors.numpy import save_file
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

TYPES = {"F64": "<f8", "I64": "<i8", "F32": "<f4", "U8": "|u1"}
FOREIGN = {"F16": "<f2", "I32": "<i4", "I8": "|i1", "BOOL": "|b1", "U64": "<u8"}
NAMES = ["", "hiddenlayer_0.weight", "ü/€😀", 'quote"\\', "\n\x1f\x7f", "checksum", "0", " ", "a" * 300]
FILES, CHANGES = 60, 2000


def run(program, lines):
    """What the program says to each line."""
    done = subprocess.run([program], input="".join(line + "\n" for line in lines).encode(), capture_output=True,
                          check=True)
    said = done.stdout.decode().split("\n")[:-1]
    assert len(said) == len(lines), done.stderr.decode()
    return [json.loads(line) for line in said]


def random_array(rng, kind):
    shape = [rng.choice([0, 1, 2, 3, 5, 40]) for _ in range(rng.choice([0, 1, 2, 2, 2, 3, 4]))]
    if rng.random() < 0.05:
        shape = [rng.choice([300, 1000]), rng.choice([257, 999])]
    numbers = numpy.frombuffer(rng.randbytes(int(numpy.prod(shape)) * 8), dtype="<i8")
    return numbers.astype(kind).reshape(shape)


def write_random(path, rng, types):
    names = rng.sample(NAMES, rng.randrange(len(NAMES))) + [f"t{i}" for i in range(rng.randrange(5))]
    tensors = {name: random_array(rng, rng.choice(list(types.values()))) for name in names}
    keys = rng.sample(["format", "gradtape", "ü", "k\n", ""], rng.randrange(5))
    save_file(tensors, path, {key: rng.choice(["pt", "", '{"a":[1,2.5]}', "é\t\u2028😀\x00"[:-1]]) for key in keys})
    return tensors


def content_of(path):
    """What Python reads, as the program says it."""
    with safetensors.safe_open(path, "numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}
        types = {name: file.get_slice(name).get_dtype() for name in file.keys()}
        metadata = file.metadata() or {}
    return {name: [types[name], list(array.shape), array.tobytes().hex()] for name, array in tensors.items()}, metadata


def check_files(program, folder, rng):
    """Python's files, ours, and ours of ours."""
    paths = [folder / f"{i}.safetensors" for i in range(FILES)]
    for i, path in enumerate(paths):
        write_random(path, rng, TYPES if i % 5 else TYPES | FOREIGN)
    ours = [path.with_suffix(".ours") for path in paths]
    again = [path.with_suffix(".again") for path in paths]
    read = run(program, [str(path) for path in paths])
    written = run(program, [f"{a}\t{b}" for a, b in zip(paths, ours)])
    copied = run(program, [f"{a}\t{b}" for a, b in zip(ours, again) if a.exists()])
    n = 0
    for path, by_us, writing, our, another in zip(paths, read, written, ours, again):
        tensors, metadata = content_of(path)
        is_foreign = any(tensor[0] in FOREIGN for tensor in tensors.values())
        expected = {name: [t[0], t[1], None if t[0] in FOREIGN else t[2]] for name, t in tensors.items()}
        assert by_us["tensors"] == expected and by_us["metadata"] == metadata, path
        assert ("error" in writing) == is_foreign, writing
        if is_foreign:
            continue
        our_tensors, our_metadata = content_of(our)
        assert len(our_metadata.pop("checksum")) == 8 and our_metadata == metadata, our
        assert our_tensors == tensors, our
        assert our.read_bytes() == another.read_bytes(), f"{our} is written otherwise the second time"
        n += 1
    assert all("error" not in said and said["whole"] for said in copied)
    return n, ours


def check_rewritten(program, folder, ours):
    """What Python saves again has another order and no newline, which tells it from a damaged file."""
    n = 0
    for path in ours:
        if not path.exists():
            continue
        with safetensors.safe_open(path, "numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}
            metadata = file.metadata()
        target = folder / "rewritten"
        save_file(tensors, target, metadata)
        said = run(program, [str(target)])[0]
        assert said["rewritten"] and not said["whole"], said
        n += 1
    return n


def change(data, rng):
    """Some bytes of the header are other ones, and its length fits again, mostly."""
    n = struct.unpack("<Q", data[:8])[0]
    header, tail = bytearray(data[8:8 + n]), data[8 + n:]
    pieces = [b"0", b"1", b"-1", b"8", b",", b"[", b"]", b"{", b"}", b'"', b" ", b"\n", b"1.0", b"1e0", b"null",
              b'"F32"', b'"U8"', b'"F4"', b"[]", b"\\u0061", b"18446744073709551615", b"9223372036854775808",
              b'"__metadata__":', b'"a":"b",', b"\xff", b"\x00"]
    for _ in range(rng.choice([1, 1, 2])):
        at, kind = rng.randrange(len(header) + 1), rng.randrange(4)
        if kind == 0:
            header[at:at + rng.randrange(1, 5)] = b""
        elif kind == 1:
            header[at:at + rng.randrange(3)] = rng.choice(pieces)
        elif kind == 2:
            other = rng.randrange(len(header) + 1)
            header[at:at] = header[other:other + rng.randrange(1, 60)]
        else:
            digits = [i for i, byte in enumerate(header) if 48 <= byte <= 57]
            if digits:
                header[rng.choice(digits)] = rng.choice(b"0123456789")
    if rng.random() < 0.1:
        tail = tail[:-1] if rng.random() < 0.5 else tail + b"x"
    return struct.pack("<Q", len(header) + (rng.random() < 0.02)) + bytes(header) + tail


def check_changed(program, folder, rng):
    source, paths, accepted = folder / "source", [], []
    for i in range(CHANGES):
        if i % 50 == 0:
            write_random(source, rng, {"F32": "<f4", "U8": "|u1"})
            while source.stat().st_size > 3000:
                write_random(source, rng, {"F32": "<f4", "U8": "|u1"})
            data = source.read_bytes()
        path = folder / f"changed{i}"
        path.write_bytes(change(data, rng))
        try:
            with safetensors.safe_open(path, "numpy") as file:
                accepted.append([file.keys()])
        except (safetensors.SafetensorError, OSError):
            accepted.append(None)
        paths.append(path)
    stricter = both = 0
    for path, python, said in zip(paths, accepted, run(program, [str(path) for path in paths])):
        if "error" not in said:
            assert python is not None, f"we read what Python refuses: {path.read_bytes()!r}"
            both += 1
        elif python is not None:
            stricter += 1
            if "-v" in sys.argv:
                print(said["error"], path.read_bytes()[:300])
    return both, stricter


def main():
    rng = random.Random(18)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        n, ours = check_files(sys.argv[1], folder, rng)
        rewritten = check_rewritten(sys.argv[1], folder, ours)
        both, stricter = check_changed(sys.argv[1], folder, rng)
    print(f"safetensors {safetensors.__version__}: {n} of {FILES} files of Python's are written by us and read by it, "
          f"{rewritten} are told as rewritten; of {CHANGES} changed files both accept {both}, Python alone {stricter}")
    assert n > FILES / 2 and rewritten > FILES / 2 and both > CHANGES / 20


main()
