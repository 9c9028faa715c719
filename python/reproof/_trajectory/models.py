"""What a model holds: weights, buffers, gradients, modes; by the names of the module that the user wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .facts import Known, flags, leaves

# Wrappers around a module, by the attribute in which they keep it.
_WRAPPERS = {
    "DistributedDataParallel": "module",
    "DataParallel": "module",
    "FullyShardedDataParallel": "_fsdp_wrapped_module",
    "OptimizedModule": "_orig_mod",
}


# Modules whose weights are divided among processes.
_SHARDING = {"FullyShardedDataParallel", "DeepSpeedEngine", "PipelineModule"}


def inner(model: Any) -> Any:
    """The module in its wrappers for processes and compilers."""
    while (attribute := _WRAPPERS.get(type(model).__name__)) is not None:
        model = getattr(model, attribute)
    return model


def is_compiled_in_place(model: Any) -> bool:
    """Whether hooks of this module would become part of what is compiled, and might change it."""
    return getattr(model, "_compiled_call_impl", None) is not None


def is_sharded(model: Any) -> bool:
    """Whether running the model may take all processes at once: parts of its weights are elsewhere."""
    if any(type(module).__name__ in _SHARDING for module in model.modules()):
        return True
    return any(hasattr(parameter, "to_local") or hasattr(parameter, "ds_id") for parameter in model.parameters())


def parameters(model: Any) -> dict[str, Known]:
    return dict(named_parameters(model))


def named_parameters(model: Any) -> Iterator[tuple[str, Any]]:
    return ((_plain_name(name), parameter) for name, parameter in model.named_parameters())


def buffers(model: Any) -> dict[str, Known]:
    """All of them, whether they are saved or not."""
    return {_plain_name(name): buffer for name, buffer in model.named_buffers()}


def gradients(model: Any) -> dict[str, Known]:
    return {name: value.grad for name, value in named_parameters(model) if value.grad is not None}


def modes(model: Any) -> dict[str, Known]:
    """Training or evaluation of each module, what is frozen, automatic casts."""
    import torch

    training = {_plain_name(name): module.training for name, module in model.named_modules()}
    frozen = {name: not parameter.requires_grad for name, parameter in named_parameters(model)}
    return {
        "training": flags(training, "modules in training"),
        "frozen": flags(frozen, "parameters frozen"),
        "autocast": _autocast(torch, device(model)),
        "default-dtype": str(torch.get_default_dtype()).removeprefix("torch."),
    }


def device(model: Any) -> Any:
    """Where the model lies, by its first tensor."""
    import torch

    first = next(iter(model.parameters()), None)
    return torch.device("cpu") if first is None else first.device


def averaged(ema: Any) -> dict[str, Known]:
    """Averaged weights and the number of updates, whatever keeps them: a module, a mapping, or a function for one."""
    if hasattr(ema, "named_parameters"):
        return {**parameters(ema), **buffers(ema)}
    if not isinstance(ema, Mapping) and callable(getattr(ema, "state_dict", None)):
        ema = ema.state_dict()
    if not isinstance(ema, Mapping) and callable(ema):
        return averaged(ema())
    return dict(leaves("", ema))


def _autocast(torch: Any, device: Any) -> str:
    kinds = dict.fromkeys(("cpu", device.type))
    enabled = [kind for kind in kinds if torch.is_autocast_enabled(kind)]
    dtypes = (str(torch.get_autocast_dtype(kind)).removeprefix("torch.") for kind in enabled)
    return ", ".join(f"{kind} {dtype}" for kind, dtype in zip(enabled, dtypes)) or "off"


def _plain_name(name: str) -> str:
    """The name without compiled or sharded modules on the way."""
    return name.replace("_orig_mod.", "").replace("_fsdp_wrapped_module.", "").removesuffix("._orig_mod")
