"""What can be altered in a PyTorch module, the likeliest first."""

import contextlib
import functools

import torch

from . import keeping, torch_attention, torch_calls, torch_compiled, torch_functions, torch_numbers, torch_samples

_EPSILONS = (1e-5, 1e-6, 1e-12, 1e-3, 1e-8, 1e-7)
_EPSILON_NAMES = ("eps", "variance_epsilon", "epsilon")
_TYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}


def alterations(model):
    """By text, what makes the context; `model` is the adapter's."""
    module = model.module
    if not isinstance(module, torch.nn.Module) or isinstance(module, torch.jit.ScriptModule):
        return {}
    seen = getattr(model, "seen", None)
    device = next((tensor.device.type for tensor in module.parameters()), "cpu")
    found = {}
    found.update(_modes(module))
    found.update(epsilons(module, lambda values: _EPSILONS))
    found.update(torch_functions.activations(seen.activations if seen else ()))
    for name, dtype in _TYPES.items():
        found["weights=" + name] = functools.partial(torch_numbers.rounded, module, dtype)
        found["compute=" + name] = functools.partial(torch_numbers.computing, model, dtype)
        found["autocast=" + name] = functools.partial(torch.autocast, device, dtype)
    found["matmul=medium"] = functools.partial(torch_numbers.matmul, "medium")
    found["matmul=highest"] = functools.partial(torch_numbers.matmul, "highest")
    found["mkldnn=off"] = functools.partial(torch.backends.mkldnn.flags, enabled=False)
    found["attention=math"] = torch_numbers.math_attention
    for name in ("dropped", "causal"):
        found["mask=" + name] = functools.partial(torch_attention.Attention, mask=name)
    for name in ("dropped", "default"):
        found["scale=" + name] = functools.partial(torch_attention.Attention, scale=name)
    found["layout=channels_last"] = functools.partial(torch_numbers.layout, module, torch.channels_last)
    found["batch=1"] = functools.partial(torch_samples.singly, model)
    for name, change in torch_calls.INPUTS.items():
        found["inputs=" + name] = functools.partial(torch_calls.inputs, model, change)
    found["deterministic=on"] = torch_numbers.deterministic
    found["threads=1"] = functools.partial(torch_numbers.threads, 1)
    if not torch_compiled.is_compiled(module):
        found["compile=on"] = functools.partial(torch_compiled.compiled, model)
    elif torch_compiled.can_be_eager():
        # Every alteration of a compiled module would have it compiled anew, some of them in vain.
        found = {text: functools.partial(_eager, make) for text, make in found.items()}
        found = {"compile=off": torch_compiled.eager, **found}
    return found


@contextlib.contextmanager
def _eager(make):
    with torch_compiled.eager(), make():
        yield


def _modes(module):
    found = {}
    if any(part.training for part in module.modules()):
        found["mode=eval"] = functools.partial(_mode, module, False)
    return found


def _mode(module, training):
    return keeping.attributes(
        [(part, "training", part.training) for part in module.modules()], lambda: module.train(training)
    )


def epsilons(module, others):
    """Other constants for each kind of normalisation; `others` gives them for the values that it has."""
    kinds = {}
    for part in module.modules():
        for name in _EPSILON_NAMES:
            if "Norm" in type(part).__name__ and isinstance(getattr(part, name, None), float):
                kinds.setdefault(type(part).__name__, []).append((part, name, getattr(part, name)))
    return {
        "epsilon={}:{:g}".format(kind, epsilon): functools.partial(_set, places, epsilon)
        for kind, places in kinds.items()
        for epsilon in others([value for _, _, value in places])
        if any(value != epsilon for _, _, value in places)
    }


def _set(places, value):
    def change():
        for part, name, _ in places:
            setattr(part, name, value)

    return keeping.attributes(places, change)
