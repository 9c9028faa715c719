"""Another precision or another kernel: the same function in other numbers."""

import contextlib
import functools

import torch

from . import torch_keeping
from .torch_calls import around, mapped


def rounded(module, dtype):
    """Weights as they are after a smaller type."""
    return _reduced(module, lambda tensor: tensor.to(dtype))


def quantised(module):
    """Matrices as they are after integers of 8 bits, each row with its own scale and none with an offset."""
    return _reduced(module, lambda tensor: _row_by_row(tensor) if tensor.dim() > 1 else tensor)


def _reduced(module, reduce):
    tensors = [tensor for tensor in [*module.parameters(), *module.buffers()] if tensor.is_floating_point()]

    def change():
        for tensor in tensors:
            tensor.copy_(reduce(tensor))

    return torch_keeping.tensors(tensors, change)


def _row_by_row(tensor):
    scale = (tensor.flatten(1).abs().amax(1) / 127).view(-1, *[1] * (tensor.dim() - 1))
    # A row of zeros stays one.
    return torch.where(scale > 0, (tensor / scale).round().clamp(-127, 127) * scale, tensor)


def _to(dtype):
    return lambda tensor: tensor.to(dtype) if tensor.is_floating_point() else tensor


@contextlib.contextmanager
def computing(model, dtype):
    """Weights, inputs and arithmetic in a smaller type; outputs come back in the type that they had."""
    module = model.module
    tensors = [tensor for tensor in [*module.parameters(), *module.buffers()] if tensor.is_floating_point()]
    kept = [tensor.data for tensor in tensors]
    back = kept[0].dtype if kept else torch.float32

    def wrap(forward):
        @functools.wraps(forward)
        def called(*arguments, **keywords):
            given = forward(*mapped(arguments, _to(dtype)), **mapped(dict(keywords), _to(dtype)))
            return mapped(given, _to(back))

        return called

    try:
        for tensor in tensors:
            tensor.data = tensor.data.to(dtype)
        with around(model, wrap):
            yield
    finally:
        for tensor, value in zip(tensors, kept):
            tensor.data = value


@contextlib.contextmanager
def layout(module, layout):
    tensors = [tensor for tensor in module.parameters() if tensor.dim() == 4]
    kept = [tensor.data for tensor in tensors]
    try:
        for tensor in tensors:
            # A copy, as one channel lies in either layout already and still decides over the kernel.
            tensor.data = tensor.data.clone(memory_format=layout)
        yield
    finally:
        for tensor, value in zip(tensors, kept):
            tensor.data = value


def math_attention():
    from torch.nn.attention import SDPBackend, sdpa_kernel

    return sdpa_kernel([SDPBackend.MATH])


def matmul(precision):
    return _toggled(torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, precision)


def threads(count):
    return _toggled(torch.get_num_threads, torch.set_num_threads, count)


def deterministic():
    put = functools.partial(torch.use_deterministic_algorithms, warn_only=True)
    return _toggled(torch.are_deterministic_algorithms_enabled, put, True)


@contextlib.contextmanager
def _toggled(get, put, value):
    before = get()
    put(value)
    try:
        yield
    finally:
        put(before)
