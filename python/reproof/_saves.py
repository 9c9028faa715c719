"""Which of the times that a checkpoint was saved at a place is meant.

Trainers save `last.ckpt` again and again, some in the background: what is told of one time must not be taken for what
is told of the next.
"""

from __future__ import annotations

import math
import threading
import time

# Seconds that a checkpoint which is written in the background may take.
PATIENCE = 600.0


class Save:
    """One time that a checkpoint was saved."""

    def __init__(self, until: float) -> None:
        # Until when what is told of it waits for its contract, in the seconds of `time.monotonic`.
        self._until = until
        # Whether another was saved at the same place since.
        self.replaced = False

    @property
    def waits(self) -> bool:
        """Whether it is being written, or has no contract yet."""
        return time.monotonic() < self._until

    def written(self) -> None:
        """It is there, and has its turn to be recorded."""
        self._until = math.inf

    def over(self) -> None:
        """It was recorded, or never will be."""
        self._until = 0.0


class Saves:
    """What was saved at each place, and what is being written there in the background."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: dict[str, Save] = {}
        # In the order in which they are written.
        self._announced: dict[str, list[Save]] = {}

    def announce(self, place: str) -> None:
        """A checkpoint begins to be written in the background."""
        with self._lock:
            save = Save(time.monotonic() + PATIENCE)
            self._begin(place, save)
            self._announced.setdefault(place, []).append(save)

    def renounce(self, place: str) -> None:
        """The first that was announced will not come."""
        with self._lock:
            save = self._first(place)
            if save is not None:
                save.over()

    def complete(self, place: str) -> Save:
        """A checkpoint was saved: the first that was announced, or one that nobody announced."""
        with self._lock:
            save = self._first(place)
            if save is None:
                save = Save(math.inf)
                self._begin(place, save)
            save.written()
            return save

    def latest(self, place: str) -> Save | None:
        with self._lock:
            return self._latest.get(place)

    def _first(self, place: str) -> Save | None:
        """Takes the first that was announced; nothing if none was."""
        announced = self._announced.get(place)
        return announced.pop(0) if announced else None

    def _begin(self, place: str, save: Save) -> None:
        before = self._latest.get(place)
        if before is not None:
            before.replaced = True
        self._latest[place] = save
