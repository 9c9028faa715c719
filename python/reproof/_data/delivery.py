"""`fingerprint()`: a loader that tells what it delivers, and delivers the same as without."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from ..errors import UsageError
from .describe import describe
from .facts import Fact, digest, facts
from .workers import Worker, planned, worker_of
from .wrapper import Wrapper

# What an order begins with, so that nothing else has such a digest.
_ORDER = b"reproof.order/v0"


class DataWarning(UserWarning):
    """Something that watches the data failed, and does not watch any more."""


# Takes the index of a batch in its epoch, the batch, its worker if it came from one, and a function for its facts.
Callback = Callable[[int, Any, Worker | None, Callable[[], dict[str, Fact]]], object]


class Fingerprint(Wrapper):
    """A loader with an observer: it yields the same objects, and everything else is asked of the loader itself."""

    _OWN = frozenset({"_loader", "_ordered", "_callbacks", "_epoch", "_order", "_running"})

    def __init__(self, loader: Any, ordered: bool) -> None:
        self._loader = loader
        self._ordered = ordered
        self._callbacks: list[Callback] = []
        self._epoch = -1
        # Nothing where the current epoch is not followed.
        self._order = _beginning(ordered)
        self._running: Delivery | None = None

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Calls `callback(index, batch, worker, facts)` for each batch before it is delivered; gives what ends that.

        `facts()` computes the digest of everything in the batch when it is called, and nothing before. It is meant to
        be called within the callback: later the batch may have been changed in place.
        """
        self._callbacks.append(callback)

        def unsubscribe() -> None:
            with contextlib.suppress(ValueError):
                self._callbacks.remove(callback)

        return unsubscribe

    @property
    def epoch(self) -> int:
        """How often iterating has begun before the current time; -1 before the first."""
        return self._epoch

    def order(self) -> str:
        """A digest over everything that was delivered so far in this epoch, in its order.

        Every batch is read for it, so it is there only with `fingerprint(loader, ordered=True)`.
        """
        if self._order is None:
            raise UsageError(
                "the order of this epoch is not followed, because that reads every batch",
                hint="wrap it with fingerprint(loader, ordered=True)",
            )
        return f"sha256:{self._order.hexdigest()}"

    def describe(self, *, element: bool = True) -> dict[str, str]:
        """The identity and the schema of the data, as `describe(loader)` tells them."""
        return describe(self._loader, element=element)

    def __iter__(self) -> Iterator[Any]:
        # Lightning asks what is not PyTorch's own for an iterator that it throws away, which would draw a number.
        if sys._getframe(1).f_code.co_name == "_check_dataloader_iterable":
            return iter(())
        iterator = iter(self._loader)
        running = self._running
        if running is not None and not running.ended:
            # What is an iterator itself goes on where it was left.
            return running
        self._epoch += 1
        self._order = _beginning(self._ordered)
        delivery = Delivery(self, iterator, self._order)
        # Nothing else is held: workers end when the loop over their iterator does.
        self._running = delivery if iterator is self._loader else None
        return delivery

    def __reduce__(self) -> tuple[Any, ...]:
        # Who watches stays in this process.
        return _again, (self._loader, self._ordered)

    def __repr__(self) -> str:
        return f"fingerprint({self._loader!r})"


class _Iterator(Fingerprint):
    """A loader that is an iterator, such as a generator: it can be asked for the next one."""

    def __next__(self) -> Any:
        return next(iter(self))


class Delivery:
    """One iteration. It asks for a batch when it is asked for one, and holds none."""

    def __init__(self, owner: Fingerprint, source: Iterator[Any], order: hashlib._Hash | None) -> None:
        self.source = source
        self.ended = False
        self._order = order
        self._owner = owner
        self._index = 0

    def __iter__(self) -> Delivery:
        return self

    def __next__(self) -> Any:
        owner = self._owner
        order = self._order
        if not owner._callbacks and order is None:
            return self._plainly()
        before = planned(self.source)
        batch = self._plainly()
        index = self._index - 1
        known: list[dict[str, Fact]] = []

        def told() -> dict[str, Fact]:
            if not known:
                known.append(facts(batch))
            return known[0]

        if order is not None and not _survives(lambda: order.update(digest(told()).encode())):
            owner._order = self._order = None
        if owner._callbacks:
            worker = worker_of(owner._loader, self.source, index, before)
            for callback in list(owner._callbacks):
                if not _survives(functools.partial(callback, index, batch, worker, told)):
                    with contextlib.suppress(ValueError):
                        owner._callbacks.remove(callback)
        return batch

    def __len__(self) -> int:
        return len(self.source)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> Any:
        if name == "source" or (name.startswith("__") and name.endswith("__")):
            raise AttributeError(name)
        return getattr(self.source, name)

    def _plainly(self) -> Any:
        try:
            batch = next(self.source)
        except BaseException:
            self.ended = True
            raise
        self._index += 1
        return batch


def fingerprint(loader: Any, *, ordered: bool = False) -> Fingerprint:
    """The same loader, which tells what it delivers to those who subscribe.

        data = reproof.data.fingerprint(loader)
        data.subscribe(lambda index, batch, worker, facts: print(index, worker, facts()))
        for batch in data: ...

    Iterating it yields the same objects in the same order; no random number is drawn and nothing is fetched ahead.
    Batches are read only where somebody asks for their facts, or always with `ordered`, for `order()`. Wrap what the
    training loop iterates, which is what `accelerate` gives back and not what it takes.
    """
    if isinstance(loader, Fingerprint):
        # Those who subscribed go on; an epoch that has begun is not followed from its middle.
        loader._ordered = loader._ordered or ordered
        if loader._epoch < 0:
            loader._order = _beginning(loader._ordered)
        return loader
    if not hasattr(type(loader), "__iter__") and not hasattr(type(loader), "__getitem__"):
        raise UsageError(
            f"a {type(loader).__name__} cannot be iterated",
            hint="give a loader, a data set, or any iterable of batches",
        )
    return (_Iterator if hasattr(type(loader), "__next__") else Fingerprint)(loader, ordered)


def _again(loader: Any, ordered: bool) -> Fingerprint:
    return fingerprint(loader, ordered=ordered)


def _beginning(ordered: bool) -> hashlib._Hash | None:
    return hashlib.sha256(_ORDER) if ordered else None


def _survives(watch: Callable[[], object]) -> bool:
    """Training goes on, whatever becomes of who watches it."""
    try:
        watch()
    except Exception as error:
        what = f"the data is not watched any more: {type(error).__name__}: {error}"
        warnings.warn(what, DataWarning, stacklevel=3)
        return False
    return True
