#!/usr/bin/env python3
"""Makes numpy.txt: files that NumPy wrote, for tests/nn/npy.c and tests/nn/npz.c.

A line is the name of a file, its bytes in hexadecimal, the shape [n,d] and the element that features of it have, and
the values, row by row. Archives have only name and bytes.
"""
import io
import pathlib
import warnings

import numpy as np
from numpy.lib import format as npy

ELEMENTS = {"f2": "f32", "f4": "f32", "f8": "f64", "b1": "u8", "u1": "u8", "i1": "i8", "u2": "i32", "i2": "i16",
            "u4": "f64", "i4": "i32", "u8": "f64", "i8": "f64"}
SHAPE = (3, 2, 2)


def values_of(code):
    """Twelve values of a dtype with both ends of its range, as far as f64 holds them exactly."""
    kind = np.dtype(code)
    if kind.kind == "b":
        return np.arange(12) % 3 == 1
    if kind.kind == "f":
        limits = np.finfo(kind)
        few = [0, -0.0, 1, -2.5, limits.max, -limits.max, limits.tiny, limits.smallest_subnormal, np.inf, -np.inf, 0.1,
               1 / 3]
        return np.array(few, kind)
    limits = np.iinfo(kind)
    high = limits.max if kind.itemsize < 8 else 2**62 if kind.kind == "i" else 2**63
    few = [0, 1, 2, high, limits.min, 77, 100, 3, 4, 5, 6, 7]
    if kind.kind == "i":
        few[5] = -few[5]
    return np.array(few, kind)


def text_of(value):
    return repr(float(value))


def line(name, array, version=None):
    file = io.BytesIO()
    npy.write_array(file, array, version)
    rows = array.reshape(array.shape[0], -1) if array.size else array
    element = ELEMENTS[array.dtype.str[1:]]
    values = [text_of(value) for value in rows.flatten("C")]
    return " ".join([name, file.getvalue().hex(), str(rows.shape[0]), str(rows.shape[1]), element] + values)


class Pipe(io.RawIOBase):
    """A file that cannot seek: archives then have the sizes behind the data."""

    def __init__(self):
        self.bytes = b""

    def writable(self):
        return True

    def seekable(self):
        return False

    def write(self, data):
        self.bytes += bytes(data)
        return len(data)


def archives():
    arrays = {"x": values_of("f4").reshape(SHAPE), "y": np.array([2, 0, 1]), "t": np.array([0.5, -1, 7]),
              "many": np.asfortranarray(values_of("i2").reshape(3, 4)), "deep/er": np.arange(3, dtype="u1")}
    for name, save in [("stored", np.savez), ("deflated", np.savez_compressed)]:
        file, pipe = io.BytesIO(), Pipe()
        save(file, **arrays)
        save(pipe, **arrays)
        yield f"{name}.npz {file.getvalue().hex()}"
        yield f"{name}_into_a_pipe.npz {pipe.bytes.hex()}"
    file = io.BytesIO()
    np.savez(file)
    yield f"empty.npz {file.getvalue().hex()}"


def main():
    warnings.simplefilter("ignore") # version 2 and 3 where 1 would do
    lines = []
    for code in ELEMENTS:
        for order in "|" if code[1] == "1" else "<>":
            array = values_of(order + code).reshape(SHAPE)
            name = {"<": "little", ">": "big", "|": "byte"}[order]
            lines.append(line(f"{code}_{name}_c.npy", array))
            lines.append(line(f"{code}_{name}_fortran.npy", np.asfortranarray(array)))
    counted = np.arange(24, dtype="<f4")
    lines.append(line("rank_1.npy", counted))
    lines.append(line("rank_2.npy", np.asfortranarray(counted.reshape(4, 6))))
    lines.append(line("rank_4.npy", np.asfortranarray(counted.reshape(4, 3, 1, 2))))
    lines.append(line("one_column.npy", np.asfortranarray(counted.reshape(24, 1))))
    lines.append(line("no_rows.npy", np.zeros((0, 7), "<f4")))
    for version in [(1, 0), (2, 0), (3, 0)]:
        lines.append(line(f"version_{version[0]}.npy", counted.reshape(2, 12), version))
    lines += archives()
    path = pathlib.Path(__file__).with_name("numpy.txt")
    path.write_text(f"# NumPy {np.__version__}; made by make_numpy.py\n" + "\n".join(lines) + "\n")


main()
