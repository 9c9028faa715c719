"""Stored values of the ONNX backend suite: reading, feeding, comparing.

A value is a NumPy array, a list of them, nothing, or `Small`: a tensor whose element
type NumPy lacks.
"""

import ctypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
from onnx import OptionalProto, SequenceProto, TensorProto, ValueInfoProto
from onnx.numpy_helper import to_array
from onnxruntime import OrtValue

RELATIVE, ABSOLUTE = 1e-3, 1e-5

SMALL: dict[int, npt.DTypeLike] = {
    TensorProto.BFLOAT16: ml_dtypes.bfloat16,
    TensorProto.FLOAT8E4M3FN: ml_dtypes.float8_e4m3fn,
    TensorProto.FLOAT8E4M3FNUZ: ml_dtypes.float8_e4m3fnuz,
    TensorProto.FLOAT8E5M2: ml_dtypes.float8_e5m2,
    TensorProto.FLOAT8E5M2FNUZ: ml_dtypes.float8_e5m2fnuz,
    TensorProto.INT4: np.int8,
    TensorProto.UINT4: np.uint8,
}
"""Element types that NumPy lacks, and what decodes them; nibbles are widened first."""

NIBBLES = {TensorProto.INT4, TensorProto.UINT4}


@dataclass(frozen=True)
class Small:
    """A tensor of an element type in `SMALL`."""

    kind: int
    shape: tuple[int, ...]
    content: bytes
    """The elements as stored, little-endian; nibbles are packed, the low one first."""

    def numbers(self) -> npt.NDArray[Any]:
        """The elements as float32 or 8-bit integers."""
        count = int(np.prod(self.shape))
        if self.kind not in NIBBLES:
            decoded = np.frombuffer(self.content, SMALL[self.kind], count)
            return decoded.astype(np.float32).reshape(self.shape)
        pairs = np.frombuffer(self.content, np.uint8)
        nibbles = np.stack([pairs & 15, pairs >> 4], axis=1).reshape(-1)[:count]
        if self.kind == TensorProto.INT4:
            nibbles = (nibbles << 4).view(np.int8) >> 4
        return nibbles.reshape(self.shape)

    def feed(self) -> OrtValue:
        """The tensor for ONNX Runtime, which takes the memory of any array as told.

        Packed nibbles fill only the first half of an array of one byte per element.
        """
        width = 1 if self.kind in NIBBLES else np.dtype(SMALL[self.kind]).itemsize
        memory = np.zeros(self.shape, dtype=f"u{width}")
        memory.reshape(-1).view(np.uint8)[: len(self.content)] = list(self.content)
        return OrtValue.ortvalue_from_numpy_with_onnx_type(memory, self.kind)


def fetch(value: OrtValue) -> Any:
    """An output of ONNX Runtime, copied."""
    kind = value.element_type()
    if kind not in SMALL:
        return value.numpy()
    shape = tuple(value.shape())
    count = int(np.prod(shape))
    width = np.dtype(SMALL[kind]).itemsize
    length = (count + 1) // 2 if kind in NIBBLES else count * width
    return Small(kind, shape, ctypes.string_at(value.data_ptr(), length))


def read_values(case: Path, side: str, infos: list[ValueInfoProto]) -> list[Any]:
    """The stored values of a case; `side` is `input` or `output`.

    There may be fewer than the graph has: the last inputs can be left out.
    """
    folder = case / "test_data_set_0"
    count = len(list(folder.glob(f"{side}_*.pb")))
    return [
        read_value((folder / f"{side}_{index}.pb").read_bytes(), info)
        for index, info in zip(range(count), infos, strict=False)
    ]


def read_value(content: bytes, info: ValueInfoProto) -> Any:
    """One stored value, by the type that the graph gives it."""
    match info.type.WhichOneof("value"):
        case "sequence_type":
            return list_of(SequenceProto.FromString(content))
        case "optional_type":
            return optional_of(OptionalProto.FromString(content))
        case _:
            kind = info.type.tensor_type.elem_type
            return tensor_of(TensorProto.FromString(content), kind)


def tensor_of(tensor: TensorProto, kind: int) -> Any:
    """A tensor; the suite stores some bfloat16 under another type's name."""
    if kind not in SMALL:
        return to_array(tensor)
    content = tensor.raw_data or bytes(byte & 255 for byte in tensor.int32_data)
    return Small(kind, tuple(tensor.dims), content)


def list_of(sequence: SequenceProto) -> list[Any]:
    """A sequence of tensors as a list."""
    return [to_array(tensor) for tensor in sequence.tensor_values]


def optional_of(optional: OptionalProto) -> Any:
    """The value inside an optional, or nothing."""
    match optional.elem_type:
        case OptionalProto.TENSOR:
            return to_array(optional.tensor_value)
        case OptionalProto.SEQUENCE:
            return list_of(optional.sequence_value)
        case _:
            return None


def compare(actual: Any, expected: Any) -> str:
    """How a value differs from the stored one; empty when it agrees."""
    if expected is None or actual is None:
        return "" if expected is actual else "only one of the two is empty"
    if isinstance(expected, list):
        if not isinstance(actual, list) or len(actual) != len(expected):
            return f"expected a sequence of {len(expected)}"
        return next(filter(None, map(compare, actual, expected)), "")
    if isinstance(expected, Small):
        if not isinstance(actual, Small) or actual.kind != expected.kind:
            return f"expected element type {expected.kind}"
        return compare_arrays(actual.numbers(), expected.numbers())
    return compare_arrays(np.asarray(actual), np.asarray(expected))


def compare_arrays(actual: npt.NDArray[Any], expected: npt.NDArray[Any]) -> str:
    """How an array differs from the stored one; floats within the tolerance."""
    if actual.shape != expected.shape:
        return f"expected shape {expected.shape}, got {actual.shape}"
    if actual.dtype != expected.dtype:
        return f"expected {expected.dtype}, got {actual.dtype}"
    if expected.dtype.kind in "fc":
        close = np.isclose(actual, expected, RELATIVE, ABSOLUTE, equal_nan=True)
    else:
        close = actual == expected
    wrong = close.size - int(np.count_nonzero(close))
    return f"{wrong} of {close.size} elements differ" if wrong else ""
