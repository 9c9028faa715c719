"""Random numbers: every generator that a loader can reach, its state, and how it is put back."""

from __future__ import annotations

import contextlib
import copy
import functools
import random
import sys
import types
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# Objects that are looked at, and items of one container: datasets of millions of rows keep no generator in each.
_OBJECTS, _ITEMS = 20_000, 1_000

# Whose classes and functions hold no generators of the user's.
_FOREIGN = ("torch", "numpy", "builtins", "collections", "random", "pyarrow", "pandas")


@dataclass(frozen=True)
class States:
    """The states of the global generators by name, and of private ones in the order in which they are found."""

    shared: Mapping[str, Any]
    private: list[Any]


def reachable(*roots: Any) -> Iterator[Any]:
    """What can be reached from objects through attributes, containers, closures and globals of their methods."""
    waiting = deque(roots)
    seen: set[int] = set()
    # Kept alive, because the identity of what is gone is given to another.
    kept: list[Any] = []
    while waiting and len(seen) < _OBJECTS:
        item = waiting.popleft()
        if id(item) in seen or isinstance(item, (str, bytes, int, float, type(None), types.ModuleType)):
            continue
        seen.add(id(item))
        kept.append(item)
        yield item
        if not is_array(item) and not _is_generator(item):
            waiting.extend(_inside(item))


def is_array(value: Any) -> bool:
    """Whether something holds many values, of which none is a generator."""
    kind = type(value)
    # The class is asked: objects may compute what they are asked for.
    return kind in (bytearray, memoryview) or hasattr(kind, "__dlpack__") or hasattr(kind, "__array__")


def is_long(value: Any) -> bool:
    return isinstance(value, (list, tuple, dict, set, frozenset, deque)) and len(value) > _ITEMS


def generators(*roots: Any) -> list[Any]:
    """The private generators of Python, NumPy and PyTorch among what can be reached."""
    shared = _global_generators()
    return [item for item in reachable(*roots) if _is_generator(item) and not any(item is known for known in shared)]


def capture(private: list[Any]) -> States:
    """The states of all global generators that are loaded, and of these private ones."""
    states: dict[str, Any] = {"python": random.getstate()}
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None:
        states["numpy"] = numpy.random.get_state()
    if torch is not None:
        states["torch"] = torch.random.get_rng_state()
        for name, device in _woken(torch):
            states[name] = device.get_rng_state_all()
        if _has_mps(torch):
            states["torch.mps"] = torch.mps.get_rng_state()
    return States(states, [_state(generator) for generator in private])


def restore(states: States, private: list[Any]) -> None:
    """Puts states back; private ones belong to the generators in the same places."""
    random.setstate(states.shared["python"])
    if "numpy" in states.shared:
        sys.modules["numpy"].random.set_state(states.shared["numpy"])
    if "torch" in states.shared:
        sys.modules["torch"].random.set_rng_state(states.shared["torch"])
        for name, device in _woken(sys.modules["torch"]):
            if name in states.shared:
                device.set_rng_state_all(states.shared[name])
    if "torch.mps" in states.shared:
        sys.modules["torch"].mps.set_rng_state(states.shared["torch.mps"])
    for generator, state in zip(private, states.private):
        _set_state(generator, state)


@contextlib.contextmanager
def preserved(*roots: Any) -> Iterator[None]:
    """Afterwards every generator, global or reachable from these objects, is as it was."""
    private = generators(*roots)
    states = capture(private)
    try:
        yield
    finally:
        restore(states, private)


def sow(seed: int) -> None:
    """Seeds the global generators of everything that is loaded. TensorFlow's is the one that nobody can put back."""
    random.seed(seed)
    numpy, torch, tensorflow = (sys.modules.get(name) for name in ("numpy", "torch", "tensorflow"))
    if numpy is not None:
        numpy.random.seed(seed)
    if torch is not None:
        sow_torch(torch, seed)
    if tensorflow is not None:
        tensorflow.random.set_seed(seed)


def sow_torch(torch: Any, seed: int) -> None:
    """Seeds PyTorch, but no device that nobody has used: that would wait there for the user's first use of it."""
    torch.default_generator.manual_seed(seed)
    for _, device in _woken(torch):
        device.manual_seed_all(seed)
    if _has_mps(torch):
        torch.mps.manual_seed(seed)


def sow_sleeping(torch: Any, seed: int) -> Iterator[Callable[[], None]]:
    """Seeds devices that nobody has used, for when somebody does; gives what puts back how they would have begun."""
    for kind in ("cuda", "xpu"):
        device = getattr(torch, kind, None)
        waiting = getattr(device, "_lazy_seed_tracker", None)
        if device is not None and waiting is not None and not device.is_initialized():
            yield functools.partial(_unsow, torch, device, waiting, copy.copy(waiting))
            device.manual_seed_all(seed)


def _unsow(torch: Any, device: Any, waiting: Any, before: Any) -> None:
    if not device.is_initialized():
        vars(waiting).update(vars(before))
        return
    # It was used meanwhile: the seeds that waited for that, or the one with which generators begin.
    device.manual_seed_all(torch.Generator().initial_seed())
    for call in filter(None, before.get_calls()):
        call[0]()


def _woken(torch: Any) -> Iterator[tuple[str, Any]]:
    """The kinds of devices that are in use."""
    for kind in ("cuda", "xpu"):
        device = getattr(torch, kind, None)
        if device is not None and device.is_available() and device.is_initialized():
            yield f"torch.{kind}", device


def _has_mps(torch: Any) -> bool:
    return hasattr(torch, "mps") and bool(torch.backends.mps.is_available())


def draw() -> None:
    """What a model does between two batches: it draws from the global generators."""
    random.random()
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None:
        numpy.random.random()
    if torch is not None:
        torch.rand(1)


def _inside(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return list(item.values()) if len(item) <= _ITEMS else []
    if isinstance(item, (list, tuple, set, frozenset, deque)):
        return list(item) if len(item) <= _ITEMS else []
    if isinstance(item, functools.partial):
        return [item.func, *item.args, *item.keywords.values()]
    if isinstance(item, types.MethodType):
        return [item.__self__, item.__func__]
    if isinstance(item, types.FunctionType):
        return _of_function(item)
    if isinstance(item, type):
        return []
    inside = list(getattr(item, "__dict__", {}).values())
    for kind in type(item).__mro__:
        if kind.__module__.partition(".")[0] not in _FOREIGN:
            for member in vars(kind).values():
                function = getattr(member, "fget", getattr(member, "__func__", member))
                inside.extend([function] if isinstance(function, types.FunctionType) else [])
                # What all objects of a class share.
                inside.extend([member] if _is_generator(member) else [])
    return inside


def _of_function(function: types.FunctionType) -> list[Any]:
    inside: list[Any] = list(function.__defaults__ or ())
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):
            inside.append(cell.cell_contents)
    named = (function.__globals__.get(name) for name in function.__code__.co_names)
    # Of a module's globals only generators count: everything else belongs to everybody.
    return inside + [value for value in named if _is_generator(value)]


def _is_generator(value: Any) -> bool:
    if isinstance(value, random.Random):
        return not isinstance(value, random.SystemRandom)
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None and isinstance(
        value, (numpy.random.Generator, numpy.random.RandomState, numpy.random.BitGenerator)
    ):
        return True
    return torch is not None and isinstance(value, torch.Generator)


def _global_generators() -> list[Any]:
    known: list[Any] = [getattr(random, "_inst", None)]
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None:
        known.append(getattr(numpy.random.mtrand, "_rand", None))
    if torch is not None:
        known.append(torch.default_generator)
    return known


def _state(generator: Any) -> Any:
    if isinstance(generator, random.Random):
        return generator.getstate()
    bits = getattr(generator, "bit_generator", generator)
    if hasattr(bits, "state"):
        return copy.deepcopy(bits.state)
    return generator.get_state()


def _set_state(generator: Any, state: Any) -> None:
    if isinstance(generator, random.Random):
        generator.setstate(state)
        return
    bits = getattr(generator, "bit_generator", generator)
    if hasattr(bits, "state"):
        bits.state = copy.deepcopy(state)
    else:
        generator.set_state(state)
