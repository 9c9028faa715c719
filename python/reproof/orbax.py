"""A hook for Orbax: a contract for each step that a `CheckpointManager` saves.

    hook = reproof.orbax.ContractHook(manager)
    for step in range(steps):
        ...
        if manager.save(step, args=...):
            hook.saved(step)
    hook.wait()
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from . import _checkpoints, _options
from ._checkpoints import CheckpointWarning

__all__ = ["CheckpointWarning", "ContractHook"]


class ContractHook:
    """Writes `STEP/reproof/` into each step's folder once Orbax has finished it, in the background.

    The contract covers every byte, and where the step was saved. With `cases`, the path of inputs in a file, and a
    `loader`, it covers outputs too: a fresh process restores the step and runs them.
    """

    def __init__(
        self,
        manager: Any,
        *,
        cases: _options.Path | None = None,
        loader: _options.Loader | None = None,
        adapter: str | None = None,
        trust: bool = False,
        budget: float | None = None,
        seeds: Mapping[str, int] | None = None,
        notes: Mapping[str, str] | None = None,
        owner: str | None = None,
    ) -> None:
        self.directory = os.fspath(manager.directory)
        self.recorder = _checkpoints.Recorder(
            cases=cases,
            loader=loader,
            adapter=adapter,
            trust=trust,
            budget=budget,
            seeds=seeds,
            notes=notes,
            owner=owner,
        )

    def saved(self, step: int) -> None:
        """Says that a step is saved, or on its way: Orbax writes beside and renames what is complete."""
        self.recorder.save(os.path.join(self.directory, str(step)), appears=True, step=step)

    def wait(self) -> None:
        """Waits until every contract is complete, and warns of those that are not."""
        self.recorder.wait()
