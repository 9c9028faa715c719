"""Facts: tensors by their digests and a few of their values, everything else as text."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .. import _reproof
from .._tensors import is_tensor, local

# What is written: an object with a digest, or a text.
Fact = dict[str, Any] | str
Facts = dict[str, Fact]
# What is known so far: a fact, or a tensor at which nobody has looked yet.
Known = Any
Streams = dict[str, dict[str, Known]]

# Bytes of tensors that are looked at in one go.
_TOGETHER = 256 << 20

# Texts in batches that are longer are told by their digest, so that documents stay small.
_LONGEST_TEXT = 80


def digest(parts: Iterable[bytes]) -> str:
    """A digest of anything that is no tensor, as text."""
    hashed = hashlib.blake2b(digest_size=16)
    for part in parts:
        hashed.update(part)
    return f"blake2b-128:{hashed.hexdigest()}"


def flags(told: Mapping[str, bool], what: str) -> str:
    """A number for people, and a digest for everything else."""
    lines = "\n".join(f"{name}={flag}" for name, flag in told.items())
    return f"{sum(told.values())} of {len(told)} {what}, {digest([lines.encode()])}"


def facts(known: Mapping[str, Known]) -> dict[str, Fact]:
    """Looks at the tensors, all in one go."""
    found: dict[str, Fact] = {}
    tensors: list[tuple[str, Any]] = []
    for name, value in known.items():
        if isinstance(value, (str, dict)):
            found[name] = value
        elif is_tensor(value):
            tensors.append((name, value))
        else:
            found[name] = text(value)
    for some in _divided(tensors):
        found.update(_facts_of_tensors(some))
    return found


def _divided(tensors: list[tuple[str, Any]]) -> Iterator[list[tuple[str, Any]]]:
    """Tensors in groups of which copies fit in memory: those of accelerators are copied to be looked at."""
    group: list[tuple[str, Any]] = []
    size = 0
    for pair in tensors:
        group.append(pair)
        size += int(getattr(pair[1], "nbytes", 0))
        if size >= _TOGETHER:
            yield group
            group, size = [], 0
    if group:
        yield group


def looked_at(streams: Streams) -> Streams:
    """The facts of each stream that has any."""
    return {stream: facts(known) for stream, known in streams.items() if known or stream == "gradients"}


def _facts_of_tensors(tensors: list[tuple[str, Any]]) -> dict[str, Fact]:
    try:
        found: dict[str, Fact] = json.loads(_reproof.tensor_facts([(name, local(tensor)) for name, tensor in tensors]))
        return found
    except Exception as error:
        if len(tensors) == 1:
            # One that lends no memory, such as a sparse one, says what it is.
            name, tensor = tensors[0]
            layout, shape = getattr(tensor, "layout", type(tensor).__name__), tuple(getattr(tensor, "shape", ()))
            return {name: f"unreadable {layout} {shape}: {type(error).__name__}"}
        # One of them is to blame; the others are told all the same.
        return {name: fact for pair in tensors for name, fact in _facts_of_tensors([pair]).items()}


def text(value: Any) -> str:
    """A number, flag or short value as text; floats in full."""
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "size", 1) in (1, ()):
        # Numbers of NumPy look like those of Python.
        value = item()
    return value if isinstance(value, str) else repr(value)


def leaves(name: str, value: Any) -> Iterator[tuple[str, Known]]:
    """Tensors and texts of something nested, by path; what can be called is left out."""
    if is_tensor(value) or value is None:
        yield name, value if value is not None else "None"
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(f"{name}.{key}" if name else str(key), item)
    elif isinstance(value, (list, tuple)):
        if len(value) > 8 and all(isinstance(item, (str, int, float, bool)) for item in value):
            yield name, f"{len(value)} values, {digest([repr(list(value)).encode()])}"
            return
        for index, item in enumerate(value):
            yield from leaves(f"{name}.{index}" if name else str(index), item)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from leaves(f"{name}.{field.name}" if name else field.name, getattr(value, field.name))
    elif isinstance(value, (str, bytes)):
        short = value if isinstance(value, str) else repr(value)
        data = value if isinstance(value, bytes) else value.encode(errors="surrogatepass")
        yield name, short if len(short) <= _LONGEST_TEXT else f"{len(value)} characters, {digest([data])}"
    elif isinstance(value, (bool, int, float, complex)) or callable(getattr(value, "item", None)):
        yield name, text(value)
    elif callable(getattr(value, "to_dict", None)):
        yield from leaves(name, value.to_dict())
    elif not callable(value):
        # Its address would differ in every process.
        yield name, f"unreadable {type(value).__name__}"
