"""Broken safetensors files."""

import json
import struct

from .record import Record


def safetensors(header: object, data: bytes = b"", *, size: int | None = None) -> bytes:
    """A file with any header: text, or what becomes JSON."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if size is None else size) + text + data


def entry(
    begin: int, end: int, dtype: str = "F32", shape: object = None
) -> dict[str, object]:
    """One tensor of a header."""
    dims = [(end - begin) // 4] if shape is None else shape
    return {"dtype": dtype, "shape": dims, "data_offsets": [begin, end]}


def bad_safetensors() -> dict[str, tuple[bytes, str]]:
    """Headers that the reference refuses."""
    one = {"a": entry(0, 4)}
    text = json.dumps(one).encode()
    return {
        "empty": (b"", "too short"),
        "short": (b"\x08\x00\x00", "too short for a length"),
        "header-beyond-file": (
            safetensors(one, bytes(4), size=1 << 20),
            "a header longer than the file",
        ),
        "header-huge": (
            safetensors(one, bytes(4), size=(1 << 64) - 1),
            "a header that is too large",
        ),
        "header-over-limit": (
            safetensors(one, bytes(4), size=100_000_001),
            "a header that is too large",
        ),
        "header-empty": (safetensors(b""), "an empty header"),
        "not-json": (safetensors(b"{never"), "no JSON"),
        "array": (safetensors([]), "no object"),
        "space-before": (
            safetensors(b"  " + text, bytes(4)),
            "a header that does not start with {, though the library reads it",
        ),
        "bad-utf-8": (safetensors(text.replace(b"a", b"\xff"), bytes(4)), "no UTF-8"),
        "junk-after-json": (safetensors(text + b"{}", bytes(4)), "more than one value"),
        "deep": (
            safetensors(b'{"a":' + b"[" * 100_000, b""),
            "JSON that is nested too deep",
        ),
        "duplicate-keys": (
            safetensors(b"{" + text[1:-1] + b"," + text[1:], bytes(4)),
            "one name twice, though the library reads it",
        ),
        "duplicate-fields": (
            safetensors(text.replace(b'"shape"', b'"dtype": "F32", "shape"'), bytes(4)),
            "one field twice",
        ),
        "overlap": (
            safetensors({"a": entry(0, 8), "b": entry(4, 12)}, bytes(12)),
            "tensors that overlap",
        ),
        "hole": (
            safetensors({"a": entry(0, 4), "b": entry(8, 12)}, bytes(12)),
            "a hole between tensors",
        ),
        "hole-first": (
            safetensors({"a": entry(4, 8)}, bytes(8)),
            "a hole before the first tensor",
        ),
        "trailing": (safetensors(one, bytes(8)), "bytes after the last tensor"),
        "truncated": (safetensors(one, bytes(3)), "too few bytes"),
        "size-differs": (
            safetensors({"a": entry(0, 4, shape=[2])}, bytes(4)),
            "a size that does not fit the shape",
        ),
        "offsets-reversed": (
            safetensors({"a": entry(4, 0, shape=[1])}, bytes(4)),
            "an end before its begin",
        ),
        "offsets-negative": (
            safetensors({"a": entry(-4, 0, shape=[1])}, bytes(4)),
            "a negative offset",
        ),
        "offsets-one": (
            safetensors(
                {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0]}}, bytes(4)
            ),
            "one offset",
        ),
        "shape-overflow": (
            safetensors({"a": entry(0, 4, shape=[1 << 40, 1 << 40])}, bytes(4)),
            "a shape that overflows",
        ),
        "shape-overflow-to-0": (
            safetensors({"a": entry(0, 0, shape=[1 << 32, 1 << 32])}),
            "a shape whose product is 0 in 64 bits",
        ),
        "shape-negative": (
            safetensors({"a": entry(0, 4, shape=[-1])}, bytes(4)),
            "a negative dim",
        ),
        "shape-float": (
            safetensors({"a": entry(0, 4, shape=[1.0])}, bytes(4)),
            "a dim that is no integer",
        ),
        "dtype-unknown": (
            safetensors({"a": entry(0, 4, "F33")}, bytes(4)),
            "an unknown dtype",
        ),
        "field-missing": (
            safetensors({"a": {"dtype": "F32", "shape": [1]}}, bytes(4)),
            "no offsets",
        ),
        "metadata-number": (
            safetensors({"__metadata__": {"a": 1}} | one, bytes(4)),
            "metadata that is no text",
        ),
    }


def write(record: Record) -> None:
    """Writes all of them, and a valid one."""
    for name, (content, needs) in bad_safetensors().items():
        record.refused("safetensors", f"{name}.safetensors", content, needs)
    padded = safetensors({"a": entry(0, 1, "F4", [1])}, bytes(1))
    needs = "half a byte: refused, or its last byte is padding"
    record.bounded("safetensors", "dtype-half-byte.safetensors", padded, needs)
    valid = safetensors({"a": entry(0, 4)}, bytes(4))
    record.clean("safetensors", "valid.safetensors", valid, "nothing: it is valid")
