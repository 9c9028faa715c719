"""The tar files of torch 0.1.1 and before, assembled by hand: nothing writes them today.

torch still reads them, so what is listed is what torch makes of them.
"""

import io
import pickle
import struct
import tarfile
from pathlib import Path
from typing import Any

import torch

from .record import Record, entries
from .torch_zips import load

PROTOCOL = 2
TENSOR_KEYS = {"weight": 11, "transposed": 12, "bias": 13}


class ByKey(pickle.Pickler):
    """Writes tensors as their keys."""

    def persistent_id(self, value: object) -> int | None:
        """The key of what stands for a tensor."""
        return value.key if isinstance(value, Key) else None


class Key:
    """Stands for a tensor."""

    def __init__(self, key: int) -> None:
        """Takes the key."""
        self.key = key


def dumped(*values: Any) -> bytes:
    """Pickles one after the other."""
    return b"".join(pickle.dumps(value, PROTOCOL) for value in values)


def storages(views: list[tuple[int, int, int, int]]) -> bytes:
    """Two storages, and views into them."""
    floats = struct.pack("<6f", *range(6))
    longs = struct.pack("<3q", -1, 2, -3)
    content = dumped(2)
    content += dumped((1, "cpu", torch.FloatStorage)) + struct.pack("<q", 6) + floats
    content += dumped((2, "cpu", torch.LongStorage)) + struct.pack("<q", 3) + longs
    return content + dumped(views)


def tensor(
    key: int, storage: int, kind: type, size: tuple[int, ...], stride: tuple[int, ...]
) -> bytes:
    """One tensor: keys, class, dims, and where it starts."""
    content = dumped((key, storage, kind)) + struct.pack("<i4x", len(size))
    return (
        content
        + struct.pack(f"<{2 * len(size)}q", *size, *stride)
        + struct.pack("<q", 0)
    )


def tensors() -> bytes:
    """Two tensors of one storage and one of the other."""
    content = dumped(3)
    content += tensor(11, 1, torch.FloatTensor, (2, 3), (3, 1))
    content += tensor(12, 1, torch.FloatTensor, (3, 2), (1, 3))
    return content + tensor(13, 2, torch.LongTensor, (3,), (1,))


def save(path: Path) -> None:
    """Writes the archive."""
    objects = io.BytesIO()
    ByKey(objects, PROTOCOL).dump({name: Key(key) for name, key in TENSOR_KEYS.items()})
    system = {
        "protocol_version": 1000,
        "little_endian": True,
        "type_sizes": {"long": 8},
    }
    contents = {
        "sys_info": dumped(system),
        "pickle": objects.getvalue(),
        "tensors": tensors(),
        "storages": storages([]),
    }
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def write(record: Record) -> None:
    """Writes it."""
    path = "torch-tar/model.pth.tar"
    save(record.path(path))
    record.add(path, "torch-tar", entries("model", load(record.path(path))))
