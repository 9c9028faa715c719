"""Other calls of a module: with changed inputs, or sample by sample."""

import contextlib
import functools

import torch


@contextlib.contextmanager
def around(model, wrap):
    """Another way to call the module, for a while."""
    module = model.module
    forward = module.__dict__.get("forward")
    module.forward = wrap(module.forward)
    try:
        yield
    finally:
        if forward is None:
            del module.__dict__["forward"]
        else:
            module.forward = forward


def mapped(value, change):
    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(mapped(item, change) for item in value))
    if isinstance(value, (list, tuple)):
        return type(value)(mapped(item, change) for item in value)
    if isinstance(value, dict):
        for key in list(value):
            value[key] = mapped(value[key], change)
    return value


def _pictures(change):
    return lambda tensor: change(tensor) if tensor.is_floating_point() else tensor


def _normalised(tensor, undo=False):
    if tensor.dim() < 3 or tensor.shape[-3] != 3:
        return tensor
    mean = tensor.new_tensor([0.485, 0.456, 0.406])[:, None, None]
    spread = tensor.new_tensor([0.229, 0.224, 0.225])[:, None, None]
    return tensor * spread + mean if undo else (tensor - mean) / spread


def _reversed(tensor):
    places = [place for place in (-3, -1) if tensor.dim() >= 3 and tensor.shape[place] == 3]
    return tensor.flip(places[0]) if places else tensor


INPUTS = {
    "divided-by-255": _pictures(lambda tensor: tensor / 255),
    "times-255": _pictures(lambda tensor: tensor * 255),
    "times-256/255": _pictures(lambda tensor: tensor * (256 / 255)),
    "times-255/256": _pictures(lambda tensor: tensor * (255 / 256)),
    "reversed-channels": _pictures(_reversed),
    "flipped": _pictures(lambda tensor: tensor.flip(-1) if tensor.dim() >= 3 else tensor),
    "centred": _pictures(lambda tensor: (tensor - 0.5) / 0.5),
    "uncentred": _pictures(lambda tensor: tensor * 0.5 + 0.5),
    "normalised": _pictures(_normalised),
    "unnormalised": _pictures(functools.partial(_normalised, undo=True)),
    "float16": _pictures(lambda tensor: tensor.half().to(tensor.dtype)),
}


def inputs(model, change):
    def wrap(forward):
        @functools.wraps(forward)
        def called(*arguments, **keywords):
            return forward(*mapped(arguments, change), **mapped(dict(keywords), change))

        return called

    return around(model, wrap)


def singly(model):
    """Each sample by itself."""

    def wrap(forward):
        @functools.wraps(forward)
        def called(*arguments, **keywords):
            tensors = [value for value in [*arguments, *keywords.values()] if isinstance(value, torch.Tensor)]
            count = tensors[0].shape[0] if tensors and tensors[0].dim() else 0
            if count < 2 or any(not value.dim() or value.shape[0] != count for value in tensors):
                return forward(*arguments, **keywords)
            rows = [
                forward(*mapped(arguments, _row(index)), **mapped(dict(keywords), _row(index)))
                for index in range(count)
            ]
            return _joined(rows)

        return called

    return around(model, wrap)


def _row(index):
    return lambda tensor: tensor[index : index + 1]


def _joined(rows):
    first = rows[0]
    if isinstance(first, torch.Tensor):
        return torch.cat(rows) if first.dim() else first
    if isinstance(first, dict):
        for key in list(first):
            first[key] = _joined([row[key] for row in rows])
        return first
    if isinstance(first, (list, tuple)) and not hasattr(first, "_fields"):
        return type(first)(_joined(list(items)) for items in zip(*rows))
    return first
