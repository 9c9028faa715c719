"""What can be altered in a PyTorch module, the likeliest first."""

import contextlib
import functools

import torch

from . import torch_calls, torch_functions, torch_numbers

_EPSILONS = (1e-5, 1e-6, 1e-12, 1e-3, 1e-8, 1e-7)
_EPSILON_NAMES = ("eps", "variance_epsilon", "epsilon")
_TYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}


def alterations(model):
    """By text, what makes the context; `model` is the adapter's."""
    module = model.module
    if not isinstance(module, torch.nn.Module) or isinstance(module, torch.jit.ScriptModule):
        return {}
    device = next((tensor.device.type for tensor in module.parameters()), "cpu")
    found = {}
    found.update(_modes(module))
    found.update(_constants(module))
    found.update(torch_functions.activations(model))
    for name, dtype in _TYPES.items():
        found["weights=" + name] = functools.partial(torch_numbers.rounded, module, dtype)
        found["compute=" + name] = functools.partial(torch_numbers.computing, model, dtype)
        found["autocast=" + name] = functools.partial(torch.autocast, device, dtype)
    found["matmul=medium"] = functools.partial(torch_numbers.matmul, "medium")
    found["matmul=highest"] = functools.partial(torch_numbers.matmul, "highest")
    found["mkldnn=off"] = functools.partial(torch.backends.mkldnn.flags, enabled=False)
    found["attention=math"] = torch_numbers.math_attention
    found["mask=dropped"] = functools.partial(torch_functions.Attention, mask=False)
    found["scale=dropped"] = functools.partial(torch_functions.Attention, scale=False)
    found["layout=channels_last"] = functools.partial(torch_numbers.layout, module, torch.channels_last)
    found["batch=1"] = functools.partial(torch_calls.singly, model)
    for name, change in torch_calls.INPUTS.items():
        found["inputs=" + name] = functools.partial(torch_calls.inputs, model, change)
    found["deterministic=on"] = torch_numbers.deterministic
    found["threads=1"] = functools.partial(torch_numbers.threads, 1)
    return found


def _modes(module):
    found = {}
    if any(part.training for part in module.modules()):
        found["mode=eval"] = functools.partial(_mode, module, False)
    return found


def _mode(module, training):
    return _kept(
        [(part, "training", part.training) for part in module.modules()], lambda: module.train(training)
    )


def _constants(module):
    """Other constants for each kind of normalisation."""
    kinds = {}
    for part in module.modules():
        for name in _EPSILON_NAMES:
            if "Norm" in type(part).__name__ and isinstance(getattr(part, name, None), float):
                kinds.setdefault(type(part).__name__, []).append((part, name, getattr(part, name)))
    return {
        "epsilon={}:{:g}".format(kind, epsilon): functools.partial(_set, places, epsilon)
        for kind, places in kinds.items()
        for epsilon in _EPSILONS
        if any(value != epsilon for _, _, value in places)
    }


def _set(places, value):
    def change():
        for part, name, _ in places:
            setattr(part, name, value)

    return _kept(places, change)


@contextlib.contextmanager
def _kept(places, change):
    """Attributes as they were, after a change."""
    try:
        change()
        yield
    finally:
        for part, name, value in places:
            setattr(part, name, value)
