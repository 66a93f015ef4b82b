#!/usr/bin/env python3
"""Read a numeric CSV with pandas and pyarrow, those that are installed, and print megabytes a second.

    build/bench/csv --write FILE
    csv_peers.py FILE

pandas reads with its C parser, by default and with the exact one (float_precision="round_trip"); pyarrow on one thread
and on all. The best of five reads counts.
"""
import os
import sys
import time
import warnings

warnings.simplefilter("ignore")  # pandas 3 calls float_precision deprecated


def best(read):
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        read()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def readers(path):
    try:
        import pandas
        yield "pandas", lambda: pandas.read_csv(path)
        yield "pandas, exact", lambda: pandas.read_csv(path, float_precision="round_trip")
    except ImportError:
        print("pandas: not installed")
    try:
        from pyarrow import csv
        yield "pyarrow, one thread", lambda: csv.read_csv(path, read_options=csv.ReadOptions(use_threads=False))
        yield "pyarrow, all threads", lambda: csv.read_csv(path)
    except ImportError:
        print("pyarrow: not installed")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    megabytes = os.path.getsize(sys.argv[1]) / 1e6
    for name, read in readers(sys.argv[1]):
        print(f"{name:22}best {megabytes / best(read):7.1f} MB/s")


if __name__ == "__main__":
    main()
