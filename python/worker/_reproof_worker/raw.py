"""Tensors without a framework: a dtype as safetensors spells it, dims, and little-endian bytes; and their files."""

import json
import struct
import sys

from .failure import Unsupported

# Bytes per element.
SIZES = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "F8_E5M2FNUZ": 1, "F8_E4M3FNUZ": 1, "F8_E8M0": 1,
    "I16": 2, "U16": 2, "F16": 2, "BF16": 2, "I32": 4, "U32": 4, "F32": 4, "C32": 4,
    "I64": 8, "U64": 8, "F64": 8, "C64": 8, "C128": 16,
}  # fmt: skip


class Raw:
    """One tensor."""

    __slots__ = ("data", "dtype", "shape")

    def __init__(self, dtype, shape, data):
        if sys.byteorder != "little":
            raise Unsupported("a machine of another byte order", "run it on a little-endian machine")
        self.dtype = dtype
        self.shape = tuple(int(size) for size in shape)
        self.data = data

    @property
    def count(self):
        count = 1
        for size in self.shape:
            count *= size
        return count


def read(path):
    """The tensors of a safetensors file by name."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        body = file.read()
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        tensors[name] = Raw(entry["dtype"], entry["shape"], memoryview(body)[begin:end])
    return tensors


def write(path, tensors):
    """Writes tensors by name, the widest first so that each is aligned."""
    ordered = sorted(tensors.items(), key=lambda item: (-SIZES[item[1].dtype], item[0]))
    header, end = {}, 0
    for name, tensor in ordered:
        begin, end = end, end + len(tensor.data)
        header[name] = {"dtype": tensor.dtype, "shape": list(tensor.shape), "data_offsets": [begin, end]}
    text = json.dumps(header).encode("ascii")
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for _, tensor in ordered:
            file.write(tensor.data)
