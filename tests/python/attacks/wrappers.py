"""Payloads behind compression, padding, and what stops a parser."""

import bz2
import gzip
import lzma
import struct
import zlib

import lz4.frame

from .assembler import STOP, Code, hostile_pickle, payload, program
from .record import Record
from .zips import torch_zip

SYSTEM = "call of os system"
PADDING = 11 << 20
"""Bytes: more than the first 10 MB, at which some scanners stop."""
CALL = payload(2).content


def gzipped(content: bytes) -> bytes:
    """The same bytes in every run."""
    return gzip.compress(content, mtime=0)


def compressed(content: bytes) -> dict[str, bytes]:
    """Every compressor that joblib knows, and some layers."""
    single = {
        "zlib": zlib.compress(content),
        "gzip": gzipped(content),
        "bz2": bz2.compress(content),
        "xz": lzma.compress(content),
        "lzma": lzma.compress(content, lzma.FORMAT_ALONE),
        "lz4": lz4.frame.compress(content),
        "old-zfile": b"ZF"
        + hex(len(content)).encode().ljust(19)
        + zlib.compress(content),
    }
    return single | {
        "gzip-of-gzip": gzipped(single["gzip"]),
        "xz-of-bz2": lzma.compress(single["bz2"]),
        "gzip-members": gzipped(content[:9]) + gzipped(content[9:]),
        "gzip-after-empty": gzipped(b"") + single["gzip"],
        "xz-streams": lzma.compress(content[:9]) + lzma.compress(content[9:]),
        "zlib-no-checksum": single["zlib"][:-4],
        "gzip-wrong-checksum": single["gzip"][:-8] + bytes(8),
        "zlib-best": zlib.compress(content, 9),
        "zlib-stored": zlib.compress(content, 0),
        "zlib-small-window": small_window(content),
    }


def small_window(content: bytes) -> bytes:
    """zlib whose first byte is not the usual 0x78."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, 9)
    return compressor.compress(content) + compressor.flush()


def aborts() -> dict[str, bytes]:
    """The call, and then what stops a parser that wants the whole file."""
    head = b"\x80\x02" + CALL
    huge = struct.pack("<Q", 1 << 62)
    tails = {
        "truncated": b"",
        "no-stop": b"0N",
        "invalid-opcode": b"\xff",
        "invalid-opcode-stop": b"\xff.",
        "stack-underflow": b"000000.",
        "missing-mark": b"t.",
        "unknown-memo": b"h\xfe.",
        "unknown-memo-text": b"g12345678901234567890\n.",
        "huge-string": b"\x8d" + huge,
        "huge-bytes": b"\x8e" + huge,
        "huge-bytearray": b"\x96" + huge,
        "negative-string": b"T\xff\xff\xff\xff.",
        "negative-long": b"\x8b\xff\xff\xff\xff.",
        "bad-utf-8": b"X\x02\x00\x00\x00\xff\xfe.",
        "bad-int": b"Ix\n.",
        "bad-float": b"Fx\n.",
        "bad-quotes": b"S'never\n.",
        "bad-escape": b"V\\uXYZ\n.",
        "line-without-end": b"S'never",
        "frame-too-long": b"\x95" + huge + b"N.",
        "frame-zero": b"\x95" + bytes(8) + b"N.",
        "frame-within": b"\x95\x04" + bytes(7) + b"X\x08\x00\x00\x00harmless.",
        "next-buffer": b"\x97.",
        "readonly-buffer": b"\x98.",
        "protocol-99": b"\x80\x63N.",
        "unhashable-key": b"}](lNu.",
        "build-on-none": b"N}b.",
        "append-to-none": b"NNa.",
    }
    return {name: head + tail for name, tail in tails.items()}


def padded() -> dict[str, bytes]:
    """The call behind more than ten megabytes."""
    string = b"\x80\x02X" + struct.pack("<I", PADDING) + b"a" * PADDING + b"0"
    opcodes = b"\x80\x02" + b"N0" * (PADDING // 2)
    return {
        "string.pkl": string + CALL + STOP,
        "opcodes.pkl": opcodes + CALL + STOP,
        "in-zip.pt": torch_zip(string + CALL + STOP),
        "in-gzip.pkl.gz": gzipped(string + CALL + STOP),
        "second-pickle.pkl": string + b"N." + hostile_pickle(),
        "zeros-after.pkl": hostile_pickle() + bytes(PADDING),
    }


def appended() -> dict[str, bytes]:
    """The call after an end."""
    harmless = program(["fine"], 2)
    return {
        "second": harmless + hostile_pickle(),
        "third": harmless + harmless + hostile_pickle(4),
        "after-text": program(["fine"], 0) + hostile_pickle(0),
        "after-junk": harmless + b"\n\n" + hostile_pickle(),
        "stop-in-string": b"\x80\x02X\x01\x00\x00\x00.0" + CALL + STOP,
        "array-then-call": harmless + bytes(64) + hostile_pickle(),
    }


def joblib_array() -> bytes:
    """An array as joblib writes it, whose raw bytes look like an end; then the call."""
    state = Code(
        b"}(X\x08\x00\x00\x00subclasscnumpy\nndarray\nX\x05\x00\x00\x00shapeK\x04\x85"
        b"X\x05\x00\x00\x00orderX\x01\x00\x00\x00CX\x05\x00\x00\x00dtypecnumpy\ndtype\n"
        b"X\x02\x00\x00\x00u1\x89\x88\x87R(K\x03X\x01\x00\x00\x00|NNNJ\xff\xff\xff\xff"
        b"J\xff\xff\xff\xffK\x00tbX\x0a\x00\x00\x00allow_mmap\x88u"
    )
    head = b"\x80\x02](cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81"
    return head + state.content + b"b" + b"N...."[1:] + CALL + b"e."


def write(record: Record) -> None:
    """Writes all of them."""
    inner = compressed(hostile_pickle(4)) | {
        f"torch-zip-{name}": content
        for name, content in compressed(torch_zip(hostile_pickle())).items()
        if name in ("gzip", "xz")
    }
    for name, content in inner.items():
        record.dangerous("compressed", f"{name}.joblib", content, SYSTEM)
    for name, content in aborts().items():
        record.dangerous(
            "abort", f"{name}.pkl", content, f"{SYSTEM} before the broken rest"
        )
        zipped = torch_zip(content)
        record.dangerous(
            "abort", f"{name}.pt", zipped, f"{SYSTEM} before the broken rest"
        )
    for name, content in padded().items():
        record.dangerous("padded", name, content, f"{SYSTEM} beyond the first 10 MB")
    for name, content in appended().items():
        record.dangerous("appended", f"{name}.pkl", content, f"{SYSTEM} after an end")
    record.dangerous(
        "appended", "joblib-array.joblib", joblib_array(), f"{SYSTEM} after raw bytes"
    )
