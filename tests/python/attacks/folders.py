"""Names and links that lead out of a folder."""

import json

from .assembler import Code, Value, call, dictionary, instance, program, value
from .malformed_safetensors import entry, safetensors
from .record import Record
from .tensors import FLOATS, state, tensor
from .zips import LINK, Member, archive, torch_members, torch_zip

FAMILY = "folder"
MODULE = "torch.distributed.checkpoint.metadata"
OUTSIDE = (
    "../outside",
    "/etc/hostname",
    "sub/../../outside",
    "..",
    ".",
    "",
    "..\\outside",
    "C:\\outside",
    "a\x00b",
)
"""What no index may name."""


def size(*dims: int) -> Code:
    """A torch.Size."""
    return call("torch Size", (tuple(dims),), 4)


def fields(dotted: str, **values: Value) -> Code:
    """A dataclass object."""
    return instance(dotted, dictionary(list(values.items()), 4), 4)


def metadata(path: str, offset: int = 0, length: int = 100, chunk: int = 16) -> bytes:
    """The index of a distributed checkpoint with one tensor of 16 elements."""
    layout = call("torch.serialization _get_layout", ("torch.strided",), 4)
    memory = call(f"{MODULE} _MEM_FORMAT_ENCODING", (0,), 4)
    dtype = Code(value(Code(b"ctorch\nfloat32\n"), 4))
    properties = instance(
        f"{MODULE} TensorProperties", (dtype, layout, False, memory, False), 4
    )
    piece = fields(f"{MODULE} ChunkStorageMetadata", offsets=size(0), sizes=size(chunk))
    stored = fields(
        f"{MODULE} TensorStorageMetadata",
        properties=properties,
        size=size(16),
        chunks=[piece],
    )
    place = fields(
        "torch.distributed.checkpoint.filesystem _StorageInfo",
        relative_path=path,
        offset=offset,
        length=length,
    )
    index = fields(f"{MODULE} MetadataIndex", fqn="weight", offset=size(0), index=0)
    whole = fields(
        f"{MODULE} Metadata",
        state_dict_metadata=dictionary([("weight", stored)], 4),
        planner_data=dictionary([("weight", ("weight",))], 4),
        storage_data=dictionary([(index, place)], 4),
    )
    return program(whole, 4)


def write_distributed(record: Record) -> None:
    """Indexes that name other files, ranges beyond the end, and missing pieces."""
    item = torch_zip(state(tensor((16,), (1,))), {"0": FLOATS})
    indexes = {
        f"dcp-path-{at}": (metadata(path), "a path that leads out")
        for at, path in enumerate(OUTSIDE)
    }
    indexes |= {
        "dcp-missing-file": (metadata("__7_0.distcp"), "a file that is missing"),
        "dcp-range-beyond": (
            metadata("__0_0.distcp", 0, 1 << 40),
            "a range beyond the end",
        ),
        "dcp-range-negative": (metadata("__0_0.distcp", -1), "a negative offset"),
        "dcp-range-overflow": (
            metadata("__0_0.distcp", (1 << 63) - 1),
            "a range that overflows",
        ),
        "dcp-hole": (
            metadata("__0_0.distcp", 0, len(item), 8),
            "pieces that do not cover the tensor",
        ),
        "dcp-piece-beyond": (
            metadata("__0_0.distcp", 0, len(item), 17),
            "a piece beyond its tensor",
        ),
    }
    for name, (content, needs) in indexes.items():
        folder = record.empty_folder(FAMILY, name)
        (folder / ".metadata").write_bytes(content)
        (folder / "__0_0.distcp").write_bytes(item)
        record.entry(FAMILY, name, "refused", needs)


def write_sharded(record: Record) -> None:
    """Indexes of shards that name other files."""
    for at, path in enumerate(OUTSIDE):
        for stem, suffix in {"model": "safetensors", "pytorch_model": "bin"}.items():
            name = f"index-{suffix}-{at}"
            folder = record.empty_folder(FAMILY, name)
            text = json.dumps({"metadata": {}, "weight_map": {"a": path}})
            index = folder / f"{stem}.{suffix}.index.json"
            index.write_text(text, encoding="utf-8")
            record.entry(FAMILY, name, "refused", "a path that leads out")
    good = safetensors({"a": entry(0, 4)}, bytes(4))
    maps: dict[str, tuple[dict[str, str], str]] = {
        "index-missing-tensor": (
            {"a": "m.safetensors", "b": "m.safetensors"},
            "a tensor that is missing",
        ),
        "index-missing-shard": ({"a": "n.safetensors"}, "a shard that is missing"),
        "index-wrong-shard": (
            {"b": "m.safetensors"},
            "a tensor that the index does not name",
        ),
    }
    for name, (weights, needs) in maps.items():
        folder = record.empty_folder(FAMILY, name)
        (folder / "m.safetensors").write_bytes(good)
        text = json.dumps({"metadata": {}, "weight_map": weights})
        (folder / "model.safetensors.index.json").write_text(text, encoding="utf-8")
        record.entry(FAMILY, name, "refused", needs)


def write_links(record: Record) -> None:
    """Symbolic links that lead out, dangle, or circle."""
    good = safetensors({"a": entry(0, 4)}, bytes(4))
    outside = record.path(FAMILY, "outside.safetensors")
    outside.write_bytes(good)
    targets = {
        "link-out": "../outside.safetensors",
        "link-absolute": "/etc/hostname",
        "link-dangling": "nowhere",
        "link-circle": "model.safetensors",
        "link-device": "/dev/zero",
    }
    for name, target in targets.items():
        folder = record.empty_folder(FAMILY, name)
        (folder / "model.safetensors").symlink_to(target)
        # A download cache is made of such links: reading follows it, and a scan reports it.
        expect = "flagged" if name == "link-out" else "refused"
        record.entry(FAMILY, name, expect, "a link that leads out or nowhere")


def write_archives(record: Record) -> None:
    """Entries of zip files whose names lead out; nothing may be written there."""
    members = torch_members(state(tensor()), {"0": FLOATS})
    names = (
        "../outside",
        "/outside",
        "model/../../outside",
        "..\\outside",
        "C:/outside",
        "model/a\x00b",
    )
    for at, name in enumerate(names):
        content = archive([*members, Member(name, b"never")])
        needs = "a name that leads out: refused, or nothing written"
        record.bounded(FAMILY, f"zip-name-{at}.pt", content, needs)
    link = archive([*members, Member("model/data/1", b"/etc/hostname", external=LINK)])
    record.bounded(FAMILY, "zip-link.pt", link, "a symbolic link: not followed")


def write(record: Record) -> None:
    """Writes all of them."""
    write_distributed(record)
    write_sharded(record)
    write_links(record)
    write_archives(record)
