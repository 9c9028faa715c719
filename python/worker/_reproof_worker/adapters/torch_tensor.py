"""Tensors of PyTorch from raw ones and back, without NumPy."""

import ctypes

import torch

from .. import arrays, raw
from ..failure import Unsupported

_NAMES = {
    "BOOL": "bool", "U8": "uint8", "I8": "int8", "I16": "int16", "U16": "uint16", "I32": "int32", "U32": "uint32",
    "I64": "int64", "U64": "uint64", "F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64",
    "C32": "complex32", "C64": "complex64", "C128": "complex128", "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2", "F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "F8_E8M0": "float8_e8m0fnu",
}  # fmt: skip
# Older versions lack some.
_TYPES = {name: getattr(torch, spelled) for name, spelled in _NAMES.items() if hasattr(torch, spelled)}
_DTYPES = {dtype: name for name, dtype in _TYPES.items()}


def name_of(dtype):
    """A dtype as safetensors spells it."""
    if dtype not in _DTYPES:
        raise Unsupported("an input of the type {}".format(dtype), "give inputs of another type in the loader")
    return _DTYPES[dtype]


def take(tensor):
    """A tensor of its own memory."""
    dtype = _TYPES.get(tensor.dtype)
    if dtype is None:
        raise Unsupported("{} in torch {}".format(tensor.dtype, torch.__version__), "use a newer torch")
    if not tensor.count:
        return torch.empty(tensor.shape, dtype=dtype)
    return torch.frombuffer(bytearray(tensor.data), dtype=dtype).reshape(tensor.shape)


def give(value):
    """A raw tensor from a tensor; arrays and texts as elsewhere; nothing for anything else."""
    if not isinstance(value, torch.Tensor):
        return arrays.from_any(value)
    return raw.Raw(*content(value))


def content(tensor):
    """Dtype, shape and bytes."""
    name = _DTYPES.get(tensor.dtype)
    if name is None or tensor.is_quantized or tensor.layout is not torch.strided:
        kind = "{} in the layout {}".format(tensor.dtype, tensor.layout)
        raise Unsupported(
            "a tensor of the type {}".format(kind), "return it dequantised and dense (`--loader`)"
        )
    if tensor.is_meta:
        raise Unsupported("a tensor without values (meta)", "load the model with its weights")
    plain = tensor.detach().resolve_conj().resolve_neg().cpu().contiguous()
    size = plain.numel() * plain.element_size()
    # `ctypes.string_at` counts in 32 bits.
    data = bytes((ctypes.c_char * size).from_address(plain.data_ptr())) if size else b""
    return name, tuple(plain.shape), data
