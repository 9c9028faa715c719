"""The same weights in many formats, in other orders and strides.

`distributed` and `gguf_files` write them, too.
"""

import random
from collections import OrderedDict

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from .networks import shared_weights
from .record import Record, entries
from .safetensors_files import read_folder, save_shards
from .torch_zips import load

GROUP = "shared"


def shuffled(seed: int) -> dict[str, Tensor]:
    """The tensors in another order."""
    items = list(shared_weights().items())
    random.Random(seed).shuffle(items)
    return dict(items)


def columns_first(tensor: Tensor) -> Tensor:
    """The same tensor, stored in reverse order of its dims."""
    order = tuple(reversed(range(tensor.dim())))
    return tensor.permute(order).contiguous().permute(order)


def in_one_storage(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors as views of one storage."""
    flat = torch.cat(
        [torch.ones(3), *(tensor.flatten() for tensor in tensors.values())]
    )
    views, start = {}, 3
    for name, tensor in tensors.items():
        views[name] = flat[start : start + tensor.numel()].view(tensor.shape)
        start += tensor.numel()
    return views


def write(record: Record) -> None:
    """Writes all of them."""
    path = "shared/model.safetensors"
    save_file(shuffled(0), record.path(path))
    record.add(
        path, "safetensors", entries("model", load_file(record.path(path))), GROUP
    )

    path = "shared/shards"
    save_shards(record.path(path), shuffled(1))
    record.add(path, "safetensors-sharded", read_folder(record.path(path)), GROUP)

    strided = {name: columns_first(tensor) for name, tensor in shuffled(2).items()}
    files = {
        "zip.pt": OrderedDict(shuffled(3)),
        "strided.pt": strided,
        "one-storage.pt": in_one_storage(shuffled(4)),
        "legacy.pth": strided,
    }
    for name, value in files.items():
        path = f"shared/{name}"
        new = name != "legacy.pth"
        torch.save(value, record.path(path), _use_new_zipfile_serialization=new)
        kind = "torch-zip" if new else "torch-legacy"
        record.add(path, kind, entries("model", load(record.path(path))), GROUP)

    path = "shared/arrays.npz"
    arrays = {
        name: np.asfortranarray(value.numpy()) for name, value in shuffled(5).items()
    }
    np.savez(record.path(path), **arrays)
    with np.load(record.path(path)) as read:
        record.add(path, "npz", entries("model", dict(read)), GROUP)
