"""Weights that are whole but in the wrong places, as a converter or another vocabulary leaves them."""

import contextlib
import functools

from . import torch_keeping, torch_parts


def faults(module, read):
    """By text, what makes the context; `read` has rows of tables that are known to be read."""
    found = {}
    found.update(_channels(module))
    found.update(_rows(module, read))
    found.update(_heads(module))
    found.update(_positions(module))
    return found


def _channels(module):
    """Inputs in the other order, such as blue before red."""
    part = torch_parts.convolution(module)
    if part is None:
        return {}
    name, layer = part
    channels = 0 if layer.transposed else 1
    change = functools.partial(_put, layer.weight, lambda value: value.flip(channels))
    return {"channels=swapped:" + name: functools.partial(torch_keeping.tensors, [layer.weight], change)}


def _rows(module, read):
    """Two tokens of the vocabulary in each other's place, and all tokens one place off."""
    table = torch_parts.embedding(module)
    if table is None:
        return {}
    name, weight = table
    rows = read.get(name) or [0]
    first, second = (rows if len(rows) > 1 else [rows[0], (rows[0] + 1) % weight.shape[0]])[:2]
    if max(first, second) >= weight.shape[0]:
        return {}
    changes = {
        "rows=swapped:{}:{},{}".format(name, first, second): lambda value: _exchanged(value, first, second, 1),
        "rows=shifted:" + name: lambda value: value.roll(1, 0),
    }
    return {
        text: functools.partial(torch_keeping.tensors, [weight], functools.partial(_put, weight, change))
        for text, change in changes.items()
    }


def _heads(module):
    found = {}
    tied = torch_parts.heads(module)
    if tied:
        # The table stays as it is: the head alone lost its tie.
        permuted = functools.partial(torch_keeping.replaced, tied[-1], "weight", lambda value: value.roll(1, 0))
        found["tied=broken"] = permuted
    last = torch_parts.last_linear(module)
    if last is not None:
        found["head=reordered"] = functools.partial(_reordered, last)
    attention = torch_parts.queries(module)
    if attention is not None:
        name, weight, size = attention
        change = functools.partial(_put, weight, lambda value: _exchanged(value, 0, size, size))
        found["heads=swapped:" + name] = functools.partial(torch_keeping.tensors, [weight], change)
    return found


@contextlib.contextmanager
def _reordered(linear):
    """The first two outputs in each other's place. A weight that is a table of embeddings too stays one."""
    with contextlib.ExitStack() as stack:
        for name in ("weight", "bias"):
            if getattr(linear, name) is not None:
                stack.enter_context(torch_keeping.replaced(linear, name, lambda value: _exchanged(value, 0, 1, 1)))
        yield


def _positions(module):
    return {
        "position=shifted:" + name: functools.partial(
            torch_keeping.tensors, [tensor], functools.partial(_put, tensor, lambda value: value.roll(1, -2))
        )
        for name, tensor in torch_parts.positions(module)[:1]
    }


def _put(tensor, change):
    tensor.copy_(change(tensor.detach().clone()))


def _exchanged(value, first, second, count):
    """Rows with as many others in each other's place."""
    kept = value[first : first + count].clone()
    value[first : first + count] = value[second : second + count]
    value[second : second + count] = kept
    return value
