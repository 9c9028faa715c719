"""A module as torch.compile makes it of one, and as it is without."""

import torch

from .torch_calls import around


def is_compiled(module):
    """Whether the whole or a part runs as torch.compile made it."""
    parts = module.modules() if isinstance(module, torch.nn.Module) else [module]
    return any(
        getattr(part, "_compiled_call_impl", None) is not None
        or hasattr(part, "_orig_mod")
        or hasattr(getattr(part, "forward", None), "_torchdynamo_orig_callable")
        or hasattr(part, "_torchdynamo_orig_callable")
        for part in parts
    )


def eager():
    """What was compiled, run as it is written (PyTorch 2.6)."""
    return torch.compiler.set_stance("force_eager")


def can_be_eager():
    return hasattr(getattr(torch, "compiler", None), "set_stance")


def compiled(model):
    """The whole module, compiled with what torch.compile does by default."""
    return around(model, torch.compile)
