"""A module as in training, so that every call of it gives the same."""

import contextlib
import functools

import torch

from . import keeping, torch_keeping
from .torch_calls import around


@contextlib.contextmanager
def training(model):
    """Dropout and norms as in training. Each call draws the same numbers, and what it changes in norms is put back."""
    module = model.module
    parts = [(part, "training", part.training) for part in module.modules()]
    devices = sorted({tensor.device.index for tensor in module.parameters() if tensor.device.type == "cuda"})

    def wrap(forward):
        @functools.wraps(forward)
        def called(*arguments, **keywords):
            with torch.random.fork_rng(devices), torch_keeping.tensors(list(module.buffers())):
                torch.manual_seed(0)
                return forward(*arguments, **keywords)

        return called

    with keeping.attributes(parts, module.train), around(model, wrap):
        yield
