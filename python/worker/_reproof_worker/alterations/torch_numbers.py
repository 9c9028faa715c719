"""Another precision or another kernel: the same function in other numbers."""

import contextlib
import functools

import torch

from .torch_calls import around, mapped


@contextlib.contextmanager
def rounded(module, dtype):
    """Weights as they are after a smaller type; what was there is put back to the bit."""
    tensors = [tensor for tensor in [*module.parameters(), *module.buffers()] if tensor.is_floating_point()]
    kept = [tensor.detach().clone() for tensor in tensors]
    try:
        with torch.no_grad():
            for tensor in tensors:
                tensor.copy_(tensor.to(dtype))
        yield
    finally:
        with torch.no_grad():
            for tensor, value in zip(tensors, kept):
                tensor.copy_(value)


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
            tensor.data = tensor.data.contiguous(memory_format=layout)
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
    return _toggled(
        torch.are_deterministic_algorithms_enabled, functools.partial(torch.use_deterministic_algorithms, warn_only=True), True
    )


@contextlib.contextmanager
def _toggled(get, put, value):
    before = get()
    put(value)
    try:
        yield
    finally:
        put(before)
