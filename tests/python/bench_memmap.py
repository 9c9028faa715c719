"""The bare comparison of two files that `reproof diff --bits` is measured against.

`bench_memmap.py A B` maps both files into memory with NumPy and counts the bytes that
differ, in pieces that stay in the cache, half of the file per thread on as many threads
as there are cores. It knows nothing of tensors.
"""

import argparse
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

PIECE = 1 << 18


def count(first: np.memmap, second: np.memmap, start: int, end: int) -> int:
    """Bytes that differ in a range."""
    return sum(
        int(np.count_nonzero(first[at : at + PIECE] != second[at : at + PIECE]))
        for at in range(start, end, PIECE)
    )


def main() -> None:
    """Compares the files and prints how many bytes differ."""
    parser = argparse.ArgumentParser(description="Compare the bytes of two files.")
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    arguments = parser.parse_args()
    first = np.memmap(arguments.first, np.uint8, "r")
    second = np.memmap(arguments.second, np.uint8, "r")
    size = min(len(first), len(second)) // PIECE * PIECE
    threads = os.cpu_count() or 1
    share = -(-size // PIECE // threads) * PIECE
    starts = range(0, size, share)
    ends = [min(start + share, size) for start in starts]
    ends[-1] = min(len(first), len(second))
    with ThreadPoolExecutor(threads) as pool:
        counts = pool.map(count, [first] * threads, [second] * threads, starts, ends)
        print(sum(counts))


if __name__ == "__main__":
    main()
