"""Other calls of a module: with changed inputs or outputs."""

import contextlib
import functools

import torch

# What models of text call the mask of padding.
PADDING = "attention_mask"


@contextlib.contextmanager
def around(model, wrap):
    """Another way to call the module, for a while.

    What was entered first gets the inputs first, so that a later one can undo it.
    """
    module, wraps = model.module, vars(model).setdefault("wraps", [])
    if not wraps:
        model.unwrapped = module.__dict__.get("forward")
    wraps.append(wrap)
    _rewrap(model)
    try:
        yield
    finally:
        wraps.remove(wrap)
        _rewrap(model)


def _rewrap(model):
    module = model.module
    module.__dict__.pop("forward", None)
    if model.unwrapped is not None:
        module.forward = model.unwrapped
    for wrap in reversed(model.wraps):
        module.forward = wrap(module.forward)


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


def _numbers(change):
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
    "divided-by-255": _numbers(lambda tensor: tensor / 255),
    "times-255": _numbers(lambda tensor: tensor * 255),
    "times-256/255": _numbers(lambda tensor: tensor * (256 / 255)),
    "times-255/256": _numbers(lambda tensor: tensor * (255 / 256)),
    "reversed-channels": _numbers(_reversed),
    "flipped": _numbers(lambda tensor: tensor.flip(-1) if tensor.dim() >= 3 else tensor),
    "centred": _numbers(lambda tensor: (tensor - 0.5) / 0.5),
    "uncentred": _numbers(lambda tensor: tensor * 0.5 + 0.5),
    "normalised": _numbers(_normalised),
    "unnormalised": _numbers(functools.partial(_normalised, undo=True)),
    "float16": _numbers(lambda tensor: tensor.half().to(tensor.dtype)),
}


OUTPUTS = {
    "softmaxed": _numbers(lambda tensor: tensor.softmax(-1) if tensor.dim() and tensor.shape[-1] > 1 else tensor),
    "float16": INPUTS["float16"],
}


def inputs(model, change):
    def wrap(forward):
        @functools.wraps(forward)
        def called(*arguments, **keywords):
            return forward(*mapped(arguments, change), **mapped(dict(keywords), change))

        return called

    return around(model, wrap)


def outputs(model, change):
    def wrap(forward):
        @functools.wraps(forward)
        def called(*arguments, **keywords):
            return mapped(forward(*arguments, **keywords), change)

        return called

    return around(model, wrap)


def unpadded(model):
    """A mask of padding as it is where nobody passes one."""

    def wrap(forward):
        @functools.wraps(forward)
        def called(*arguments, **keywords):
            if isinstance(keywords.get(PADDING), torch.Tensor):
                keywords[PADDING] = torch.ones_like(keywords[PADDING])
            return forward(*arguments, **keywords)

        return called

    return around(model, wrap)
