"""Losing a piece of state on purpose, in a process that is there to drill: as if it had never been restored."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .subject import Subject

# What generators are sown with that were not restored: any number but that of the training.
_OTHER = 20_477

# What each piece gives: one act for each thing that is lost. A training without such state gives none.
Acts = Iterator[Callable[[], Any]]


def present(subject: Subject) -> list[str]:
    """The pieces that this training could lose."""
    return [piece for piece, acts in _PIECES.items() if next(acts(subject), None) is not None]


def lose(subject: Subject, piece: str) -> None:
    """Takes a piece of state away."""
    for act in list(_PIECES[piece](subject)):
        act()


def _optimizer(subject: Subject) -> Acts:
    return (optimizer.state.clear for optimizer in subject.optimizers if optimizer.state)


def _moments(name: str) -> Callable[[Subject], Acts]:
    def zeros(subject: Subject) -> Acts:
        states = (state for optimizer in subject.optimizers for state in optimizer.state.values())
        return (state[name].zero_ for state in states if hasattr(state.get(name), "zero_"))

    return zeros


def _learning_rate(subject: Subject) -> Acts:
    """The rates that the optimizer was made with, where a schedule has changed them."""
    groups = (group for optimizer in subject.optimizers for group in optimizer.param_groups)
    return (partial(group.update, lr=group["initial_lr"]) for group in groups if group.get("initial_lr", group["lr"]) != group["lr"])


def _scheduler(subject: Subject) -> Acts:
    for schedule in subject.schedulers:
        yield partial(setattr, schedule, "last_epoch", 0)
        if hasattr(schedule, "_step_count"):
            yield partial(setattr, schedule, "_step_count", 1)


def _scaler(subject: Subject) -> Acts:
    scaler = subject.scaler
    if scaler is not None and scaler.is_enabled():
        state = scaler.state_dict()
        yield partial(scaler.load_state_dict, {**state, "scale": state["scale"] * 4.0, "_growth_tracker": 0})


def _ema(subject: Subject) -> Acts:
    """The averages begin again at the weights."""
    weights = {name: value.detach() for name, value in subject.inner.named_parameters()}
    for name, average in subject.averages().items():
        weight = next((value for own, value in weights.items() if name == own or name.endswith("." + own)), None)
        if weight is not None and getattr(average, "shape", None) == weight.shape:
            yield partial(average.detach().copy_, weight)


def _buffers(subject: Subject) -> Acts:
    """Running means of normalisation begin again; of other buffers nobody knows how they begin."""
    modules = subject.inner.modules()
    return (module.reset_running_stats for module in modules if getattr(module, "running_mean", None) is not None)


def _gradients(subject: Subject) -> Acts:
    parameters = subject.inner.parameters()
    return (partial(setattr, parameter, "grad", None) for parameter in parameters if parameter.grad is not None)


def _python(subject: Subject) -> Acts:
    yield partial(random.seed, _OTHER)


def _numpy(subject: Subject) -> Acts:
    numpy: Any = sys.modules.get("numpy")
    if numpy is not None:
        yield partial(numpy.random.seed, _OTHER)


def _torch(subject: Subject) -> Acts:
    import torch

    yield partial(torch.default_generator.manual_seed, _OTHER)


def _device(subject: Subject) -> Acts:
    import torch

    if torch.cuda.is_available() and torch.cuda.is_initialized():
        yield partial(torch.cuda.manual_seed_all, _OTHER)


def _generators(subject: Subject) -> Acts:
    """Those that the training told; what the loader drew from its own is over by now."""
    for generator in subject.generators.values():
        if hasattr(generator, "manual_seed"):
            yield partial(generator.manual_seed, _OTHER)
        elif hasattr(generator, "bit_generator"):
            state = type(generator.bit_generator)(_OTHER).state
            yield partial(setattr, generator.bit_generator, "state", state)
        elif hasattr(generator, "seed"):
            yield partial(generator.seed, _OTHER)


_PIECES: dict[str, Callable[[Subject], Acts]] = {
    "optimizer": _optimizer,
    "first-moments": _moments("exp_avg"),
    "second-moments": _moments("exp_avg_sq"),
    "momentum": _moments("momentum_buffer"),
    "optimizer-steps": _moments("step"),
    "learning-rate": _learning_rate,
    "scheduler": _scheduler,
    "scaler": _scaler,
    "ema": _ema,
    "buffers": _buffers,
    "gradients": _gradients,
    "random-python": _python,
    "random-numpy": _numpy,
    "random-torch": _torch,
    "random-device": _device,
    "generators": _generators,
}
