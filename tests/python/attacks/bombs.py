"""Small files that ask for much."""

import bz2
import gzip
import lzma
import struct
import zlib
from dataclasses import replace

from .assembler import Code, call, dictionary, program
from .record import Record
from .zips import DEFLATED, Member, archive, torch_members

FAMILY = "bomb"
LAUGHS, DEPTH = 100, 100_000
ZEROS = 256 << 20
"""Bytes that compressed bombs unpack to."""
HUGE = struct.pack("<Q", 1 << 62)


def pickles() -> dict[str, bytes]:
    """Exponential sizes, deep nesting, and numbers that cost quadratic time."""
    million = 1_000_000
    deep_lists = b"(" * DEPTH + b"l" * DEPTH
    deep_dicts = b"(I1\n" * DEPTH + b"N" + b"d" * DEPTH
    return {
        "laughs-tuple": b"\x80\x02N" + b"2\x86" * LAUGHS + b".",
        "laughs-memo": b"\x80\x02]" + b"q\x00h\x00\x86" * LAUGHS + b".",
        "laughs-list": b"\x80\x02(lq\x000"
        + b"](h\x00h\x00eq\x000" * LAUGHS
        + b"h\x00.",
        "laughs-dict": b"\x80\x02}q\x000"
        + b"}(K\x01h\x00K\x02h\x00uq\x000" * LAUGHS
        + b"h\x00.",
        "laughs-key": b"\x80\x02)" + b"2\x86" * LAUGHS + b"q\x000}h\x00Ns.",
        "laughs-strings": b"\x80\x02X\x10\x00\x00\x00"
        + b"a" * 16
        + b"2\x86" * LAUGHS
        + b".",
        "cycle": b"\x80\x02]q\x00h\x00a.",
        "cycle-dict": b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s.",
        "cycle-state": b"\x80\x02c__main__\nAny\n)\x81q\x00}X\x01\x00\x00\x00ah\x00sb.",
        "deep-lists": deep_lists + b".",
        "deep-tuples": b"\x80\x02)" + b"\x85" * DEPTH + b".",
        "deep-dicts": deep_dicts + b".",
        "deep-reduce": b"\x80\x02N"
        + b"\x85ccollections\nOrderedDict\n2R" * 1000
        + b".",
        "many-marks": b"(" * million + b".",
        "many-values": b"\x80\x02" + b"N" * million + b".",
        "long4-huge": b"\x80\x02\x8b\xff\xff\xff\x7f" + b"\x01" * 100 + b".",
        "long4-megabyte": b"\x80\x02\x8b"
        + struct.pack("<i", million)
        + b"\x7f" * million
        + b".",
        "long-digits": b"L" + b"9" * million + b"L\n.",
        "int-digits": b"I" + b"9" * million + b"\n.",
        "put-huge": b"\x80\x02Nr\xff\xff\xff\xff.",
        "put-text-huge": b"Np18446744073709551615\n.",
        "put-text-negative": b"Np-1\n.",
        "string-8": b"\x80\x04\x8d" + HUGE + b"a.",
        "bytes-8": b"\x80\x04\x8e" + HUGE + b"a.",
        "bytearray-8": b"\x80\x05\x96" + HUGE + b"a.",
        "string-4": b"\x80\x02X\xff\xff\xff\xffa.",
        "frame": b"\x80\x04\x95" + b"\xff" * 8 + b"N.",
        "bytearray-by-number": program(call("builtins bytearray", (1 << 40,), 4), 4),
        "range": program(call("builtins range", (1 << 62,), 4), 4),
        "array-by-shape": array_by_shape(),
        "long-line": b"S'" + b"a" * million + b"'\n.",
        "name-megabyte": b"c" + b"a" * million + b"\nb\n.",
        "empty": b"",
        "only-stop": b".",
        "only-proto": b"\x80\x04",
    }


def array_by_shape() -> bytes:
    """A NumPy array that says it is large and has no bytes."""
    made = call(
        "numpy._core.multiarray _reconstruct",
        (Code(b"cnumpy\nndarray\n"), (0,), b"b"),
        4,
    )
    dtype = call("numpy dtype", ("f8", False, True), 4)
    state = Code(
        b"(K\x01\x8a\x06\x00\x00\x00\x00\x00\x01\x85" + dtype.content + b"\x89C\x00tb"
    )
    return program(Code(made.content + state.content), 4)


def compressed_zeros() -> dict[str, bytes]:
    """Zeros by the quarter gigabyte, as pickles that joblib would unpack."""
    head = b"\x80\x04\x8e" + struct.pack("<Q", ZEROS)
    block = bytes(1 << 20)
    tools = {
        "zlib": zlib.compressobj(6),
        "gzip": zlib.compressobj(6, zlib.DEFLATED, 31),
        "xz": lzma.LZMACompressor(preset=0),
        "bz2": bz2.BZ2Compressor(9),
    }
    results = {}
    for name, tool in tools.items():
        parts = [tool.compress(head)]
        parts += [tool.compress(block) for _ in range(ZEROS >> 20)]
        parts += [tool.compress(b"."), tool.flush()]
        results[name] = b"".join(parts)
    results["gzip-of-gzip"] = gzip.compress(results["gzip"], mtime=0)
    return results


def zip_bombs() -> dict[str, bytes]:
    """Zip files that unpack to more than they are."""
    empty = program(dictionary([], 2), 2)
    members = torch_members(empty)
    zeros = Member("model/data/0", bytes(64 << 20), DEFLATED)
    again = [
        replace(zeros, name=f"model/data/{index}", like=4) for index in range(1, 200)
    ]
    lying = replace(zeros, content=bytes(1000), size=1 << 31)
    many = [Member(f"model/data/{index}", b"") for index in range(60_000)]
    pickle = Member(
        "model/data.pkl", b"\x80\x02" + b"N0" * (32 << 20) + b"N.", DEFLATED
    )
    return {
        "deflate": archive([*members, zeros]),
        "one-body-many-names": archive([*members[:3], members[-1], zeros, *again]),
        "size-lies": archive([*members, lying]),
        "many-entries": archive([*members, *many]),
        "deflated-pickle": archive([pickle, *members[1:]]),
        "long-name": archive([*members, Member("model/" + "a" * 60_000, b"")]),
    }


def write(record: Record) -> None:
    """Writes all of them."""
    needs = "reads or refuses within its limits"
    for name, content in pickles().items():
        record.bounded(FAMILY, f"{name}.pkl", content, needs)
    for name, content in compressed_zeros().items():
        record.bounded(FAMILY, f"zeros-{name}.joblib", content, needs)
    for name, content in zip_bombs().items():
        record.bounded(FAMILY, f"{name}.pt", content, needs)
