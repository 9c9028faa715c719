"""Workers, or epochs, that all draw the same random numbers: the same augmentation again and again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .copies import Copies, iterating, watch_sampler
from .facts import Fact, differing, digest, facts
from .findings import Finding

# Times that every worker makes the same batch. The first few show whether anything is random; the others tell real
# likeness from chance, as of a picture that is mirrored or not.
_FEW, _MANY = 3, 8

_FIX = (
    "Give every worker a generator of its own: in worker_init_fn make it from torch.initial_seed(), which is another "
    "one in each worker and in each epoch, or draw from torch, random or numpy.random, which PyTorch seeds so."
)

# What one worker made, time after time.
_Made = list[dict[str, Fact]]


def sameness(copies: Copies, workers: int, own: int) -> tuple[list[Finding], list[tuple[str, str]]]:
    """Lets every worker make the same batch several times, in two epochs: only random numbers make a difference.

    With fewer workers of its `own` the loader may be right as it is; then the findings are warnings.
    """
    loader = copies.fresh(workers)
    watch_sampler(loader, repeated=True)
    with iterating(loader) as iterator:
        first = _rounds(iterator, workers)
        # Workers that persist serve the next epoch, and go with the iterator that they share.
        if loader.persistent_workers:
            second = _rounds(iter(loader), workers)
    if not loader.persistent_workers:
        with iterating(loader) as iterator:
            second = _rounds(iterator, workers)
    experiment = f"the same samples in each of {workers} workers"
    names = sorted({name for made in first[0][1:] for name in differing(first[0][0], made)})
    if not names:
        return [], [(experiment, "no random numbers are drawn for them")]
    what = ", ".join(names[:3])
    found, outcomes = [], []
    alike = [worker for worker in range(1, workers) if _alike(first[0], first[worker])]
    if alike:
        which = f"workers {', '.join(map(str, [0, *alike]))}"
        seen = f"{which} make the same {what} of the same samples, {len(first[0])} times, each time another"
        sentence = f"With {workers} workers, they draw the same random numbers as each other."
        found.append(_finding("duplicate-augmentation", own > 1, sentence, seen))
        outcomes.append(f"{which} draw the same random numbers")
    if _alike(first[0], second[0]):
        seen = f"worker 0 makes the same {what} of the same samples in the second epoch as in the first"
        sentence = "With workers, every epoch draws the same random numbers as the one before."
        found.append(_finding("repeated-augmentation", own > 0, sentence, seen))
        outcomes.append("each epoch draws the same random numbers")
    return found, [(experiment, "; ".join(outcomes) or "different random numbers in each worker and epoch")]


def _rounds(iterator: Iterator[Any], workers: int) -> list[_Made]:
    made: list[_Made] = [[] for _ in range(workers)]
    for index, batch in zip(range(workers * _MANY), iterator):
        made[index % workers].append(facts(batch))
        if index + 1 == workers * _FEW and not any(_alike(made[0], other) for other in made[1:]):
            break
    return made


def _alike(one: _Made, other: _Made) -> bool:
    times = min(len(one), len(other))
    return times > 0 and all(digest(one[time]) == digest(other[time]) for time in range(times))


def _finding(name: str, wrong: bool, sentence: str, seen: str) -> Finding:
    return Finding(name, "wrong" if wrong else "caution", sentence, (seen,), _FIX)
