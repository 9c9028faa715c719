"""Which states of the generators bring the remaining batches of an epoch back: those of its start, or later ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .copies import Copies, first_difference, iterating
from .facts import Fact, facts
from .findings import Finding
from .randomness import States, capture, draw, generators, restore

# Which states are put back: before iterating and, with the last, again after skipping what was done.
_AT_CHECKPOINT = "of the checkpoint"
_AT_START = "of the start of the epoch"
_BOTH = "of the start, then of the checkpoint"

_SAME = "the remaining batches are the same"

_FIXES = {
    _AT_START: "Keep the states of the generators from the start of the epoch, before iter(loader); when resuming put "
    "them back, iterate, and skip the batches that were done by fetching them.",
    _BOTH: "Keep two states: from the start of the epoch, before iter(loader), and from the checkpoint. When resuming "
    "put the first back, iterate and skip the batches that were done by fetching them; then put the second back.",
    "": "Keep what the data set goes by in generators that can be saved, or in a state_dict() of the loader, such as "
    "that of torchdata's StatefulDataLoader.",
}


def resuming(copies: Copies, batches: int, workers: int | None) -> tuple[list[Finding], list[tuple[str, str]]]:
    """Trains for a while, so to say, and resumes in every way that there is."""
    run = _Run(copies, batches, workers)
    if not run.rest:
        return [], [("states at a checkpoint", "not tried: there are fewer than two batches")]
    checked = []
    if run.own is not None:
        seen = run.by_itself()
        checked.append(("resumed by the loader's state_dict()", seen or _SAME))
        if seen is None:
            return [], checked
    ways: dict[str, str | None] = {}
    tried = ((_AT_CHECKPOINT, run.saved, None), (_AT_START, run.start, None), (_BOTH, run.start, run.saved))
    for way, first, second in tried:
        ways[way] = run.again(first, second)
        checked.append((f"resumed by states {way}", ways[way] or _SAME))
        if ways[way] is None:
            break
    if ways[_AT_CHECKPOINT] is None:
        return [], checked
    working = next((way for way, seen in ways.items() if seen is None), "")
    only = "nothing does"
    if working:
        only = f"those {working} do" if working == _AT_START else "both together do, one after the other"
    after = f"after {run.done} of {run.done + len(run.rest)} batches, states"
    evidence = [f"{after} {way}: {seen or _SAME}" for way, seen in ways.items()]
    finding = Finding(
        "generator-moment",
        "caution" if working else "wrong",
        f"The states of the generators at a checkpoint do not bring the remaining batches of its epoch back; {only}.",
        tuple(evidence),
        _FIXES[working],
    )
    return [finding], checked


class _Run:
    """A run that was interrupted by nothing, and what was saved on its way."""

    def __init__(self, copies: Copies, batches: int, workers: int | None) -> None:
        self._copies, self._workers = copies, workers
        loader = copies.fresh(workers)
        private = generators(loader)
        self.start = capture(private)
        self.own: Any = None
        passed: list[tuple[dict[str, Fact], States, Any]] = []
        with iterating(loader) as iterator:
            for found in _trained(iterator, batches):
                passed.append((found, capture(private), _own_state(loader)))
        # In the middle, so that what is skipped and what remains both have several batches.
        self.done = len(passed) // 2
        self.rest = [found for found, _, _ in passed[self.done :]] if self.done else []
        if self.rest:
            _, self.saved, self.own = passed[self.done - 1]

    def again(self, first: States, second: States | None) -> str | None:
        """What differs if a fresh loader goes on with these states: before iterating, and after skipping."""
        loader = self._copies.fresh(self._workers)
        private = generators(loader)
        restore(first, private)
        with iterating(loader) as iterator:
            for _ in zip(range(self.done), iterator):
                pass
            if second is not None:
                restore(second, private)
            return self._remaining(iterator)

    def by_itself(self) -> str | None:
        loader = self._copies.fresh(self._workers)
        restore(self.saved, generators(loader))
        loader.load_state_dict(self.own)
        with iterating(loader) as iterator:
            return self._remaining(iterator)

    def _remaining(self, iterator: Iterator[Any]) -> str | None:
        return first_difference(self.rest, list(_trained(iterator, len(self.rest))), self.done)


def _trained(iterator: Iterator[Any], batches: int) -> Iterator[dict[str, Fact]]:
    """The facts of batches, after a model has drawn its random numbers for each of them."""
    for _, batch in zip(range(batches), iterator):
        found = facts(batch)
        draw()
        yield found


def _own_state(loader: Any) -> Any:
    if not hasattr(loader, "state_dict") or not hasattr(loader, "load_state_dict"):
        return None
    try:
        return loader.state_dict()
    except Exception:
        return None
