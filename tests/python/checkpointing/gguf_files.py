"""GGUF files in plain and in quantised types."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter, quants

from .networks import shared_weights
from .record import Entry, Record, tensor_digest

Kind = GGMLQuantizationType
PLAIN = {Kind.F32, Kind.F16, Kind.BF16, Kind.F64, Kind.I8, Kind.I16, Kind.I32, Kind.I64}
BLOCK = 32
"""Elements of a block of the quantised types that are written."""


def save(path: Path, tensors: dict[str, npt.NDArray[np.float32]], kind: Kind) -> None:
    """Writes tensors in one type, and in float32 where rows are no whole blocks."""
    writer = GGUFWriter(path, "tiny")
    writer.add_name("tiny")
    writer.add_uint32("tiny.block_count", 2)
    writer.add_array("tiny.labels", ["one", "two", "drei ß"])
    for name, tensor in tensors.items():
        fits = tensor.ndim > 1 and tensor.shape[-1] % BLOCK == 0
        if kind == Kind.F32 or not fits:
            writer.add_tensor(name, tensor)
        else:
            writer.add_tensor(name, quants.quantize(tensor, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def read(path: Path) -> Iterator[Entry]:
    """All tensors; a quantised one is its blocks, with a digest of its values beside."""
    for tensor in GGUFReader(path).tensors:
        kind = tensor.tensor_type
        shape = [int(extent) for extent in reversed(tensor.shape)]
        digest = tensor_digest(kind.name, shape, tensor.data.tobytes())
        extra = {}
        if kind not in PLAIN or kind == Kind.BF16:
            values = quants.dequantize(tensor.data, kind).astype("<f4")
            extra["values_sha256"] = hashlib.sha256(values.tobytes()).hexdigest()
        yield Entry("model", tensor.name, kind.name, shape, digest, extra)


def write(record: Record) -> None:
    """Writes all of them."""
    tensors = {name: tensor.numpy() for name, tensor in shared_weights().items()}
    kinds = (Kind.F32, Kind.F16, Kind.BF16, Kind.Q8_0, Kind.Q4_0, Kind.Q4_1)
    for kind in (*kinds, Kind.Q5_0, Kind.Q5_1):
        path = f"gguf/{kind.name.lower()}.gguf"
        save(record.path(path), tensors, kind)
        group = "shared" if kind == Kind.F32 else None
        record.add(path, "gguf", read(record.path(path)), group)
