"""Modes that see every operator that PyTorch computes."""

import inspect
import sys

from torch.utils._python_dispatch import TorchDispatchMode


class Dispatch(TorchDispatchMode):
    """A mode that does not load PyTorch's compiler.

    PyTorch wraps the method of every mode so that its compiler leaves it alone, and imports the compiler for that at the
    first operator: two seconds, for models that have nothing compiled. Where the compiler is loaded, the wrapper stays.
    """

    def __init__(self):
        super().__init__()
        if "torch._dynamo" not in sys.modules:
            kind = type(self)
            kind.__torch_dispatch__ = inspect.unwrap(kind.__torch_dispatch__)
