"""Digests, names and the list of what was written."""

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from blake3 import blake3
from torch import Tensor

TORCH_DTYPES = {
    torch.bool: "BOOL",
    torch.uint8: "U8",
    torch.int8: "I8",
    torch.uint16: "U16",
    torch.int16: "I16",
    torch.uint32: "U32",
    torch.int32: "I32",
    torch.uint64: "U64",
    torch.int64: "I64",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.float32: "F32",
    torch.float64: "F64",
    torch.complex32: "C32",
    torch.complex64: "C64",
    torch.complex128: "C128",
    torch.float8_e4m3fn: "F8_E4M3",
    torch.float8_e5m2: "F8_E5M2",
    torch.float8_e4m3fnuz: "F8_E4M3FNUZ",
    torch.float8_e5m2fnuz: "F8_E5M2FNUZ",
    torch.float8_e8m0fnu: "F8_E8M0",
}
"""Dtypes as safetensors spells them; `C32` is an addition of this project."""

NUMPY_KINDS = {"b": "BOOL", "i": "I", "u": "U", "f": "F", "c": "C"}


@dataclass(frozen=True)
class Entry:
    """One tensor as a framework reads it."""

    part: str
    name: str
    dtype: str
    shape: list[int]
    digest: str | None
    """`None` where the file holds no values."""
    extra: dict[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """As it stands in the list."""
        names = ("part", "name", "dtype", "shape", "digest")
        return {name: getattr(self, name) for name in names} | self.extra


class Record:
    """A folder that is being filled, and the list of what it holds."""

    def __init__(self, folder: Path) -> None:
        """Starts with an empty list."""
        self.folder = folder
        self.artifacts: list[dict[str, Any]] = []

    def path(self, relative: str) -> Path:
        """Where to write something; its folder exists."""
        path = self.folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def empty_folder(self, relative: str) -> Path:
        """A folder without what an earlier run left."""
        path = self.path(relative)
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        return path

    def add(
        self,
        relative: str,
        kind: str,
        entries: Iterable[Entry],
        same_weights_as: str | None = None,
        note: str = "",
    ) -> None:
        """Lists a file or folder."""
        self.artifacts.append(
            {
                "path": relative,
                "kind": kind,
                "tensors": [entry.document() for entry in entries],
                "same_weights_as": same_weights_as,
                **({"note": note} if note else {}),
            }
        )

    def save(self) -> None:
        """Writes the list."""
        text = json.dumps({"artifacts": self.artifacts}, indent=1, ensure_ascii=False)
        path = self.folder / "expected.json"
        path.write_text(text + "\n", encoding="utf-8")


def number(value: int) -> bytes:
    """A number as a field of a digest."""
    return value.to_bytes(8, "little")


def tensor_digest(dtype: str, shape: Iterable[int], values: bytes) -> str:
    """`tensor-v1` as docs/digests/README.md defines it."""
    dims = list(shape)
    hasher = blake3(b"reproof tensor-v1\n")
    hasher.update(number(len(dtype)) + dtype.encode())
    hasher.update(b"".join(map(number, [len(dims), *dims])))
    hasher.update(blake3(values).digest())
    return f"tensor-v1:{hasher.hexdigest()}"


def numpy_entry(part: str, name: str, array: npt.NDArray[Any]) -> Entry:
    """An array, whatever its order and byte order."""
    kind = NUMPY_KINDS[array.dtype.kind]
    dtype = kind if kind == "BOOL" else f"{kind}{array.dtype.itemsize * 8}"
    values = array.astype(array.dtype.newbyteorder("<")).tobytes("C")
    shape = list(array.shape)
    return Entry(part, name, dtype, shape, tensor_digest(dtype, shape, values))


def torch_entry(part: str, name: str, tensor: Tensor) -> Entry:
    """A dense tensor; one on the device `meta` has no values."""
    dtype, shape = TORCH_DTYPES[tensor.dtype], list(tensor.shape)
    if tensor.device.type == "meta":
        return Entry(part, name, dtype, shape, None)
    plain = tensor.detach().resolve_conj().resolve_neg().contiguous()
    values = plain.reshape(-1).view(torch.uint8).numpy().tobytes()
    return Entry(part, name, dtype, shape, tensor_digest(dtype, shape, values))


def components(name: str, tensor: Tensor) -> Iterator[tuple[str, Tensor]]:
    """The dense tensors that a tensor consists of."""
    if tensor.is_nested:
        yield f"{name}.values", tensor.values()
    elif tensor.is_quantized:
        yield name, tensor.int_repr()
    elif tensor.layout == torch.sparse_coo:
        yield f"{name}.indices", tensor._indices()  # noqa: SLF001 - also uncoalesced
        yield f"{name}.values", tensor._values()  # noqa: SLF001
    elif tensor.layout == torch.sparse_csr:
        yield f"{name}.crow_indices", tensor.crow_indices()
        yield f"{name}.col_indices", tensor.col_indices()
        yield f"{name}.values", tensor.values()
    else:
        yield name, tensor


def join(name: str, key: object) -> str:
    """The name of what lies under a key."""
    return f"{name}.{key}" if name else str(key)


def flatten(value: object, name: str = "") -> Iterator[tuple[str, Any]]:
    """All tensors and arrays below a value, with their names."""
    if isinstance(value, Tensor | np.ndarray):
        yield name, value
    elif isinstance(value, torch.nn.Module):
        yield from value.named_parameters(remove_duplicate=False)
        yield from value.named_buffers(remove_duplicate=False)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from flatten(inner, join(name, key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from flatten(inner, join(name, index))


def entries(part: str, value: object) -> Iterator[Entry]:
    """All tensors of one part of a checkpoint."""
    for name, found in flatten(value):
        if isinstance(found, np.ndarray):
            yield numpy_entry(part, name, found)
            continue
        for inner, tensor in components(name, found):
            yield torch_entry(part, inner, tensor)
