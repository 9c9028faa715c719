"""Tensors and entries that lie about where their bytes are."""

import struct
from dataclasses import replace

from .assembler import Code, Value, call, dictionary, glob, program, value
from .carriers import INFO, MAGIC, VERSION
from .record import Record
from .zips import DEFLATED, Member, archive, torch_members, torch_zip

FAMILY = "tensor"
FLOATS = struct.pack("<16f", *range(16))


def storage(key: str = "0", count: int = 16, kind: str = "FloatStorage") -> Code:
    """A reference to a storage."""
    identity: Value = ("storage", glob(f"torch {kind}", 2), key, "cpu", count)
    return Code(value(identity, 2) + b"Q")


def tensor(
    size: tuple[int, ...] = (4, 4),
    stride: tuple[int, ...] = (4, 1),
    offset: int = 0,
    source: Code | None = None,
) -> Code:
    """A tensor as torch writes it."""
    hooks = call("collections OrderedDict", (), 2)
    found = storage() if source is None else source
    arguments: tuple[Value, ...] = (found, offset, size, stride, False, hooks)
    return call("torch._utils _rebuild_tensor_v2", arguments, 2)


def state(*tensors: Code) -> bytes:
    """A state dict."""
    items = [(f"weight{index}", item) for index, item in enumerate(tensors)]
    return program(dictionary(items, 2), 2)


def bad_tensors() -> dict[str, tuple[Code, str]]:
    """What no reader may accept."""
    most = (1 << 63) - 1
    return {
        "beyond-end": (
            tensor((4, 5), (5, 1)),
            "needs more elements than the storage has",
        ),
        "offset-beyond-end": (tensor(offset=1), "starts too late"),
        "offset-negative": (tensor(offset=-1), "a negative offset"),
        "offset-overflow": (tensor(offset=most), "an offset that overflows"),
        "stride-negative": (tensor(stride=(4, -1), offset=3), "a negative stride"),
        "stride-overflow": (tensor((3, 3), (most, most)), "strides that overflow"),
        "size-negative": (tensor((-4, 4)), "a negative dim"),
        "size-overflow": (
            tensor((1 << 32, 1 << 32, 1 << 32), (0, 0, 0)),
            "dims that overflow",
        ),
        "size-not-int": (tensor(("4", 4)), "a dim that is no number"),
        "rank-differs": (tensor((4, 4), (1,)), "more dims than strides"),
        "storage-too-long": (
            tensor(source=storage(count=17)),
            "fewer bytes than claimed",
        ),
        "storage-negative": (tensor(source=storage(count=-1)), "a negative count"),
        "storage-overflow": (
            tensor(source=storage(count=most)),
            "a count that overflows",
        ),
        "storage-missing": (tensor(source=storage("7")), "no such entry"),
        "storage-traversal": (
            tensor(source=storage("../data.pkl")),
            "a key that leads elsewhere",
        ),
        "storage-other-entry": (
            tensor(source=storage("0/../../version")),
            "a key that leads elsewhere",
        ),
        "storage-unknown": (
            tensor(source=storage(kind="SecretStorage")),
            "an unknown storage class",
        ),
        "storage-is-tensor": (
            tensor(source=tensor()),
            "a tensor in place of a storage",
        ),
    }


def large_tensors() -> dict[str, Code]:
    """Valid for torch, and terabytes when copied."""
    return {
        "stride-0": tensor((1 << 20, 1 << 20), (0, 0)),
        "stride-0-rows": tensor((1 << 40, 16), (0, 1)),
        "overlapping-windows": tensor((1 << 20, 16), (0, 1)),
        "rank-10000": tensor((1,) * 10_000, (0,) * 10_000),
    }


def bad_archives() -> dict[str, tuple[bytes, str]]:
    """Entries that overlap, repeat, or lie elsewhere."""
    members = torch_members(state(tensor(), tensor(source=storage("1"))), {"0": FLOATS})
    first = members[2]
    second = Member("model/data/1", FLOATS, like=2)
    return {
        "one-place-two-names": (
            archive([*members, second]),
            "two entries in one place",
        ),
        "overlap": (
            archive([*members, replace(second, shift=8)]),
            "entries that overlap",
        ),
        "beyond-file": (
            archive([*members, replace(second, shift=1 << 20)]),
            "an entry beyond the end",
        ),
        "size-differs": (
            archive([*members, Member("model/data/1", FLOATS, size=63)]),
            "sizes that differ",
        ),
        "size-beyond": (
            archive([*members, Member("model/data/1", FLOATS, size=1 << 30)]),
            "a stored entry that says it is larger",
        ),
        "duplicate-storage": (
            archive([*members, first, replace(first, name="model/data/1")]),
            "two entries of one name",
        ),
        "method-99": (
            archive([*members, Member("model/data/1", FLOATS, method=99)]),
            "an unknown compression",
        ),
        "deflate-broken": (
            archive(
                [
                    *members,
                    replace(Member("model/data/1", FLOATS), method=DEFLATED, flags=1),
                ]
            ),
            "an entry that says it is encrypted",
        ),
    }


def legacy(result: bytes, keys: bytes, data: bytes) -> bytes:
    """A legacy file."""
    return MAGIC + VERSION + program(INFO, 2) + result + keys + data


def bad_legacy() -> dict[str, tuple[bytes, str]]:
    """Storages of legacy files that lie."""
    source = Code(storage().content[:-2] + b"NtQ")
    good = state(tensor(source=source))
    keys = program(["0"], 2)
    count = struct.pack("<q", 16)
    return {
        "legacy-count-differs": (
            legacy(good, keys, struct.pack("<q", 15) + FLOATS),
            "counts that differ",
        ),
        "legacy-count-negative": (
            legacy(good, keys, struct.pack("<q", -1) + FLOATS),
            "a negative count",
        ),
        "legacy-truncated": (legacy(good, keys, count + FLOATS[:60]), "too few bytes"),
        "legacy-no-key": (
            legacy(good, program([], 2), b""),
            "a storage that is not listed, though torch leaves it as it is",
        ),
        "legacy-unknown-key": (
            legacy(good, program(["0", "9"], 2), count + FLOATS),
            "a key that nothing names",
        ),
    }


def write(record: Record) -> None:
    """Writes all of them."""
    for name, (code, needs) in bad_tensors().items():
        record.refused(
            FAMILY, f"{name}.pt", torch_zip(state(code), {"0": FLOATS}), needs
        )
    for name, code in large_tensors().items():
        content = torch_zip(state(code), {"0": FLOATS})
        record.bounded(FAMILY, f"{name}.pt", content, "is described without its values")
    content = torch_zip(state(Code(b"X\x01\x00\x00\x000Q")), {"0": FLOATS})
    needs = "a persistent id that is no tuple: described, not resolved"
    record.bounded(FAMILY, "persistent-text.pt", content, needs)
    for name, (content, needs) in (bad_archives() | bad_legacy()).items():
        record.refused(FAMILY, f"{name}.pt", content, needs)
    twice = dictionary([("weight", tensor()), ("weight", tensor(offset=0))], 2)
    content = torch_zip(program(twice, 2), {"0": FLOATS})
    record.bounded(
        FAMILY, "duplicate-keys.pt", content, "one name twice: refused, or the last one"
    )
    colliding = dictionary([(1, tensor()), ("1", tensor())], 2)
    content = torch_zip(program(colliding, 2), {"0": FLOATS})
    record.bounded(
        FAMILY,
        "colliding-keys.pt",
        content,
        "two keys of one name: refused or told apart",
    )
    record.clean(
        FAMILY,
        "valid.pt",
        torch_zip(state(tensor()), {"0": FLOATS}),
        "nothing: it is valid",
    )
    source = Code(storage().content[:-2] + b"NtQ")
    valid = legacy(
        state(tensor(source=source)), program(["0"], 2), struct.pack("<q", 16) + FLOATS
    )
    record.clean(FAMILY, "valid-legacy.pth", valid, "nothing: it is valid")
