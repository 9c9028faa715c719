"""Broken GGUF files."""

import struct

from .record import Record


def text(value: str) -> bytes:
    """A string of GGUF."""
    return struct.pack("<Q", len(value)) + value.encode()


def number(key: str, value: int) -> bytes:
    """A key with a u32."""
    return text(key) + struct.pack("<II", 4, value)


def info(
    name: str, dims: tuple[int, ...] = (4,), kind: int = 0, offset: int = 0
) -> bytes:
    """A tensor's description."""
    head = text(name) + struct.pack(f"<I{len(dims)}Q", len(dims), *dims)
    return head + struct.pack("<IQ", kind, offset)


def gguf(
    keys: list[bytes],
    infos: list[bytes],
    data: bytes = bytes(64),
    counts: tuple[int, int] | None = None,
    version: int = 3,
) -> bytes:
    """A file; the counts are those of the lists unless given."""
    tensors, pairs = counts or (len(infos), len(keys))
    head = b"GGUF" + struct.pack("<IQQ", version, tensors, pairs)
    head += b"".join(keys) + b"".join(infos)
    return head + bytes(-len(head) % 32) + data


def bad_gguf() -> dict[str, tuple[bytes, str]]:
    """Counts, types and places that cannot be."""
    most = (1 << 64) - 1
    name = text("general.name")
    array = name + struct.pack("<IIQ", 9, 4, 1 << 60)
    nested = name + (struct.pack("<I", 9) + struct.pack("<IQ", 9, 1)) * 1000
    return {
        "truncated": (b"GGUF\x03\x00", "too short"),
        "version-0": (gguf([], [], version=0), "an unknown version"),
        "version-99": (gguf([], [], version=99), "an unknown version"),
        "tensors-huge": (gguf([], [], counts=(most, 0)), "more tensors than bytes"),
        "pairs-huge": (gguf([], [], counts=(0, most)), "more keys than bytes"),
        "string-huge": (
            gguf([struct.pack("<Q", most) + b"a"], []),
            "a string longer than the file",
        ),
        "array-huge": (gguf([array], []), "an array longer than the file"),
        "array-nested": (gguf([nested], []), "arrays that are nested too deep"),
        "key-type-unknown": (
            gguf([name + struct.pack("<I", 77)], []),
            "an unknown type of value",
        ),
        "bool-2": (
            gguf([name + struct.pack("<IB", 7, 2)], [info("a")]),
            "a bool that is neither",
        ),
        "key-twice": (gguf([number("general.x", 1)] * 2, [info("a")]), "one key twice"),
        "alignment-0": (
            gguf([number("general.alignment", 0)], [info("a")]),
            "an alignment of 0",
        ),
        "alignment-3": (
            gguf([number("general.alignment", 3)], [info("a")]),
            "an alignment of 3",
        ),
        "alignment-huge": (
            gguf([number("general.alignment", 1 << 31)], [info("a")]),
            "data beyond the end",
        ),
        "name-twice": (gguf([], [info("a"), info("a", offset=32)]), "one name twice"),
        "type-unknown": (gguf([], [info("a", kind=99)]), "an unknown type"),
        "type-removed": (
            gguf([], [info("a", (32,), kind=4)]),
            "a type that was removed",
        ),
        "rank-99": (gguf([], [info("a", (1,) * 99)]), "too many dims"),
        "dims-overflow": (
            gguf([], [info("a", (1 << 40, 1 << 40))]),
            "dims that overflow",
        ),
        "dims-huge": (gguf([], [info("a", (1 << 40,))]), "more elements than bytes"),
        "block-broken": (
            gguf([], [info("a", (31,), kind=8)]),
            "rows that are no whole blocks",
        ),
        "offset-beyond": (gguf([], [info("a", offset=1 << 40)]), "data beyond the end"),
        "offset-overflow": (
            gguf([], [info("a", offset=most - 31)]),
            "an offset that overflows",
        ),
        "offset-unaligned": (
            gguf([], [info("a", offset=4)]),
            "an offset that is not aligned",
        ),
        "overlap": (
            gguf([], [info("a", (16,)), info("b", (8,), offset=32)]),
            "tensors that overlap",
        ),
        "data-missing": (gguf([], [info("a", (16,))], data=b""), "too few bytes"),
    }


def write(record: Record) -> None:
    """Writes all of them, and a valid one."""
    for name, (content, needs) in bad_gguf().items():
        record.refused("gguf", f"{name}.gguf", content, needs)
    valid = gguf([number("general.alignment", 32)], [info("a", (16,))])
    record.clean("gguf", "valid.gguf", valid, "nothing: it is valid")
