"""`ContractCallback` for `transformers.Trainer`: a contract for each checkpoint that it saves.

    trainer = Trainer(..., callbacks=[reproof.transformers.ContractCallback()])
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from transformers import TrainerCallback

from . import _checkpoints, _options
from ._checkpoints import CheckpointWarning

__all__ = ["CheckpointWarning", "ContractCallback"]


class ContractCallback(TrainerCallback):  # type: ignore[misc,unused-ignore]
    """Writes `checkpoint-N/reproof/` for each checkpoint, in the background.

    The contract covers every byte, weight and part, and where the checkpoint was saved. With `cases`, the path of
    inputs in a file, it covers outputs too: a fresh process loads the checkpoint and runs them.
    """

    def __init__(
        self,
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

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if not state.is_world_process_zero:
            return
        folder = os.path.join(args.output_dir, f"checkpoint-{state.global_step}")
        self.recorder.save(folder, step=state.global_step)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.recorder.wait()
