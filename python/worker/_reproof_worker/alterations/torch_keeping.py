"""What an alteration changes in tensors, put back to the bit when it is left."""

import contextlib

import torch

from . import keeping


@contextlib.contextmanager
def tensors(kept, change=lambda: None):
    """Tensors as they were, after a change of their values in place."""
    copies = [(tensor, tensor.detach().clone()) for tensor in kept]
    try:
        with torch.no_grad():
            change()
        yield
    finally:
        with torch.no_grad():
            for tensor, value in copies:
                tensor.copy_(value)


def replaced(part, name, make):
    """Another parameter in the place of one, so that what shares its memory keeps what it has."""
    given = getattr(part, name)
    made = make(given.detach().clone())
    return keeping.replaced(part, name, torch.nn.Parameter(made, requires_grad=given.requires_grad))
