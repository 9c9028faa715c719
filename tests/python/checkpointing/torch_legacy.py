"""Files of `torch.save` before zip: five pickles, then the storages."""

from collections.abc import Iterable
from pathlib import Path

import torch

from .networks import adamw, momentum, trained, training
from .record import Entry, Record, entries
from .torch_dtypes import (
    every_dtype,
    lazily_negated,
    quantized,
    sparse,
    without_storage_class,
)
from .torch_zips import load, parts, views


def write_file(path: Path, value: object, protocol: int = 2) -> None:
    """Saves in the old form."""
    torch.save(
        value, path, pickle_protocol=protocol, _use_new_zipfile_serialization=False
    )


def write(record: Record) -> None:
    """Writes all of them."""

    def save(name: str, value: object, protocol: int = 2) -> object:
        path = record.path(f"torch-legacy/{name}")
        write_file(path, value, protocol)
        return load(path)

    def listed(name: str, found: Iterable[Entry]) -> None:
        record.add(f"torch-legacy/{name}", "torch-legacy", found)

    torch.manual_seed(0)
    state = trained().state_dict()
    untyped = without_storage_class(every_dtype())
    typed = {
        name: tensor for name, tensor in every_dtype().items() if name not in untyped
    }
    negated = lazily_negated()
    del negated["half"]
    trees = {
        "model.pth": state,
        "plain-dict.pt": dict(state),
        "views.pth": views(),
        "dtypes.pth": typed,
        "lazily-negated.pth": negated,
        "quantized.pth": quantized(),
        "sparse.pth": sparse(),
        "bare-tensor.pth": torch.arange(4),
        "module.pth": trained(),
    }
    for name, value in trees.items():
        listed(name, entries("model", save(name, value)))
    path = "torch-legacy/untyped.pth"
    write_file(record.path(path), untyped)
    note = "torch writes but cannot read it: listed is what was written"
    record.add(path, "torch-legacy", entries("model", untyped), note=note)
    for protocol in (3, 4, 5):
        name = f"protocol-{protocol}.pth"
        listed(name, entries("model", save(name, state, protocol)))
    for name, choose in {"adamw.pth": adamw, "sgd.pth": momentum}.items():
        found = save(f"training-{name}", training(choose))
        assert isinstance(found, dict)
        listed(f"training-{name}", parts(found))
