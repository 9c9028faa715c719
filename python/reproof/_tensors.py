"""Live tensors, wherever they are: in a module, a state dict, a tree."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from . import _reproof
from ._documents import Document
from ._options import plain
from .errors import UsageError


def is_tensor(value: object) -> bool:
    return hasattr(value, "__array_interface__") or hasattr(value, "__dlpack__")


def is_live(artifact: object) -> bool:
    """Whether something is in memory, rather than the path of a file."""
    return not isinstance(artifact, (str, os.PathLike))


def named(source: Any, *, lenient: bool = False) -> list[tuple[str, Any]]:
    """The tensors of a module, state dict, tensor or tree by name, ready to be looked at.

    What holds no tensors is a usage error, or passed over if `lenient`.
    """
    state_dict = getattr(source, "state_dict", None)
    if callable(state_dict):
        source = state_dict()
    if is_tensor(source):
        return [("", local(source))]
    return [(name, local(value)) for name, value in _leaves("", source, lenient)]


def local(tensor: Any) -> Any:
    """What this process has of a tensor, without gradients and on this processor."""
    to_local = getattr(tensor, "to_local", None)
    return plain(to_local() if callable(to_local) else tensor)


def _leaves(name: str, value: Any, lenient: bool) -> Iterator[tuple[str, Any]]:
    if is_tensor(value):
        yield name, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(f"{name}.{key}" if name else str(key), item, lenient)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _leaves(f"{name}[{index}]", item, lenient)
    elif not lenient and value is not None and not isinstance(value, (str, bytes, int, float, bool)):
        raise UsageError(
            f"{name or 'this'} is a {type(value).__name__}, which holds no tensors that can be looked at",
            hint="give a module, a state dict, a tensor, or dictionaries and lists of tensors",
        )


def digest_live(source: Any) -> Document:
    """The digests of live tensors, computed where they lie."""
    import json

    tensors = named(source)
    if not tensors:
        raise UsageError(f"a {type(source).__name__} without tensors", hint="give a module or a state dict")
    digests, weights, values = _reproof.digest_tensors(tensors)
    entries = [{"name": name, "digest": digest} for name, digest in digests]
    return Document(json.dumps({"weights_digest": weights, "values_digest": values, "tensors": entries}))
