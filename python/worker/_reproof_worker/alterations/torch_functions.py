"""Other functions in place of those that a model calls, whether a module calls them or the model's code by name."""

import contextlib
import functools

import torch
from torch.overrides import TorchFunctionMode

_FUNCTIONS = {
    "gelu": torch.nn.functional.gelu,
    "gelu-tanh": functools.partial(torch.nn.functional.gelu, approximate="tanh"),
    "gelu-sigmoid": lambda value: value * torch.sigmoid(1.702 * value),
    "relu": torch.nn.functional.relu,
    "relu6": torch.nn.functional.relu6,
    "silu": torch.nn.functional.silu,
    "tanh": torch.tanh,
    "leaky-relu": torch.nn.functional.leaky_relu,
    "elu": torch.nn.functional.elu,
}


def activations(model):
    """Other functions for the activations that the model calls; which these are is seen when it runs."""
    return {
        "activation={}->{}".format(given, wanted): functools.partial(_Activation, given, wanted)
        for given in _FUNCTIONS
        if given in getattr(model, "activations_seen", ())
        for wanted in _FUNCTIONS
        if wanted != given
    }


class _Activation(TorchFunctionMode):
    """Calls another function wherever an activation is called, by a module or by name."""

    def __init__(self, given, wanted):
        super().__init__()
        self._given, self._wanted, self.seen = given, wanted, set()

    def __torch_function__(self, function, types, arguments=(), keywords=None):
        keywords = keywords or {}
        name = _named(function, keywords)
        if name is not None:
            self.seen.add(name)
            if name == self._given:
                return _FUNCTIONS[self._wanted](arguments[0] if arguments else keywords["input"])
        return function(*arguments, **keywords)


def _named(function, keywords):
    name = getattr(function, "__name__", "")
    if name == "gelu":
        return "gelu-tanh" if keywords.get("approximate") == "tanh" else "gelu"
    known = {"relu": "relu", "relu_": "relu", "relu6": "relu6", "hardtanh": "relu6", "silu": "silu", "tanh": "tanh"}
    known.update({"leaky_relu": "leaky-relu", "elu": "elu"})
    return known.get(name)


@contextlib.contextmanager
def watching(model):
    """Notes which activations a model calls."""
    mode = _Activation(None, None)
    with mode:
        yield
    model.activations_seen = mode.seen


class Attention(TorchFunctionMode):
    """Attention without its mask or its scale."""

    def __init__(self, mask=True, scale=True):
        super().__init__()
        self._mask, self._scale = mask, scale

    def __torch_function__(self, function, types, arguments=(), keywords=None):
        keywords = dict(keywords or {})
        if getattr(function, "__name__", "") == "scaled_dot_product_attention":
            if not self._mask:
                arguments = arguments[:3]
                keywords.update(attn_mask=None, is_causal=False)
            if not self._scale:
                keywords["scale"] = 1.0
        return function(*arguments, **keywords)
