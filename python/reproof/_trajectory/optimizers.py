"""What drives the weights: optimizers, schedules of learning rates, scalers of losses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .facts import Known, digest, leaves, text
from .models import named_parameters

# Elements of gradients that are looked at in each step; those of a model that has no more are looked at as a whole.
_WHOLE = 1 << 16


def inner(optimizer: Any) -> Any:
    """The optimizer in the wrapper of a trainer."""
    wrapped = getattr(optimizer, "optimizer", None)
    return inner(wrapped) if hasattr(wrapped, "param_groups") else optimizer


def optimizers(all_of_them: Sequence[Any], model: Any) -> dict[str, Known]:
    """State by the names that the weights have in the model, and the settings of each group."""
    names = {id(parameter): name for name, parameter in named_parameters(model)}
    return dict(
        pair
        for index, optimizer in enumerate(all_of_them)
        for pair in _optimizer(optimizer, names, f"{index}." if len(all_of_them) > 1 else "")
    )


def _optimizer(optimizer: Any, names: dict[int, str], prefix: str) -> Iterator[tuple[str, Known]]:
    for index, group in enumerate(optimizer.param_groups):
        ordered = []
        for place, parameter in enumerate(group["params"]):
            name = names.get(id(parameter), f"group.{index}.params.{place}")
            ordered.append(name)
            for key, value in optimizer.state.get(parameter, {}).items():
                yield from leaves(f"{prefix}state.{name}.{key}", value)
        # State is saved by place: another order gives it to others.
        told = f"{len(ordered)} in order, {digest([chr(10).join(ordered).encode()])}"
        yield f"{prefix}group.{index}.params", told
        for key, value in group.items():
            if key != "params":
                yield from leaves(f"{prefix}group.{index}.{key}", value)


def learning_rates(all_of_them: Sequence[Any]) -> dict[str, Known]:
    """As they are now; one that lies on a device is looked at later."""
    rates: dict[str, Known] = {}
    for index, optimizer in enumerate(all_of_them):
        prefix = f"{index}." if len(all_of_them) > 1 else ""
        for place, group in enumerate(optimizer.param_groups):
            rates[f"{prefix}{place}"] = _now(group.get("lr"))
    return rates


def schedulers(all_of_them: Sequence[Any]) -> dict[str, Known]:
    return dict(
        pair
        for index, scheduler in enumerate(all_of_them)
        for pair in leaves(str(index) if len(all_of_them) > 1 else "", scheduler.state_dict())
    )


def scaler(of_losses: Any) -> dict[str, Known]:
    return {} if of_losses is None else dict(leaves("", of_losses.state_dict()))


def scale(of_losses: Any) -> dict[str, Known]:
    """The factor, without waiting for a device where that can be."""
    if of_losses is None or not getattr(of_losses, "is_enabled", lambda: True)():
        return {}
    # There is no public way to it that does not wait.
    factor = getattr(of_losses, "_scale", None)
    return {"scale": _now(of_losses.get_scale() if factor is None else factor)}


def _now(value: Any) -> Known:
    """A number as it is now, to be looked at later where it lies on a device."""
    return value.detach().clone() if hasattr(value, "detach") else text(value)


def gradient_norm(model: Any) -> dict[str, Known]:
    """The L2 norm of all gradients, computed where they lie and looked at later: `total`, or of large models `sampled`.

    Reading every gradient once more takes a tenth of what an optimizer takes, and more than a recorder may. What moves a
    gradient at all moves its first elements too.
    """
    import torch

    held = [parameter.grad.numel() for _, parameter in named_parameters(model) if parameter.grad is not None]
    most = None if sum(held) <= _WHOLE else max(1, _WHOLE // len(held))
    by_device: dict[Any, list[Any]] = {}
    for _, parameter in named_parameters(model):
        if parameter.grad is not None:
            gradient = parameter.grad.detach()
            gradient = gradient.to_local() if hasattr(gradient, "to_local") else gradient
            gradient = gradient.coalesce().values() if gradient.is_sparse else gradient
            if most is not None and gradient.is_contiguous():
                gradient = gradient.view(-1)[:most]
            narrow = gradient.dtype in (torch.float16, torch.bfloat16)
            norm = torch.linalg.vector_norm(gradient, dtype=torch.float32 if narrow else None)
            by_device.setdefault(gradient.device, []).append(norm.double() if _has_double(norm) else norm)
    parts = [torch.linalg.vector_norm(torch.stack(norms)) for norms in by_device.values()]
    if not parts:
        return {}
    if len(parts) > 1:
        parts = [torch.linalg.vector_norm(torch.stack([part.cpu() for part in parts]))]
    return {"total" if most is None else "sampled": parts[0]}


def _has_double(value: Any) -> bool:
    """Whether the device of a tensor knows float64: graphics processors of Apple do not."""
    return str(value.device.type) != "mps"
