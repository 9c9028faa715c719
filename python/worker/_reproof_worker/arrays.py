"""Between raw tensors and arrays: NumPy's, and whatever else says that it is an array."""

import sys

from . import raw
from .failure import Unsupported

_NUMPY = {
    "BOOL": "?", "U8": "<u1", "I8": "<i1", "I16": "<i2", "U16": "<u2", "F16": "<f2", "I32": "<i4", "U32": "<u4",
    "F32": "<f4", "I64": "<i8", "U64": "<u8", "F64": "<f8", "C64": "<c8", "C128": "<c16",
}  # fmt: skip
_NAMES = {code.lstrip("<"): name for name, code in _NUMPY.items()}

def named(dtype):
    """The name of a NumPy type as inputs are described; nothing for texts and objects."""
    import numpy

    code = numpy.dtype(dtype)
    return _ADDED.get(code.name) or _NAMES.get(code.newbyteorder("<").str.lstrip("<|")) or ("BOOL" if code.kind == "b" else None)


# Types that the package ml_dtypes adds, by its names.
_ADDED = {"bfloat16": "BF16", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2"}


def to_numpy(tensor):
    """A NumPy array of its own memory."""
    import numpy

    code = _NUMPY.get(tensor.dtype)
    if code is None:
        code = _added(tensor.dtype)
    return numpy.frombuffer(bytes(tensor.data), dtype=code).reshape(tensor.shape).copy()


def _added(name):
    try:
        import ml_dtypes
    except ModuleNotFoundError:
        raise Unsupported(
            "{} in NumPy".format(name), "install ml_dtypes, or take the values as another type in the loader"
        ) from None
    found = next((getattr(ml_dtypes, added) for added, known in _ADDED.items() if known == name), None)
    if found is None:
        raise Unsupported("{} in NumPy".format(name), "take the values as another type in the loader")
    return found


def from_any(value):
    """A raw tensor or the node of a tensor of texts; nothing for what is no array."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    if not isinstance(value, (numpy.ndarray, numpy.generic)):
        # Not for lists: they keep their structure.
        if isinstance(value, (list, tuple, dict, str, bytes)) or not hasattr(value, "__array__"):
            return None
        value = numpy.asarray(value)
    return from_numpy(numpy.asarray(value))


def from_numpy(array):
    import numpy

    if array.dtype.kind in "UO":
        texts = array.reshape(-1).tolist()
        if all(isinstance(text, str) for text in texts):
            return {"strings": {"shape": list(array.shape), "values": texts}}
    name = _NAMES.get(array.dtype.newbyteorder("<").str.lstrip("<|")) or _ADDED.get(array.dtype.name)
    if array.dtype.kind == "b":
        name = "BOOL"
    if name is None:
        raise Unsupported(
            "an output of the NumPy type {}".format(array.dtype), "convert it to numbers or texts in the loader"
        )
    little = array.dtype.newbyteorder("<") if array.dtype.kind in "iufc" else array.dtype
    whole = numpy.ascontiguousarray(array, dtype=little)
    # Of a scalar, `ascontiguousarray` makes a vector.
    return raw.Raw(name, array.shape, whole.tobytes())
