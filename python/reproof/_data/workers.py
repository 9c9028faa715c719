"""Which process made a batch, as PyTorch's loader has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Worker:
    """The process that made a batch."""

    id: int
    # That of its Python and PyTorch generators when it started; nothing where the loader does not tell.
    seed: int | None


def planned(source: Any) -> dict[int, int]:
    """Which worker is to make which batch, as far as the iterator has decided."""
    tasks = getattr(source, "_task_info", None)
    return {index: task[0] for index, task in tasks.items()} if isinstance(tasks, dict) else {}


def worker_of(loader: Any, source: Any, index: int, before: dict[int, int]) -> Worker | None:
    """The worker that made the batch which was just delivered, given what was planned before."""
    workers = getattr(loader, "num_workers", 0)
    if not isinstance(workers, int) or workers < 1:
        return None
    if not getattr(loader, "in_order", True):
        # It delivers what is there first, and keeps no note of who made it.
        return None
    received = getattr(source, "_rcvd_idx", None)
    # Workers that have no more data are passed over, so that counting alone would go wrong.
    number = before.get(received - 1, index % workers) if isinstance(received, int) else index % workers
    seed = getattr(source, "_base_seed", None)
    return Worker(number, seed + number if isinstance(seed, int) else None)
