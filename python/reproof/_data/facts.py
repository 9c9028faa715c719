"""What a batch holds, as facts by name: tensors by their digests, everything else as text."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import json
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

from .. import _reproof
from .._options import plain
from .._tensors import is_tensor

# The form in which trajectories keep a fact: a tensor's `dtype`, `shape`, `digest` and `samples`, or a text.
Fact = dict[str, Any] | str

# Where objects of unknown types are not followed further.
_DEPTH = 8

_SCALARS = (str, bytes, bool, int, float, complex, type(None))


def facts(batch: Any) -> dict[str, Fact]:
    """The facts of everything in a batch, by its place: `image`, `[1]`, `text.input_ids`.

    Texts are kept by their digests, because they may be nobody's business.
    """
    tensors: list[tuple[str, Any]] = []
    found: dict[str, Fact] = {}
    for name, value in _unique(_leaves("", batch, _DEPTH)):
        if is_tensor(value):
            tensors.append((name, value))
        else:
            found[name] = value
    try:
        found.update(_of_tensors([(name, plain(value)) for name, value in tensors]))
    except Exception:
        # One of them lends no memory. Which one is found out, and what it holds in another way.
        for name, value in tensors:
            found[name] = _of_one(name, value)
    return dict(sorted(found.items()))


def digest(found: Mapping[str, Fact]) -> str:
    """One digest over the facts of a batch."""
    essence = {name: _essence(fact) for name, fact in found.items()}
    return sha256(json.dumps(essence, sort_keys=True))


def rows(batch: Any) -> list[str] | None:
    """A digest for each sample of a batch, or nothing where no first dim is common to all that it holds."""
    leaves = [(name, plain(value)) for name, value in _leaves("", batch, _DEPTH) if is_tensor(value)]
    shapes = [tuple(getattr(value, "shape", ())) for _, value in leaves]
    if not leaves or not all(shapes) or len({shape[0] for shape in shapes}) != 1:
        return None
    return [digest(facts({name: value[index] for name, value in leaves})) for index in range(int(shapes[0][0]))]


def sha256(text: str | bytes) -> str:
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def differing(one: Mapping[str, Fact], other: Mapping[str, Fact]) -> list[str]:
    """The names whose facts are not the same, in order."""
    names = sorted({*one, *other})
    return [name for name in names if _essence(one.get(name)) != _essence(other.get(name))]


def _essence(fact: Fact | None) -> Any:
    return (fact["dtype"], fact["shape"], fact["digest"]) if isinstance(fact, dict) else fact


def _of_tensors(tensors: list[tuple[str, Any]]) -> dict[str, Fact]:
    found: dict[str, Fact] = json.loads(_reproof.tensor_facts(tensors))
    return found


def _of_one(name: str, value: Any) -> Fact:
    try:
        tensor = plain(value)
        if str(getattr(tensor, "layout", "torch.strided")) != "torch.strided":
            tensor = tensor.to_dense()
        return _of_tensors([(name, tensor)])[name]
    except Exception:
        return _through_numpy(name, value)


def _through_numpy(name: str, value: Any) -> Fact:
    """What NumPy can read of pictures, times, texts and whatever else calls itself an array."""
    try:
        array = importlib.import_module("numpy").asarray(value)
        if array.dtype.kind in "mM":
            array = array.view("i8")
        if array.dtype.kind in "biufc":
            return _of_tensors([(name, array.astype(array.dtype.newbyteorder("="), copy=False))])[name]
        return f"{array.dtype} {list(array.shape)} {sha256(repr(array.tolist()))}"
    except Exception:
        return f"a {type(value).__name__} that cannot be read"


def _unique(leaves: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Two entries may spell their places alike; both are kept."""
    taken: set[str] = set()
    for name, value in leaves:
        while name in taken:
            name += "'"
        taken.add(name)
        yield name or "batch", value


def _leaves(name: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """Tensors as they are, everything else as its text."""
    if isinstance(value, _SCALARS):
        yield name, _text(value)
    elif is_tensor(value):
        yield name, value
    elif depth == 0:
        yield name, f"a {type(value).__name__}"
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(f"{name}.{key}" if name else str(key), item, depth - 1)
    elif isinstance(value, (list, tuple)):
        if value and all(isinstance(item, _SCALARS) for item in value):
            yield name, f"{len(value)} values {sha256(repr(list(value)))}"
        else:
            for index, item in enumerate(value):
                yield from _leaves(f"{name}[{index}]", item, depth - 1)
    elif isinstance(value, Set):
        yield name, f"{len(value)} values {sha256(repr(sorted(map(repr, value))))}"
    else:
        yield from _of_object(name, value, depth)


def _of_object(name: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    columns = getattr(value, "column_names", getattr(value, "columns", None))
    if columns is not None and hasattr(value, "__getitem__"):
        # Tables of Arrow and pandas.
        for column in columns:
            yield from _leaves(f"{name}.{column}" if name else str(column), value[column], depth - 1)
    elif hasattr(value, "__array__"):
        yield name, _through_numpy(name, value)
    else:
        entries = _entries(value)
        if not entries:
            yield name, f"a {type(value).__name__}"
        for key, item in entries.items():
            yield from _leaves(f"{name}.{key}" if name else key, item, depth - 1)


def _entries(value: Any) -> dict[str, Any]:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return {} if isinstance(value, type) or callable(value) else dict(getattr(value, "__dict__", {}))


def _text(value: Any) -> str:
    return sha256(value) if isinstance(value, (str, bytes)) else repr(value)
