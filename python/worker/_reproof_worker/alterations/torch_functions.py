"""Other functions in place of those that a model calls, whether a module calls them or the model's code by name."""

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

# What tensors and modules call them.
_SPELLED = {
    "relu": "relu", "relu_": "relu", "relu6": "relu6", "hardtanh": "relu6", "silu": "silu", "tanh": "tanh",
    "leaky_relu": "leaky-relu", "elu": "elu",
}  # fmt: skip

ACTIVATIONS = frozenset(_FUNCTIONS)

# Modes that are entered, in that order.
_entered = []


def activations(seen):
    """Other functions for activations that a model was seen to call."""
    return {
        "activation={}->{}".format(given, wanted): functools.partial(Activation, given, wanted)
        for given in _FUNCTIONS
        if given in seen
        for wanted in _FUNCTIONS
        if wanted != given
    }


class Calls(TorchFunctionMode):
    """Sees every call of a function.

    PyTorch asks the mode that was entered last. Here the one that was entered first changes a call first, so that one
    entered later can undo it.
    """

    def __enter__(self):
        _entered.append(self)
        return super().__enter__()

    def __exit__(self, *raised):
        _entered.remove(self)
        return super().__exit__(*raised)

    def __torch_function__(self, function, types, arguments=(), keywords=None):
        keywords = dict(keywords or {})
        if self is _entered[-1]:
            for mode in _entered:
                function, arguments, keywords = mode.changed(function, arguments, keywords)
        return function(*arguments, **keywords)

    def changed(self, function, arguments, keywords):
        """The call to make in place of one."""
        raise NotImplementedError


class Activation(Calls):
    """Calls another function wherever an activation is called, by a module or by name."""

    def __init__(self, given, wanted):
        super().__init__()
        self._given, self._wanted = given, wanted

    def changed(self, function, arguments, keywords):
        if activation(function, keywords) != self._given:
            return function, arguments, keywords
        return _FUNCTIONS[self._wanted], (arguments[0] if arguments else keywords["input"],), {}


def spelled(function):
    """The name of a function, or of the operator that stands for it in a graph."""
    return getattr(function, "__name__", "").partition(".")[0]


def activation(function, keywords):
    """Which activation a call is; nothing for any other."""
    ours = next((name for name, known in _FUNCTIONS.items() if known is function), None)
    name = spelled(function)
    if name == "gelu":
        return "gelu-tanh" if keywords.get("approximate") == "tanh" else "gelu"
    return ours or _SPELLED.get(name)
