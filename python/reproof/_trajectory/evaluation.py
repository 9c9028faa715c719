"""What a model gives in evaluation, without a trace in the model or in random numbers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from . import generators, models
from .facts import Known, leaves


def evaluate(model: Any, inputs: Any, named: Mapping[str, Any]) -> dict[str, Known]:
    """The outputs for inputs that the user told, or of the function that the user told."""
    with _in_evaluation(model, named):
        if callable(inputs) and not isinstance(inputs, Mapping):
            given = inputs(model)
        else:
            arguments, by_name = _arguments(inputs, models.device(model))
            given = model(*arguments, **by_name)
        return _outputs(given)


def evaluate_averaged(model: Any, ema: Any, inputs: Any, named: Mapping[str, Any]) -> dict[str, Known]:
    """The outputs with averaged weights: of the module that keeps them, or of the model with them for once."""
    import torch

    if hasattr(ema, "named_parameters"):
        return evaluate(ema, inputs, named)
    if callable(inputs) and not isinstance(inputs, Mapping):
        return {}
    weights = models.averaged(ema)
    for wrapped in ("module.", "_orig_mod."):
        weights = {name.removeprefix(wrapped): value for name, value in weights.items()}
    known = {name for name, _ in (*model.named_parameters(), *model.named_buffers())}
    mine = {name: value for name, value in weights.items() if name in known and hasattr(value, "detach")}
    if not mine:
        return {}
    device = models.device(model)
    with _in_evaluation(model, named):
        arguments, by_name = _arguments(inputs, device)
        # Buffers are written to by some models even now: those of the user stay as they are.
        lent = {name: value.detach().to(device, copy=True) for name, value in mine.items()}
        return _outputs(torch.func.functional_call(model, lent, arguments, by_name))


def copied(inputs: Any) -> Any:
    """Inputs as they are now, whatever happens to them later."""
    if hasattr(inputs, "detach"):
        return inputs.detach().clone()
    if isinstance(inputs, Mapping):
        return {name: copied(value) for name, value in inputs.items()}
    if isinstance(inputs, (list, tuple)):
        return [copied(value) for value in inputs]
    return inputs


def _arguments(inputs: Any, device: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    there = _moved(inputs, device)
    if isinstance(there, dict):
        return (), there
    return (tuple(there), {}) if isinstance(there, list) else ((there,), {})


def _moved(inputs: Any, device: Any) -> Any:
    if hasattr(inputs, "detach"):
        return inputs.to(device, copy=True)
    if isinstance(inputs, dict):
        return {name: _moved(value, device) for name, value in inputs.items()}
    return [_moved(value, device) for value in inputs] if isinstance(inputs, list) else inputs


def _outputs(given: Any) -> dict[str, Known]:
    return {name or "output": value for name, value in leaves("", given)}


@contextlib.contextmanager
def _in_evaluation(model: Any, named: Mapping[str, Any]) -> Iterator[None]:
    import torch

    # Set one by one: `eval()` may be the model's own, and fold weights into others for example.
    training = [(module, module.training) for module in model.modules()]
    buffers = [
        (module, name, buffer, None if buffer is None else buffer.detach().clone())
        for module in model.modules()
        for name, buffer in module._buffers.items()
    ]
    # Casts of weights that were made without gradients must not be found by the next pass.
    cached = torch.is_autocast_cache_enabled()
    with torch.no_grad(), generators.preserved(named):
        try:
            torch.set_autocast_cache_enabled(False)
            for module, _ in training:
                module.training = False
            yield
        finally:
            torch.set_autocast_cache_enabled(cached)
            for module, flag in training:
                module.training = flag
            for module, name, buffer, before in buffers:
                module._buffers[name] = buffer
                if buffer is not None and not torch.equal(buffer, before):
                    buffer.copy_(before)
