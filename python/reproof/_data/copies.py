"""Fresh copies of a loader, each with the generators as they were, and what one iteration of such a copy gives."""

from __future__ import annotations

import contextlib
import copy
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..errors import UsageError
from .facts import Fact, differing, digest, facts, rows
from .randomness import capture, generators, is_array, is_long, reachable, restore, sow
from .wrapper import unwrapped

# Any number does: what is looked for is the same with all of them.
_SEED = 20_011

# Batches of an epoch whose indices are drawn to its end, which costs next to nothing; some samplers never end.
_DRAWN = 100_000


class Seen:
    """A sampler that remembers what it gave, or that gives the same again and again."""

    def __init__(self, sampler: Any, repeated: bool) -> None:
        self.given: list[Any] = []
        self._sampler = sampler
        self._repeated = repeated
        self._running: Iterator[Any] = iter(())

    def __iter__(self) -> Iterator[Any]:
        self._running = self._give()
        return self._running

    def following(self) -> Any:
        """What the next epoch begins with, or nothing if this one does not end."""
        drawn = sum(1 for _ in zip(range(_DRAWN), self._running))
        first = next(iter(self), None) if drawn < _DRAWN else None
        return list(first) if isinstance(first, list) else first

    def _give(self) -> Iterator[Any]:
        while self._repeated and self.given:
            # Those of the first epoch, so that epochs can be compared as well.
            yield self.given[0]
        for index in self._sampler:
            self.given.append(list(index) if isinstance(index, list) else index)
            yield index
            while self._repeated:
                yield index

    def __len__(self) -> int:
        return len(self._sampler)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._sampler, name)


@dataclass(frozen=True)
class Reading:
    """What one iteration gave."""

    batches: list[dict[str, Fact]]
    # Which samples each batch was made of, and the first of the next epoch; only where a sampler chooses them.
    indices: list[Any] | None
    following: Any
    # A digest for each sample.
    rows: list[str]


class Copies:
    """Makes copies of a loader, or of what a function gives."""

    def __init__(self, source: Any) -> None:
        self.isolated = True
        self._make: Callable[[], Any] | None = None
        if callable(source) and not hasattr(type(source), "__iter__"):
            self._make = source
            self._source = None
        else:
            if hasattr(type(source), "__next__"):
                raise UsageError(
                    f"a {type(source).__name__} can be iterated once, and the experiment iterates several times",
                    hint="give the loader that it comes from, or a function that makes one",
                )
            self._source = _core(source)
        self._private = generators(source)
        self._states = capture(self._private)
        self._shared = {} if self._make else {id(item): item for item in reachable(self._source) if _is_shared(item)}

    def fresh(self, workers: int | None = None) -> Any:
        """A copy with this number of workers; all generators are as at first, and the global ones are seeded."""
        restore(self._states, self._private)
        sow(_SEED)
        loader = _core(unwrapped(self._make())) if self._make else self._copy()
        if workers is not None and is_torch(loader):
            settings = vars(loader)
            settings["num_workers"] = workers
            settings["prefetch_factor"] = (settings.get("prefetch_factor") or 2) if workers else None
            settings["persistent_workers"] = bool(workers and settings.get("persistent_workers"))
            settings["timeout"] = settings.get("timeout", 0) if workers else 0
            settings["pin_memory"] = False
        return loader

    @property
    def generators(self) -> str:
        """The generators whose states count, in words."""
        kinds = Counter(type(generator).__module__.partition(".")[0] for generator in self._private)
        own = ", ".join(f"{number} of {kind}" for kind, number in sorted(kinds.items()))
        return ", ".join(self._states.shared) + (f"; the loader's own: {own}" if own else "")

    def _copy(self) -> Any:
        source = self._source
        # Arrays and long lists stay where they are: what is copied is what may change.
        memo = dict(self._shared)
        iterator = getattr(source, "_iterator", None)
        if iterator is not None:
            # Workers of the original are none of the copy's business.
            memo[id(iterator)] = iterator
        try:
            clone = copy.deepcopy(source, memo)
        except Exception:
            # Locks, open files and connections cannot be copied.
            self.isolated = False
            clone = copy.copy(source)
        if iterator is not None:
            vars(clone)["_iterator"] = None
        return clone


def is_torch(loader: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(loader, torch.utils.data.DataLoader)


def by_index(loader: Any) -> bool:
    """Whether a sampler in this process chooses the samples."""
    torch = sys.modules.get("torch")
    return is_torch(loader) and torch is not None and not isinstance(loader.dataset, torch.utils.data.IterableDataset)


def watch_sampler(loader: Any, *, repeated: bool = False) -> Seen:
    key = "batch_sampler" if loader.batch_sampler is not None else "sampler"
    seen = Seen(getattr(loader, key), repeated)
    # PyTorch refuses to have it set; this loader has no other user.
    vars(loader)[key] = seen
    return seen


@contextlib.contextmanager
def iterating(loader: Any) -> Iterator[Iterator[Any]]:
    """An iterator whose workers are gone afterwards."""
    iterator = iter(loader)
    try:
        yield iterator
    finally:
        close = getattr(iterator, "_shutdown_workers", getattr(iterator, "close", None))
        if callable(close):
            close()


def read(loader: Any, batches: int) -> Reading:
    """The first batches of an epoch."""
    seen = watch_sampler(loader) if by_index(loader) else None
    found, samples = [], []
    with iterating(loader) as iterator:
        for _, batch in zip(range(batches), iterator):
            found.append(facts(batch))
            if seen is None:
                # Where no sampler tells them apart, samples are known by what they hold.
                samples += rows(batch) or [digest(found[-1])]
    if seen is None:
        return Reading(found, None, None, samples)
    indices = seen.given[: len(found)]
    return Reading(found, indices, seen.following(), samples)


def first_difference(one: list[dict[str, Fact]], other: list[dict[str, Fact]], begin: int = 0) -> str | None:
    """Where two lists of batches differ first, in words; the first of them is number `begin` of its epoch."""
    for index, (left, right) in enumerate(zip(one, other)):
        names = differing(left, right)
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            count = sum(bool(differing(*pair)) for pair in zip(one, other))
            within = min(len(one), len(other))
            first = f"batch {begin + index} differs first, in {', '.join(names[:3])}{more}"
            return f"{first}; {count} of {within} batches differ"
    return None if len(one) == len(other) else f"{len(one)} batches against {len(other)}"


def _core(loader: Any) -> Any:
    """The loader of PyTorch inside one of Accelerate, which moves what the former delivers."""
    inner = getattr(loader, "__dict__", {}).get("base_dataloader")
    return loader if inner is None else _core(inner)


def _is_shared(item: Any) -> bool:
    return is_array(item) or is_long(item)
