"""Generators of random numbers: the digests of their states, and how to leave them as they were."""

from __future__ import annotations

import contextlib
import functools
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .facts import digest


# Numbers in a row of which nobody asks what each is: the words of a state.
_MANY = 64


def states(named: Mapping[str, Any]) -> dict[str, str]:
    """The digest of the state of each generator: those of the process, and those with names."""
    found = {name: digest(_bytes(read())) for name, read, _ in _of_the_process()}
    for name, generator in named.items():
        pair = _reading(generator)
        if pair is not None:
            found[name] = digest(_bytes(pair[0]()))
    return found


@contextlib.contextmanager
def preserved(named: Mapping[str, Any]) -> Iterator[None]:
    """Whatever is drawn meanwhile was never drawn."""
    pairs = [(read, write) for _, read, write in _of_the_process()]
    pairs += [pair for generator in named.values() if (pair := _reading(generator)) is not None]
    before = [(write, read()) for read, write in pairs]
    try:
        yield
    finally:
        for write, state in before:
            write(state)


def named(own: Mapping[str, Any], loader: Any) -> dict[str, Any]:
    """Generators of the user and of the loader, by name."""
    found = dict(own)
    for name, holder in _with_generators(loader):
        generator = getattr(holder, "generator", None)
        if generator is not None and all(generator is not other for other in found.values()):
            found[name] = generator
    return found


def _with_generators(loader: Any) -> list[tuple[str, Any]]:
    """The loader and its samplers, each of which may draw from a generator of its own."""
    sampler = getattr(loader, "sampler", None)
    batches = getattr(loader, "batch_sampler", None)
    return [
        ("loader", loader),
        ("loader.sampler", sampler),
        ("loader.batch-sampler", batches),
        ("loader.batch-sampler.sampler", getattr(batches, "sampler", None)),
    ]


def _of_the_process() -> Iterator[tuple[str, Callable[[], Any], Callable[[Any], Any]]]:
    yield "python", random.getstate, random.setstate
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        yield "numpy", lambda: numpy.random.get_state(legacy=False), numpy.random.set_state
    torch = sys.modules.get("torch")
    if torch is None:
        return
    yield "torch", torch.random.get_rng_state, torch.random.set_rng_state
    for kind in ("cuda", "xpu"):
        device = getattr(torch, kind, None)
        # One that nobody has used is not woken for this.
        if device is None or not device.is_available() or not device.is_initialized():
            continue
        for index in range(device.device_count()):
            name = f"torch.{kind}.{index}"
            yield name, functools.partial(device.get_rng_state, index), functools.partial(_write, device, index)


def _write(device: Any, index: int, state: Any) -> None:
    device.set_rng_state(state, index)


def _reading(generator: Any) -> tuple[Callable[[], Any], Callable[[Any], Any]] | None:
    """How the state of a generator is read and written, whichever library it is from."""
    if hasattr(generator, "bit_generator"):
        bits = generator.bit_generator
        return lambda: bits.state, lambda state: setattr(bits, "state", state)
    for read, write in (("get_state", "set_state"), ("getstate", "setstate")):
        if hasattr(generator, read) and hasattr(generator, write):
            return getattr(generator, read), getattr(generator, write)
    return None


def _bytes(state: Any) -> Iterator[bytes]:
    """The bytes of a state, whose form is that of its library."""
    if hasattr(state, "numpy"):
        yield state.cpu().numpy().tobytes()
    elif hasattr(state, "tobytes"):
        yield state.tobytes()
    elif isinstance(state, Mapping):
        for key in sorted(state):
            yield f"{key}:".encode()
            yield from _bytes(state[key])
    elif isinstance(state, (list, tuple)) and len(state) < _MANY:
        for item in state:
            yield from _bytes(item)
            yield b","
    else:
        yield repr(state).encode()
