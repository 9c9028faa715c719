"""`ContractCallback` for Lightning: a contract for each checkpoint that the trainer saves.

    trainer = lightning.Trainer(..., callbacks=[reproof.lightning.ContractCallback(trajectory=8)])

With `trajectory`, the contract has the steps that came after the checkpoint too, and `reproof verify CHECKPOINT
--resume "python train.py --resume {checkpoint}"` compares them with those of a training that resumes.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from typing import Any

from lightning.pytorch import Callback
from lightning.pytorch.plugins.io import AsyncCheckpointIO, CheckpointIO

from . import _checkpoints, _options
from ._checkpoints import CheckpointWarning
from ._trajectory.observer import Observer
from ._trajectory.subject import Subject

__all__ = ["CheckpointWarning", "ContractCallback"]


class _Wrapping(CheckpointIO):  # type: ignore[misc,unused-ignore]
    """Stands for what saves checkpoints."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def save_checkpoint(self, checkpoint: Any, path: Any, storage_options: Any = None) -> None:
        self.inner.save_checkpoint(checkpoint, path, storage_options=storage_options)

    def load_checkpoint(self, *arguments: Any, **options: Any) -> Any:
        return self.inner.load_checkpoint(*arguments, **options)

    def remove_checkpoint(self, path: Any) -> None:
        self.inner.remove_checkpoint(path)

    def teardown(self) -> None:
        self.inner.teardown()

    def __getattr__(self, name: str) -> Any:
        # Asked for before it is there, when this is copied.
        if name == "inner":
            raise AttributeError(name)
        return getattr(self.inner, name)


class _Watching(_Wrapping):
    """Saves as before, then has the finished file recorded; Lightning has no hook after a checkpoint is written."""

    def __init__(self, inner: Any, recorder: _checkpoints.Recorder, observer: Observer | None) -> None:
        super().__init__(inner)
        self.recorder = recorder
        # Nobody where it is told by others, as checkpoints are written in the background.
        self.observer = observer

    def save_checkpoint(self, checkpoint: Any, path: Any, storage_options: Any = None) -> None:
        try:
            super().save_checkpoint(checkpoint, path, storage_options=storage_options)
        except BaseException:
            self.recorder.renounce(path)
            raise
        self.recorder.save(path, step=checkpoint.get("global_step", "unknown"))
        if self.observer is not None:
            self.observer.recorded_from(path, checkpoint.get("global_step"))

    def remove_checkpoint(self, path: Any) -> None:
        self.recorder.forget(path)
        super().remove_checkpoint(path)


class _Idle(_Wrapping):
    """What a process that verifies saves with: it writes no checkpoints, and removes none of those that are there."""

    def save_checkpoint(self, checkpoint: Any, path: Any, storage_options: Any = None) -> None:
        pass

    def remove_checkpoint(self, path: Any) -> None:
        pass


class ContractCallback(Callback):  # type: ignore[misc,unused-ignore]
    """Writes `NAME.ckpt.reproof/` beside each checkpoint, in the background; it goes when the checkpoint goes.

    The contract covers every byte, weight and part, and where the checkpoint was saved. With `cases`, the path of
    inputs in a file, and `loader`, it covers outputs too: a fresh process loads the checkpoint and runs them.

    With `trajectory`, a number of steps, it covers how training goes on: what the trainer does in so many steps after
    each checkpoint is recorded, without changing a bit of it. For that give `inputs`, on which the module is compared
    in evaluation (or a function of the module that computes outputs), your averaged weights as `ema` unless a
    `WeightAveraging` of Lightning keeps them, and generators of random numbers of your own in `generators`, if any.
    Callbacks that put back random states come before it.
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
        trajectory: int | None = None,
        inputs: Any = None,
        ema: Any = None,
        generators: Mapping[str, Any] | None = None,
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

        self._told = {"inputs": inputs, "generators": dict(generators or {})}
        self._ema = ema
        self._done = 0
        self._observer: Observer | None = None
        if trajectory is not None:
            self._observer = Observer(trainer="lightning", steps=trajectory, contracts=self.recorder, seeds=seeds)

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        if not trainer.is_global_zero:
            return
        watched = trainer.strategy.checkpoint_io
        if self._observer is not None and self._observer.resuming:
            if not isinstance(watched, _Idle):
                trainer.strategy.checkpoint_io = _Idle(watched)
        elif isinstance(watched, AsyncCheckpointIO):
            # It returns before the file is there; what it wraps does not. There is no public way to exchange that.
            if not isinstance(watched.checkpoint_io, _Watching):
                watched._checkpoint_io = _Watching(watched.checkpoint_io, self.recorder, None)
                if self._observer is not None:
                    # Training goes on from here, and not from when the file is there.
                    watched.save_checkpoint = functools.partial(self._begin, self._observer, watched.save_checkpoint)
        elif not isinstance(watched, _Watching):
            trainer.strategy.checkpoint_io = _Watching(watched, self.recorder, self._observer)

    def _begin(self, observer: Observer, save: Any, checkpoint: Any, path: Any, storage_options: Any = None) -> None:
        self.recorder.announce(path)
        observer.recorded_from(path, checkpoint.get("global_step"))
        save(checkpoint, path, storage_options=storage_options)

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        if self._observer is None:
            return
        subject = Subject(
            pl_module,
            optimizers=trainer.optimizers,
            schedulers=[configuration.scheduler for configuration in trainer.lr_scheduler_configs],
            scaler=getattr(trainer.precision_plugin, "scaler", None),
            ema=self._ema if self._ema is not None else _averaged(trainer),
            loader=trainer.train_dataloader,
            precision=str(trainer.precision),
            **self._told,
        )
        self._observer.context.update(_context(trainer))
        self._observer.watch(subject, started=trainer.global_step == 0)
        self._done = trainer.global_step

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if self._observer is not None:
            self._observer.arrived(batch)

    def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        if self._observer is not None:
            self._observer.stepping()

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if self._observer is None:
            return
        self._observer.lost(outputs.get("loss") if isinstance(outputs, Mapping) else outputs)
        if trainer.global_step > self._done:
            self._done = trainer.global_step
            self._observer.stepped(self._done)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        if self._observer is not None:
            self._observer.finish(planned=True)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        if self._observer is not None:
            self._observer.finish(whole=False, leave=False)

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        watched = trainer.strategy.checkpoint_io
        if isinstance(watched, (_Watching, _Idle)):
            trainer.strategy.checkpoint_io = watched.inner
        elif isinstance(watched, AsyncCheckpointIO) and isinstance(watched.checkpoint_io, _Watching):
            # What is still being written is told to us.
            watched.teardown()
            watched._checkpoint_io = watched.checkpoint_io.inner
            vars(watched).pop("save_checkpoint", None)
        self.recorder.wait()


def _averaged(trainer: Any) -> Any:
    """The averaged weights that a callback of Lightning keeps, if any."""
    # Those that average keep it here, and show it nowhere else.
    kept = (getattr(callback, "_average_model", None) for callback in trainer.callbacks)
    return next((model for model in kept if model is not None), None)


def _context(trainer: Any) -> dict[str, str]:
    """What the trainer and the environment tell."""
    told = {
        "seeds.lightning": os.environ.get("PL_GLOBAL_SEED"),
        "regularisation.gradient-clipping": trainer.gradient_clip_val,
    }
    return {name: str(value) for name, value in told.items() if value is not None}
