"""Payloads inside other formats than zip files of torch."""

import io
import struct
import tarfile

from .assembler import (
    STOP,
    Code,
    call,
    dictionary,
    glob,
    hostile_pickle,
    instance,
    payload,
    program,
)
from .record import Record
from .zips import DEFLATED, Member, archive, torch_zip

SYSTEM = "call of os system"
MAGIC = program(0x1950A86A20F9469CFC6C, 2)
VERSION = program(1001, 2)
SIZES = dictionary([("short", 2), ("int", 4), ("long", 4)], 2)
INFO = dictionary(
    [("protocol_version", 1001), ("little_endian", True), ("type_sizes", SIZES)], 2
)


def as_legacy() -> dict[str, tuple[bytes, str]]:
    """A payload in each pickle of a legacy file, and after its end."""
    state, keys = program(dictionary([], 2), 2), program([], 2)
    parts = [MAGIC, VERSION, program(INFO, 2), state, keys]
    files = {}
    for index in range(1, len(parts)):
        name = ("version", "info", "state", "keys")[index - 1]
        changed = [*parts[:index], hostile_pickle(), *parts[index + 1 :]]
        files[f"legacy-{name}"] = (b"".join(changed), f"{SYSTEM} in pickle {index + 1}")
    files["legacy-after"] = (
        b"".join(parts) + hostile_pickle(),
        SYSTEM + " after the end",
    )
    module = Code(
        b"(X\x06\x00\x00\x00moduleX\x01\x00\x00\x00xX\x01\x00\x00\x00yX\x05\x00\x00\x00nevertQ"
    )
    content = b"".join([*parts[:3], program(module, 2), keys])
    files["legacy-module-source"] = (content, "source code in a persistent id")
    big = MAGIC.replace(b"\x80\x02", b"\x80\x03")
    files["legacy-protocol-3"] = (
        b"".join([big, *parts[1:3], hostile_pickle(3), keys]),
        SYSTEM,
    )
    return files


def tar_file(contents: dict[str, bytes]) -> bytes:
    """An uncompressed tar."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def as_tars() -> dict[str, tuple[bytes, str]]:
    """A payload in each member of the oldest form."""
    none = program(0, 2)
    parts = {
        "sys_info": none,
        "pickle": none,
        "tensors": none,
        "storages": none + program([], 2),
    }
    return {
        f"tar-{name}": (
            tar_file(parts | {name: hostile_pickle()}),
            f"{SYSTEM} in {name}",
        )
        for name in parts
    }


def npy(descr: str, shape: str, data: bytes, version: int = 1) -> bytes:
    """An npy file with any header."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    size = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + size + text.encode() + data


def as_arrays() -> dict[str, tuple[bytes, str]]:
    """A payload as an array of objects."""
    array = npy("'|O'", "(1,)", hostile_pickle(4))
    fields = npy("[('a', '<f4'), ('b', '|O')]", "(1,)", hostile_pickle(4))
    return {
        "object-array.npy": (array, SYSTEM),
        "object-array-version-2.npy": (
            npy("'O'", "(1,)", hostile_pickle(2), 2),
            SYSTEM,
        ),
        "object-field.npy": (fields, SYSTEM),
        "object-array.npz": (archive([Member("a.npy", array)]), SYSTEM),
        "object-array-deflated.npz": (
            archive([Member("a.npy", array, DEFLATED)]),
            SYSTEM,
        ),
        "pickle-in.npz": (
            archive(
                [
                    Member("a.npy", npy("'<f4'", "()", bytes(4))),
                    Member("b", hostile_pickle()),
                ]
            ),
            SYSTEM,
        ),
        "array-named-pickle.pkl": (array, SYSTEM),
    }


def nested(content: bytes, protocol: int) -> dict[str, tuple[bytes, str]]:
    """A payload in bytes that something else unpickles."""
    readers = {
        "pickle-loads": "pickle loads",
        "load-from-bytes": "torch.storage _load_from_bytes",
        "load-from-zip-bytes": "torch.storage _load_from_bytes",
        "bytes-io": "_io BytesIO",
        "marshal": "marshal loads",
    }
    files = {}
    for name, reader in readers.items():
        inner = torch_zip(content) if "zip" in name else content
        outer = program(call(reader, (inner,), protocol), protocol)
        needs = SYSTEM + " in bytes" if reader != "marshal loads" else "marshal loads"
        files[f"nested-{name}-protocol-{protocol}.pkl"] = (outer, needs)
    return files


def deeply_nested() -> bytes:
    """A payload behind five readers of bytes."""
    content = hostile_pickle()
    for _ in range(5):
        content = program(call("torch.storage _load_from_bytes", (content,), 4), 4)
    return content


def metadata() -> bytes:
    """The index of a distributed checkpoint with a call as its planner data."""
    state = dictionary(
        [
            ("state_dict_metadata", dictionary([], 4)),
            ("planner_data", payload(4)),
            ("storage_data", dictionary([], 4)),
        ],
        4,
    )
    return program(
        instance("torch.distributed.checkpoint.metadata Metadata", state, 4), 4
    )


def write(record: Record) -> None:
    """Writes all of them."""
    files = {f"{name}.pth": file for name, file in as_legacy().items()}
    files |= {f"{name}.pth.tar": file for name, file in as_tars().items()}
    files |= as_arrays()
    for protocol in (0, 2, 4):
        files |= nested(hostile_pickle(2), protocol)
    files["nested-deeply.pkl"] = (deeply_nested(), SYSTEM + ", five levels down")
    for name in (
        "weights",
        "model.safetensors",
        "model.gguf",
        "config.json",
        "a.npy",
        "photo.jpg",
    ):
        files[f"extension/{name}"] = (hostile_pickle(2), SYSTEM)
        files[f"extension/text-{name}"] = (hostile_pickle(0), SYSTEM)
    for name, (content, needs) in files.items():
        record.dangerous("carrier", name, content, needs)
    write_folders(record)


def write_folders(record: Record) -> None:
    """A payload in one file of a folder."""
    harmless = torch_zip(program(dictionary([], 2), 2))
    hidden = torch_zip(hostile_pickle())
    item = program(glob("os system", 4), 4)
    folders: dict[str, dict[str, bytes]] = {
        "dcp-metadata": {".metadata": metadata(), "__0_0.distcp": harmless},
        "dcp-global-metadata": {".metadata": item, "__0_0.distcp": harmless},
        "hf-training-args": {
            "pytorch_model.bin": harmless,
            "training_args.bin": hidden,
        },
        "hf-rng-state": {"pytorch_model.bin": harmless, "rng_state.pth": hidden},
        "accelerate-scheduler": {
            "pytorch_model.bin": harmless,
            "scheduler.bin": hidden,
        },
        "accelerate-custom": {
            "pytorch_model.bin": harmless,
            "custom_checkpoint_0.pkl": hostile_pickle() + STOP,
        },
    }
    for name, contents in folders.items():
        folder = record.empty_folder("carrier", name)
        for file, content in contents.items():
            (folder / file).write_bytes(content)
        record.entry(
            "carrier", name, "dangerous", "os system in one file of the folder"
        )
