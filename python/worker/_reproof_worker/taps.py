"""What a model computes on its way: its steps in the order in which they ended, each with digests and a few values.

A step tells what it took and what it gave by digest, so that two runs show which step was the first to give another
result from the same inputs. Positions spread evenly over each tensor tell how far apart they are. Whole values are kept
of the steps that were named, and of those alone.
"""

import hashlib
import json
import os
import struct

from . import raw, values
from .failure import Unsupported

# As many values of a tensor are shown.
_SAMPLES = 8

# More steps than this are no help to anyone, and their file would outgrow the parent's limit; a contract keeps fewer, so that
# one that is recorded is not searched in vain.
_STEPS, _OFFERED = 100_000, 20_000

_CODES = {
    "BOOL": "B", "U8": "B", "I8": "b", "I16": "h", "U16": "H", "I32": "i", "U32": "I", "I64": "q", "U64": "Q",
    "F16": "e", "F32": "f", "F64": "d",
}  # fmt: skip


class Taps:
    """The steps of one run of one case."""

    def __init__(self, wanted, give):
        """`wanted` is `all`, `offered` or names of steps; `give` makes a raw tensor of a tensor of the framework."""
        self._all = wanted in ("all", "offered")
        self._named = set() if self._all else set(wanted)
        self._most = _OFFERED if wanted == "offered" else _STEPS
        self._give = give
        self._calls = {}
        self._steps = []
        self._kept = {}

    def wants(self, name):
        """Whether a step of this name is told."""
        return self._all or name in self._named

    def digests(self, taken):
        """Digests of the tensors in what a step takes, before it can change them."""
        return [_digest(tensor) for _, tensor in self._tensors("", taken)]

    def add(self, name, kind, inputs, given):
        """A step that ended: `inputs` as `digests` gives them, `given` a tree of tensors."""
        call = self._calls.get(name, 0)
        self._calls[name] = call + 1
        if not self.wants(name):
            return
        if len(self._steps) == self._most:
            raise Unsupported("taps of more than {} steps".format(self._most), "name the steps that you want")
        outputs = [
            {
                "path": path,
                "dtype": tensor.dtype,
                "shape": list(tensor.shape),
                "digest": _digest(tensor),
                "samples": _samples(tensor),
            }
            for path, tensor in self._tensors("", given)
        ]
        if not outputs:
            return
        self._steps.append({"name": name, "call": call, "kind": kind, "inputs": inputs, "outputs": outputs})
        if name in self._named:
            self._kept["{}#{}".format(name, call)] = {path or "output": raw for path, raw in self._tensors("", given)}

    def write(self, folder, disturbed):
        """Writes `taps.json`, and the values that are kept. What was looked at is `disturbed` if it gave other outputs."""
        os.makedirs(folder)
        with open(os.path.join(folder, "taps.json"), "w", encoding="utf-8") as file:
            json.dump({"disturbed": disturbed, "steps": self._steps}, file, allow_nan=False)
        values.write(folder, self._kept, lambda value: value if isinstance(value, raw.Raw) else None)

    def _tensors(self, path, value):
        """The tensors of a tree with their places; whatever else is in it is passed over."""
        if value is None or isinstance(value, (bool, int, float, str, bytes)):
            return
        if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
            for index, item in enumerate(value):
                yield from self._tensors("{}[{}]".format(path, index), item)
            return
        items = values.entries(value)
        if items is not None:
            for key, item in items:
                yield from self._tensors("{}.{}".format(path, key) if path else str(key), item)
            return
        try:
            tensor = self._give(value)
        except Unsupported:
            # Quantised and sparse ones have no bytes to compare.
            return
        if isinstance(tensor, raw.Raw):
            yield path, tensor


def _digest(tensor):
    digest = hashlib.sha256("{} {} ".format(tensor.dtype, list(tensor.shape)).encode())
    digest.update(tensor.data)
    return digest.hexdigest()


def _samples(tensor):
    """Values at positions spread evenly over a tensor, in its order."""
    width, count = raw.SIZES[tensor.dtype], tensor.count
    found = []
    for number in range(min(_SAMPLES, count)):
        place = number * count // min(_SAMPLES, count) * width
        value = _number(tensor.dtype, bytes(tensor.data[place : place + width]))
        if value is None:
            return []
        found.append(value)
    return found


def _number(dtype, content):
    """One element; nothing for a type that is no plain number."""
    if dtype == "BF16":
        dtype, content = "F32", b"\0\0" + content
    if dtype not in _CODES:
        return None
    (value,) = struct.unpack("<" + _CODES[dtype], content)
    return value if value - value == 0 else values.special(value)
