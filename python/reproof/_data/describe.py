"""`describe()`: which data a loader gives, in what form and in which order, as texts by name."""

from __future__ import annotations

import contextlib
import copy
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from .facts import Fact, facts, sha256
from .randomness import preserved
from .wording import code, cut, name, settings, shared
from .wrapper import unwrapped

# How deep data sets that hold data sets are followed.
_DEPTH = 4

# Where data sets keep what they were made from, and which part of it they are.
_REFERENCES = ("root", "path", "paths", "file", "filename", "files", "folder", "directory", "data_dir", "data_files",
    "url", "urls", "repo_id", "cache_files")  # fmt: skip
_IDENTITIES = ("builder_name", "config_name", "split", "version")
_TRANSFORMS = ("transform", "transforms", "target_transform")
_SHUFFLING = ("RandomSampler", "SubsetRandomSampler", "WeightedRandomSampler", "SeedableRandomSampler")


def describe(loader: Any, *, element: bool = True) -> dict[str, str]:
    """The schema and the identity of a loader's data: its types, length, columns, transforms, order and sources.

    With `element` the first element of a data set that has one by index is read for its form. It is read from a
    shallow copy, and every generator of random numbers is put back. Paths and URLs lose home folders and credentials.
    """
    loader = unwrapped(loader)
    told = dict(_loading(loader))
    dataset = getattr(loader, "dataset", None)
    told.update(_dataset("dataset", loader if dataset is None else dataset, element, _DEPTH))
    return {key: cut(shared(text)) for key, text in sorted(told.items())}


def _loading(loader: Any) -> Iterator[tuple[str, str]]:
    yield "loader", name(loader)
    for key in ("batch_size", "drop_last", "num_workers", "persistent_workers", "prefetch_factor", "in_order"):
        value = _attribute(loader, key)
        if isinstance(value, (int, str)):
            yield f"loader.{key}", str(value)
    for key in ("collate_fn", "worker_init_fn"):
        function = _attribute(loader, key)
        if function is not None:
            yield f"loader.{key}", name(function)
            yield f"loader.{key}.digest", code(function)
    yield from _sampling(loader)


def _sampling(loader: Any) -> Iterator[tuple[str, str]]:
    batches = _attribute(loader, "batch_sampler")
    sampler = _first(_attribute(batches, "sampler"), _attribute(loader, "sampler"), batches)
    if sampler is None:
        return
    if batches is not None and batches is not sampler:
        yield "loader.batch_sampler", name(batches)
        if _attribute(loader, "batch_size") is None and isinstance(size := _attribute(batches, "batch_size"), int):
            yield "loader.batch_size", str(size)
    yield "sampler", name(sampler)
    yield "sampler.shuffles", _shuffles(sampler)
    for key in ("seed", "num_replicas", "rank", "replacement"):
        value = _attribute(sampler, key)
        if isinstance(value, int):
            yield f"sampler.{key}", str(value)
    generator = _first(_attribute(loader, "generator"), _attribute(sampler, "generator"))
    if generator is None:
        yield "generator", "global"
    else:
        yield "generator", name(generator)
        with contextlib.suppress(Exception):
            yield "generator.seed_digest", sha256(str(generator.initial_seed()))


def _shuffles(sampler: Any) -> str:
    kinds = {kind.__name__ for kind in type(sampler).__mro__}
    if kinds.intersection(_SHUFFLING):
        return "yes"
    told = _attribute(sampler, "shuffle")
    if isinstance(told, bool):
        return "yes" if told else "no"
    return "no" if "SequentialSampler" in kinds else "unknown"


def _dataset(place: str, dataset: Any, element: bool, depth: int) -> Iterator[tuple[str, str]]:
    yield place, name(dataset)
    length = _quietly(lambda: len(dataset))
    if isinstance(length, int):
        yield f"{place}.length", str(length)
    schema = dict(_schema(place, dataset))
    yield from schema.items()
    for key in (*_IDENTITIES, "_fingerprint"):
        value = _attribute(dataset, key)
        if value is not None and not callable(value):
            yield f"{place}.{key.strip('_')}", str(value)
    for key in _REFERENCES:
        references = _references(_attribute(dataset, key))
        if references:
            yield f"{place}.{key}", references
    for key in _TRANSFORMS:
        transform = _attribute(dataset, key)
        # Some data sets have methods of this name, which are no transforms.
        if transform is not None and not inspect.ismethod(transform):
            yield f"{place}.{key}", settings(transform)
            yield f"{place}.{key}.digest", code(transform)
    indices = _attribute(dataset, "indices")
    # Arrays of them are the same subset as lists.
    indices = _quietly(indices.tolist) if hasattr(indices, "tolist") else indices
    if isinstance(indices, Sequence) and not isinstance(indices, str):
        yield f"{place}.indices", f"{len(indices)} {sha256(repr(list(indices)))}"
    inner = dict(_inner(place, dataset))
    if depth:
        for nested, part in inner.items():
            yield from _dataset(nested, part, False, depth - 1)
    if element and not schema:
        yield from _element(place, dataset)


def _inner(place: str, dataset: Any) -> Iterator[tuple[str, Any]]:
    part, parts = _attribute(dataset, "dataset"), _attribute(dataset, "datasets")
    if part is not None and part is not dataset and not isinstance(part, str):
        yield f"{place}.dataset", part
    if isinstance(parts, (list, tuple)):
        for index, item in enumerate(parts):
            yield f"{place}.datasets[{index}]", item


def _schema(place: str, dataset: Any) -> Iterator[tuple[str, str]]:
    """The schema that a data set tells by itself: that of Hugging Face, Arrow, tf.data or pandas."""
    features = _attribute(dataset, "features")
    if isinstance(features, Mapping):
        yield f"{place}.columns", ", ".join(f"{column}: {kind!r}" for column, kind in features.items())
    schema = _first(_attribute(dataset, "schema"), _attribute(_attribute(dataset, "data"), "schema"))
    if schema is not None and hasattr(schema, "names") and hasattr(schema, "field"):
        # Arrow, with Parquet's metadata, which has the schema of pandas or of the writer.
        columns = (f"{field.name}: {field.type}{'' if field.nullable else ' not null'}" for field in schema)
        yield f"{place}.schema", ", ".join(columns)
        metadata = _attribute(schema, "metadata") or {}
        if metadata:
            names = ", ".join(sorted(key.decode("utf-8", "replace") for key in metadata))
            yield f"{place}.schema.metadata", f"{names} {sha256(repr(sorted(metadata.items())))}"
    specification = _attribute(dataset, "element_spec")
    if specification is not None:
        yield f"{place}.element", settings(specification)
    columns, dtypes = _attribute(dataset, "columns"), _attribute(dataset, "dtypes")
    if columns is not None and dtypes is not None:
        pairs = _quietly(lambda: ", ".join(f"{column}: {kind}" for column, kind in zip(columns, dtypes)))
        if pairs:
            yield f"{place}.columns", pairs


def _element(place: str, dataset: Any) -> Iterator[tuple[str, str]]:
    if not _has_elements(dataset):
        return
    try:
        with preserved(dataset):
            found = facts(_copy(dataset)[0])
    except Exception as error:
        yield f"{place}.element", f"could not be read: {type(error).__name__}"
        return
    for key, fact in found.items():
        yield f"{place}.element.{key}", _form(fact)


def _has_elements(dataset: Any) -> bool:
    """Whether there are elements by index; what can only be iterated may not be there a second time."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(dataset, torch.utils.data.IterableDataset):
        return False
    if isinstance(dataset, (str, bytes, Mapping)) or not hasattr(type(dataset), "__getitem__"):
        return False
    return bool(_quietly(lambda: len(dataset)))


def _copy(dataset: Any) -> Any:
    """What is counted or opened while an element is read is not left in the data set of the training."""
    if isinstance(dataset, (list, tuple)) or hasattr(type(dataset), "__del__"):
        # What tidies up when it goes would close the files of the original.
        return dataset
    try:
        return copy.copy(dataset)
    except Exception:
        return dataset


def _form(fact: Fact) -> str:
    if isinstance(fact, dict):
        return f"{fact['dtype']} {fact['shape']}"
    # The content of the first element is nobody's business.
    return "text" if fact.startswith("sha256:") else fact.partition(" sha256:")[0] if "sha256:" in fact else "a value"


def _references(value: Any) -> str | None:
    if isinstance(value, Mapping):
        value = list(value.values())
    items = value if isinstance(value, (list, tuple)) else [value]
    if len(items) > 1_000:
        return f"{len(items)} entries"
    paths = []
    for item in items:
        if isinstance(item, Mapping):
            item = item.get("filename")
        if isinstance(item, (str, os.PathLike)):
            paths.append(str(os.fspath(item)))
    more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
    return ", ".join(paths[:5]) + more if paths else None


def _first(*values: Any) -> Any:
    """The first that is there; it may be empty, or not know its length."""
    return next((value for value in values if value is not None), None)


def _attribute(item: Any, key: str) -> Any:
    return _quietly(lambda: getattr(item, key, None))


def _quietly(ask: Callable[[], Any]) -> Any:
    """What cannot be told is left out: a description is no reason to stop."""
    try:
        return ask()
    except Exception:
        return None
