"""`check()`: an experiment on a loader before training, which shows what would not come again and why."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ..errors import UsageError
from .copies import Copies, Reading, by_index, first_difference, is_torch, read
from .facts import digest
from .findings import Finding, Findings
from .randomness import preserved
from .resuming import resuming
from .sameness import sameness
from .wrapper import unwrapped


def check(loader: Any, *, batches: int = 8, workers: Sequence[int] = (0, 1, 2)) -> Findings:
    """Iterates fresh copies of a loader under the same seeds and reports, with evidence, what does not come again.

        print(reproof.data.check(loader))

    Meant for the time before training, never during it: it reads the first batches a dozen times. The loader itself is
    not iterated, and every generator of random numbers is put back. A function that makes the loader may be given
    instead of one. What is looked for: randomness that no seed controls; order or content that depends on the number of
    workers; whether the states of the generators at a checkpoint or those at the start of its epoch bring the
    remaining batches back; workers, or epochs, that all draw the same random numbers.
    """
    if batches < 1 or any(count < 0 for count in workers):
        raise UsageError("a number of batches below 1, or of workers below 0")
    loader = unwrapped(loader)
    with preserved(loader), warnings.catch_warnings():
        # The numbers of workers are the experiment's choice, and warnings about them nobody's concern.
        warnings.simplefilter("ignore")
        return _Experiment(Copies(loader), batches, workers).run()


class _Experiment:
    def __init__(self, copies: Copies, batches: int, workers: Sequence[int]) -> None:
        self.copies = copies
        self.batches = batches
        first = copies.fresh()
        self.parallel = is_torch(first)
        self.by_index = by_index(first)
        # What the loader itself has comes first, and is what others are compared with.
        own = first.num_workers if self.parallel else None
        self.in_order = bool(getattr(first, "in_order", True))
        self.counts: list[int | None] = [own]
        if self.parallel:
            self.counts += [count for count in dict.fromkeys(workers) if count != own]
        self.readings: dict[int | None, Reading] = {}
        self.found: list[Finding] = []
        self.checked: list[tuple[str, str]] = []

    def run(self) -> Findings:
        moved = self._repeated()
        self._across_workers(moved)
        own = self.counts[0]
        if own in moved:
            self.checked.append(("states at a checkpoint", "not decided: the same seeds give different batches"))
        else:
            self._add(*resuming(self.copies, self.batches, own))
        several = [count for count in self.counts if count is not None and count > 1]
        if self.by_index and several:
            self._add(*sameness(self.copies, several[0], own or 0))
        self.checked.append(("generators", self.copies.generators))
        if not self.copies.isolated:
            self.checked.append(("fresh copies", "the data set cannot be copied: all iterations shared its attributes"))
        return Findings(tuple(self.found), tuple(self.checked))

    def _add(self, found: list[Finding], checked: list[tuple[str, str]]) -> None:
        self.found += found
        self.checked += checked

    def _repeated(self) -> dict[int | None, str]:
        """The numbers of workers with which the same seeds give different batches, with what differs."""
        moved: dict[int | None, str] = {}
        evidence = []
        for count in self.counts:
            first = read(self.copies.fresh(count), self.batches)
            again = read(self.copies.fresh(count), self.batches)
            if not first.batches:
                raise UsageError("the loader delivers nothing", hint="give one that has at least one batch")
            self.readings[count] = first
            kind, seen = _compared(first, again)
            outcome = "the same batches" if seen is None else f"different {kind}: {seen}"
            self.checked.append((f"same seeds twice{_with(count)}", outcome))
            if seen is not None:
                moved[count] = kind
                evidence.append(f"two iterations with the same seeds{_with(count)}: {kind} differs: {seen}")
        if not self.in_order:
            evidence.append("in_order=False: batches are delivered as they become ready")
        if evidence:
            self.found.append(_uncontrolled(moved, self.counts, evidence, self.in_order))
        return moved

    def _across_workers(self, moved: dict[int | None, str]) -> None:
        own, *others = self.counts
        base = self.readings[own]
        evidence, doubled = [], False
        for count in others:
            reading = self.readings[count]
            experiment = f"{_number(own)} against {_number(count)}"
            if base.indices is not None and base.indices != reading.indices and not _order_moved(moved, own, count):
                evidence.append(f"{experiment}: order differs: {_first_index(base.indices, reading.indices or [])}")
            elif own in moved or count in moved:
                self.checked.append((experiment, "not decided: the same seeds give different batches"))
                continue
            else:
                kind, seen = _compared(base, reading)
                if seen is not None:
                    evidence.append(f"{experiment}: {kind} differs: {seen}")
            if base.following != reading.following and not _order_moved(moved, own, count):
                evidence.append(f"{experiment}: the order of the next epoch differs")
            doubled = doubled or _doubled(base, reading) or _doubled(reading, base)
            seen_here = [line.partition(": ")[2] for line in evidence if line.startswith(f"{experiment}: ")]
            self.checked.append((experiment, "; ".join(seen_here) or "the same batches"))
        if doubled:
            self.found.append(_duplicated(tuple(evidence), (own or 0) > 1))
        elif evidence:
            self.found.append(_depends(tuple(evidence)))


def _compared(one: Reading, other: Reading) -> tuple[str, str | None]:
    """What differs between two readings, `order` or `content` or what cannot be told apart, and where."""
    seen = first_difference(one.batches, other.batches)
    if one.indices is not None and one.indices != other.indices:
        return "order", _first_index(one.indices, other.indices or [])
    if seen is None:
        return "content", None
    if Counter(map(digest, one.batches)) == Counter(map(digest, other.batches)):
        return "order", f"{seen}; the batches are the same"
    if one.indices is not None:
        return "content", seen
    if Counter(one.rows) == Counter(other.rows):
        return "order", f"{seen}; the samples are the same"
    # Other samples may have come because of another order, beyond the batches that were read.
    common = sum((Counter(one.rows) & Counter(other.rows)).values())
    kind = "content" if common == 0 else "order or content"
    return kind, f"{seen}; {common} of {len(one.rows)} samples are among both"


def _doubled(one: Reading, other: Reading) -> bool:
    """Whether the other reading gives samples twice that the one gives once."""
    if one.indices is not None or one.rows == other.rows:
        return False
    once, twice = Counter(one.rows), Counter(other.rows)
    common = [row for row in twice if row in once]
    return bool(common) and all(once[row] == 1 for row in common) and any(twice[row] > 1 for row in common)


def _first_index(one: list[Any], other: list[Any]) -> str:
    for index, (left, right) in enumerate(zip(one, other)):
        if left != right:
            return f"batch {index} is made of samples {_few(left)} and of {_few(right)}"
    return f"{len(one)} batches against {len(other)}"


def _few(indices: Any) -> str:
    return str(indices) if not isinstance(indices, list) or len(indices) <= 4 else f"{str(indices[:4])[:-1]}, …]"


def _order_moved(moved: dict[int | None, str], *counts: int | None) -> bool:
    return any(moved.get(count) == "order" for count in counts)


def _number(count: int | None) -> str:
    return "1 worker" if count == 1 else f"{count} workers"


def _with(count: int | None) -> str:
    return "" if count is None else f", {_number(count)}"


def _uncontrolled(
    moved: dict[int | None, str], counts: list[int | None], evidence: list[str], in_order: bool
) -> Finding:
    kinds = " and ".join(dict.fromkeys(moved.values())) or "order"
    if moved and in_order and 0 in counts and 0 not in moved:
        return Finding(
            "unseeded-workers",
            "wrong" if counts[0] in moved else "caution",
            f"Workers draw random numbers that no seed of this process controls: {kinds} differs from run to run.",
            tuple(evidence),
            "In worker_init_fn take seeds from torch.initial_seed(), which comes from the seed of the loader; not from "
            "the time, the process id or the operating system.",
        )
    return Finding(
        "uncontrolled-randomness",
        "wrong",
        f"There is a source of randomness that no seed controls: {kinds} differs from run to run.",
        tuple(evidence),
        "Draw from random, numpy.random, torch or generators that are seeded and kept; not from os.urandom, secrets, "
        "uuid, the time, generators made without a seed, or what is ready first.",
    )


def _depends(evidence: tuple[str, ...]) -> Finding:
    return Finding(
        "depends-on-workers",
        "caution",
        "What is delivered depends on the number of workers: a run resumed with another number trains on other data.",
        evidence,
        "Resume with the same number of workers, or make the random numbers of a sample from the seed, the epoch and "
        "the index of the sample alone.",
    )


def _duplicated(evidence: tuple[str, ...], wrong: bool) -> Finding:
    return Finding(
        "duplicate-data",
        "wrong" if wrong else "caution",
        "Several workers deliver the same samples: each of them goes through all of the data.",
        evidence,
        "In __iter__ of the data set take every n-th sample: torch.utils.data.get_worker_info() tells id and "
        "num_workers.",
    )
