"""What each part of a training's state is, by its name: weights, state of the optimizer, keys."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..errors import UsageError
from . import pytrees
from .pytrees import Path

# The leaves of each stream, by path.
Parts = dict[str, dict[Path, Any]]

STREAMS = ("parameters", "buffers", "optimizer", "scheduler", "ema", "random")

_NAMES = {
    **dict.fromkeys(("params", "parameters", "model", "weights"), "parameters"),
    **dict.fromkeys(("batch_stats", "state", "model_state", "buffers"), "buffers"),
    **dict.fromkeys(("opt_state", "optimizer", "optimizer_state"), "optimizer"),
    **dict.fromkeys(("step", "schedule", "scheduler"), "scheduler"),
    **dict.fromkeys(("ema", "ema_params", "params_ema", "ema_state"), "ema"),
    **dict.fromkeys(("key", "keys", "rng", "rngs", "random"), "random"),
}
_OF_KEYS = ("_key", "_keys", "_rng", "_rngs")

# What has one of these is a state in itself: a TrainState in a dictionary, the optimizer of Flax, variables of Linen.
_TELLING = {"params", "parameters", "opt_state", "batch_stats"}

# States of Optax that count the steps of a schedule.
_SCHEDULES = ("ScaleByScheduleState", "ReduceLROnPlateauState")


def by_name(state: Any) -> Parts:
    """The parts of a state by the names that are common for them; of other names, the typed keys."""
    named: dict[str, dict[str, Any]] = {}
    _look(state, named)
    if "parameters" not in named:
        raise UsageError(
            f"no parameters in a state that is a {type(state).__name__}",
            hint='give parts=, a function from the state to its parts: lambda state: {"parameters": state[0], ...}',
        )
    return sorted_out({stream: _together(parts) for stream, parts in named.items() if parts})


def as_told(state: Any, parts: Callable[[Any], Mapping[str, Any]]) -> Parts:
    """The parts of a state as the user tells them."""
    given = parts(state)
    unknown = given.keys() - set(STREAMS)
    if unknown:
        raise UsageError(f"parts named {', '.join(sorted(unknown))}", hint=f"name them {', '.join(STREAMS)}")
    return sorted_out(given)


def sorted_out(trees: Mapping[str, Any]) -> Parts:
    """Leaves where they belong: keys that lie among weights are random all the same, and schedules no moments."""
    sorted_: Parts = {stream: {} for stream in trees}
    for stream, tree in trees.items():
        for path, leaf in pytrees.leaves(tree, _is_schedule):
            if _is_schedule(leaf):
                within = sorted_.setdefault("scheduler", {})
                within.update((path + inner, value) for inner, value in pytrees.leaves(leaf))
            elif not callable(leaf) or pytrees.is_variable(leaf):
                sorted_.setdefault(_stream(stream, leaf), {})[path] = leaf
    _injected(sorted_)
    return sorted_


def in_optimizer(path: Path, weights: Iterable[Path]) -> str:
    """The name of a part of the optimizer's state: by the weight to which it belongs, if to any."""
    if "hyperparams" in path:
        return ".".join(("group", *path))
    owner = next((path[place:] for place in range(len(path)) if path[place:] in weights), ())
    return ".".join(("state", *owner, *path[: len(path) - len(owner)]))


def _look(state: Any, named: dict[str, dict[str, Any]]) -> None:
    for name, value in _members(state):
        stream = "random" if name.endswith(_OF_KEYS) else _NAMES.get(name)
        if _TELLING & {inner for inner, _ in _members(value)}:
            _look(value, named)
        elif stream is not None:
            named.setdefault(stream, {})[name] = value
        else:
            keys = {path: leaf for path, leaf in pytrees.leaves(value) if pytrees.is_key(pytrees.value_of(leaf))}
            named.setdefault("random", {}).update((".".join((name, *path)), leaf) for path, leaf in keys.items())


def _members(state: Any) -> Iterator[tuple[str, Any]]:
    """What a state holds by name, whether it is a dictionary or an object."""
    if isinstance(state, Mapping):
        yield from ((str(name), value) for name, value in state.items())
    elif hasattr(state, "_asdict"):
        yield from state._asdict().items()
    elif dataclasses.is_dataclass(state) and not isinstance(state, type):
        yield from ((field.name, getattr(state, field.name, None)) for field in dataclasses.fields(state))
    elif not pytrees.is_variable(state):
        yield from ((name, value) for name, value in getattr(state, "__dict__", {}).items() if name[:1] != "_")


def _together(parts: dict[str, Any]) -> Any:
    """Trees of one stream as one tree; one that is alone needs no name of its own."""
    alone = next(iter(parts.values()))
    if len(parts) == 1 and any(path for path, _ in pytrees.leaves(alone)):
        return alone
    return parts


def _stream(stream: str, leaf: Any) -> str:
    """Where a leaf belongs: with Flax, the type of a variable says it."""
    kinds = {kind.__name__ for kind in type(leaf).__mro__} if pytrees.is_variable(leaf) else set()
    if "RngState" in kinds or pytrees.is_key(pytrees.value_of(leaf)):
        return "random"
    if stream == "parameters" and kinds and "Param" not in kinds:
        return "buffers"
    return stream


def _is_schedule(node: Any) -> bool:
    return type(node).__name__ in _SCHEDULES


def _injected(parts: Parts) -> None:
    """Counts of schedules for settings of the optimizer, which Optax keeps beside the settings."""
    optimizer = parts.get("optimizer", {})
    holders = {path[: path.index("hyperparams")] for path in optimizer if "hyperparams" in path}
    for path in list(optimizer):
        if "hyperparams_states" in path or (path[-1:] == ("count",) and path[:-1] in holders):
            parts.setdefault("scheduler", {})[path] = optimizer.pop(path)
