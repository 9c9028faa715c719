"""Whether a float64 run really was one.

A module can narrow by itself: `x.float()` inside, tables made in float32, constants baked into a graph. What it
computes then is no referee: its rounding would pass for a change of the definition. So every operation of the run is
watched, and the first that gives a narrow float ends the claim.
"""

import torch

from ..failure import Unsupported
from .torch_dispatch import Dispatch

_NARROW = (torch.float32, torch.float16, torch.bfloat16, torch.complex64)


class Watch(Dispatch):
    def __init__(self):
        super().__init__()
        self._first = None

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        made = function(*arguments, **(keywords or {}))
        if self._first is None:
            for value in made if isinstance(made, (list, tuple)) else (made,):
                if isinstance(value, torch.Tensor) and value.dtype in _NARROW:
                    self._first = "{} gives {}".format(function, value.dtype)
                    break
        return made

    def check(self):
        if self._first is not None:
            raise Unsupported(
                "float64 throughout: {}, whatever its inputs".format(self._first),
                "the model narrows by itself; it is judged without a referee",
            )
