"""`ContractCallback` for Lightning: a contract for each checkpoint that the trainer saves.

    trainer = lightning.Trainer(..., callbacks=[reproof.lightning.ContractCallback()])
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lightning.pytorch import Callback
from lightning.pytorch.plugins.io import AsyncCheckpointIO, CheckpointIO

from . import _checkpoints, _options
from ._checkpoints import CheckpointWarning

__all__ = ["CheckpointWarning", "ContractCallback"]


class _Watching(CheckpointIO):  # type: ignore[misc,unused-ignore]
    """Saves as before, then has the finished file recorded; Lightning has no hook after a checkpoint is written."""

    def __init__(self, inner: Any, recorder: _checkpoints.Recorder) -> None:
        self.inner = inner
        self.recorder = recorder

    def save_checkpoint(self, checkpoint: Any, path: Any, storage_options: Any = None) -> None:
        self.inner.save_checkpoint(checkpoint, path, storage_options=storage_options)
        self.recorder.save(path, step=checkpoint.get("global_step", "unknown"))

    def load_checkpoint(self, *arguments: Any, **options: Any) -> Any:
        return self.inner.load_checkpoint(*arguments, **options)

    def remove_checkpoint(self, path: Any) -> None:
        self.inner.remove_checkpoint(path)
        self.recorder.forget(path)

    def teardown(self) -> None:
        self.inner.teardown()

    def __getattr__(self, name: str) -> Any:
        # Asked for before it is there, when this is copied.
        if name == "inner":
            raise AttributeError(name)
        return getattr(self.inner, name)


class ContractCallback(Callback):  # type: ignore[misc,unused-ignore]
    """Writes `NAME.ckpt.reproof/` beside each checkpoint, in the background; it goes when the checkpoint goes.

    The contract covers every byte, weight and part, and where the checkpoint was saved. With `cases`, the path of
    inputs in a file, and `loader`, it covers outputs too: a fresh process loads the checkpoint and runs them.
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

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        if not trainer.is_global_zero:
            return
        watched = trainer.strategy.checkpoint_io
        if isinstance(watched, AsyncCheckpointIO):
            # It returns before the file is there; what it wraps does not. There is no public way to exchange that.
            if not isinstance(watched.checkpoint_io, _Watching):
                watched._checkpoint_io = _Watching(watched.checkpoint_io, self.recorder)
        elif not isinstance(watched, _Watching):
            trainer.strategy.checkpoint_io = _Watching(watched, self.recorder)

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        watched = trainer.strategy.checkpoint_io
        if isinstance(watched, _Watching):
            trainer.strategy.checkpoint_io = watched.inner
        elif isinstance(watched, AsyncCheckpointIO) and isinstance(watched.checkpoint_io, _Watching):
            watched._checkpoint_io = watched.checkpoint_io.inner
        self.recorder.wait()
