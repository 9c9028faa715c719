"""Faults that can be planted in a PyTorch module: each is a mistake that a suite of recorded outputs should see.

What changed how the module runs comes first, then precision, then weights that are lost or mixed up, then single bits.
"""

import functools

import torch

from ..adapters.torch_module import drops
from . import (
    torch_attention,
    torch_bits,
    torch_calls,
    torch_damage,
    torch_functions,
    torch_mixups,
    torch_modes,
    torch_modules,
    torch_numbers,
    torch_watching,
)

# Mistakes that are made: one function taken for another.
_MISTAKEN = {
    ("gelu", "gelu-tanh"), ("gelu-tanh", "gelu"), ("relu", "leaky-relu"), ("silu", "gelu"), ("tanh", "gelu"),
}  # fmt: skip

_SMALLER = {"bfloat16": torch.bfloat16, "float16": torch.float16}
# Constants below this are lost in the rounding of what they are added to.
_NOTHING = 1e-9


def faults(model, wanted=None):
    """By text, what makes the context; `model` is the adapter's. With one that is wanted, whatever was seen."""
    module = model.module
    if not isinstance(module, torch.nn.Module):
        return {}
    seen = torch_watching.seen(model, wanted)
    found = {}
    if not isinstance(module, torch.jit.ScriptModule):
        # What is scripted calls its parts without Python.
        found.update(_modes(model, seen))
        found.update(_functions(model, seen, wanted))
        found.update(_calls(model, seen))
        found.update(_precisions(model))
        found.update(torch_mixups.faults(module, seen.rows))
    else:
        found.update(_rounded(module))
    found.update(torch_damage.lost(module))
    found.update(torch_damage.bits(module, seen.rows, model.is_wide))
    return found


def _modes(model, seen):
    module = model.module
    if all(part.training for part in module.modules()):
        return {}
    if not any(map(drops, module.modules())) and "dropout" not in seen.calls:
        return {}
    return {"mode=train": functools.partial(torch_modes.training, model)}


def _functions(model, seen, wanted):
    """Constants, activations and attention of other code."""
    found = torch_modules.epsilons(model.module, _other_epsilons)
    mistaken = {wanted, *("activation={}->{}".format(given, taken) for given, taken in _MISTAKEN)}
    others = torch_functions.activations(seen.activations)
    found.update({text: make for text, make in others.items() if text in mistaken})
    masks = {"dropped": {"mask"}, "inverted": {"attention", "mask"}, "causal": {"open"}}
    for name, needed in masks.items():
        if needed <= seen.calls:
            found["mask=" + name] = functools.partial(torch_attention.Attention, mask=name)
    if "attention" in seen.calls:
        found["scale=dropped"] = functools.partial(torch_attention.Attention, scale="dropped")
    return found


def _other_epsilons(values):
    """A hundred times, a tenth, and what PyTorch takes where nobody says anything."""
    others = dict.fromkeys(float("{:g}".format(other)) for other in (values[0] * 100, values[0] * 0.1, 1e-5))
    return [other for other in others if max(other, values[0]) > _NOTHING]


def _calls(model, seen):
    """Inputs that are prepared, and outputs that are passed on, in another way."""
    found = {
        "inputs=" + name: functools.partial(torch_calls.inputs, model, change)
        for name, change in torch_calls.INPUTS.items()
        if name in seen.inputs
    }
    if "padding" in seen.calls:
        found["mask=ignored"] = functools.partial(torch_calls.unpadded, model)
    for name, change in torch_calls.OUTPUTS.items():
        if name not in _SMALLER or _has_finer(model.module, _SMALLER[name]):
            found["output=" + name] = functools.partial(torch_calls.outputs, model, change)
    return found


def _precisions(model):
    device = next((tensor.device.type for tensor in model.module.parameters()), "cpu")
    found = _rounded(model.module)
    if "weights=bfloat16" in found:
        found["autocast=bfloat16"] = functools.partial(torch.autocast, device, torch.bfloat16)
    return found


def _rounded(module):
    """Weights that went through a smaller type."""
    found = {
        "weights=" + name: functools.partial(torch_numbers.rounded, module, dtype)
        for name, dtype in _SMALLER.items()
        if _has_finer(module, dtype)
    }
    if any(tensor.is_floating_point() for tensor in module.parameters()):
        found["weights=int8"] = functools.partial(torch_numbers.quantised, module)
    return found


def _has_finer(module, dtype):
    return any(torch_bits.is_finer(tensor.dtype, dtype) for tensor in module.parameters())
