"""Trees of JAX: their leaves by path, and arrays as this process has them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

from .._tensors import is_tensor
from .facts import Known, digest, text

Path = tuple[str, ...]

# Keys of so many words are told as they are, and compare at a glance with the seed.
_SHORT = 4

# Types of less than a byte, of which no array lends its memory.
_NARROW = re.compile(r"u?int[24]|float[46]_.*")


def leaves(tree: Any, whole: Callable[[Any], bool] = lambda node: False) -> Iterator[tuple[Path, Any]]:
    """Leaves by path, with the variables of Flax as leaves, and whatever else is to be left `whole`."""
    import jax

    flat, _ = jax.tree_util.tree_flatten_with_path(tree, is_leaf=lambda node: is_variable(node) or whole(node))
    nnx = sys.modules.get("flax.nnx")
    for path, leaf in flat:
        words = tuple(_word(key) for key in path)
        if nnx is not None and isinstance(leaf, nnx.Module):
            # Modules are trees themselves since Flax 0.12 only.
            yield from ((words + inner, value) for inner, value in leaves(nnx.state(leaf), whole))
        else:
            yield words, leaf


def known(name: str, leaf: Any) -> Iterator[tuple[str, Known]]:
    """What is told of a leaf; nothing of functions and the like. What lies on devices is looked at now."""
    value = value_of(leaf)
    if is_key(value):
        yield name, of_random(value)
    elif _is_array(value):
        yield from ((f"{name}{part}", _narrowed(array)) for part, array in _here(value))
    elif is_tensor(value):
        yield name, value
    elif isinstance(value, (str, bool, int, float, complex)) or callable(getattr(value, "item", None)):
        yield name, text(value)


def of_random(leaf: Any) -> str:
    """The state of a generator: a key by its implementation and data, typed or raw, or a count."""
    import jax
    import numpy

    value = value_of(leaf)
    kind = "raw"
    if is_key(value):
        _demand(value)
        kind, value = str(jax.random.key_impl(value)), jax.random.key_data(value)
    words = numpy.concatenate([numpy.asarray(part).reshape(-1) for _, part in _here(value)])
    if words.dtype == numpy.uint32 and words.size <= _SHORT and (kind != "raw" or words.size > 1):
        return f"{kind} {' '.join(f'{word:08x}' for word in words)}"
    return text(words[0]) if words.size == 1 else f"{kind} {words.dtype} {value.shape}, {digest([words.tobytes()])}"


def is_key(value: Any) -> bool:
    """Whether this is a typed key, or an array of them."""
    import jax

    return _is_array(value) and bool(jax.numpy.issubdtype(value.dtype, jax.dtypes.prng_key))


def is_variable(node: Any) -> bool:
    """Whether this is a variable of Flax, whose type says what it is for."""
    if "flax.nnx" not in sys.modules:
        return False
    return any(kind.__name__ in ("Variable", "VariableState") for kind in type(node).__mro__)


def value_of(leaf: Any) -> Any:
    """What a variable of Flax holds; every other leaf itself."""
    if not is_variable(leaf):
        return leaf
    read = getattr(leaf, "get_value", None)
    return read() if callable(read) else leaf.value


def is_gone(leaf: Any) -> bool:
    """Whether the memory of a leaf was donated or deleted."""
    value = value_of(leaf)
    return _is_array(value) and bool(value.is_deleted())


def is_nothing(leaf: Any) -> bool:
    """Whether a leaf holds zeros only."""
    import numpy

    value = value_of(leaf)
    if is_key(value):
        return False
    return not any(bool(numpy.any(numpy.asarray(part))) for _, part in _here(value))


def _is_array(value: Any) -> bool:
    import jax

    return isinstance(value, jax.Array)


def _word(key: Any) -> str:
    """One step of a path, whichever kind of node it leads through."""
    for attribute in ("key", "idx", "name"):
        if hasattr(key, attribute):
            return str(getattr(key, attribute))
    return str(key)


def _here(array: Any) -> Iterator[tuple[str, Any]]:
    """What this process has of an array: the whole, or its shards."""
    import numpy

    if not _is_array(array):
        yield "", array
        return
    _demand(array)
    if array.is_fully_replicated:
        yield "", _near(array.addressable_data(0))
    elif array.is_fully_addressable:
        whole = numpy.empty(array.shape, array.dtype)
        for shard in array.addressable_shards:
            whole[shard.index] = numpy.asarray(shard.data)
        yield "", whole
    else:
        for place, shard in enumerate(array.addressable_shards):
            yield f".shard.{place}", _near(shard.data)


def _demand(array: Any) -> None:
    if array.is_deleted():
        raise ValueError("its memory was donated: tell of a batch and its state before the step takes them")


def _near(array: Any) -> Any:
    """An array of one device on this processor; one that lies there is lent, and not copied."""
    import numpy

    return array if all(device.platform == "cpu" for device in array.devices()) else numpy.asarray(array)


def _narrowed(array: Any) -> Known:
    import numpy

    if not _NARROW.fullmatch(str(array.dtype)):
        return array
    return f"{array.dtype} {array.shape}, {digest([numpy.asarray(array).tobytes()])}"
