"""`ContractCallback` for `transformers.Trainer`: a contract for each checkpoint that it saves.

    trainer = Trainer(..., callbacks=[reproof.transformers.ContractCallback(trajectory=8)])

With `trajectory`, the contract has the steps that came after the checkpoint too, and `reproof verify CHECKPOINT
--resume "python train.py --resume {checkpoint}"` compares them with those of a training that resumes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from transformers import TrainerCallback

from . import _checkpoints, _options
from ._checkpoints import CheckpointWarning
from ._trajectory.hooks import Hooks
from ._trajectory.observer import Observer
from ._trajectory.subject import Subject

__all__ = ["CheckpointWarning", "ContractCallback"]


class ContractCallback(TrainerCallback):  # type: ignore[misc,unused-ignore]
    """Writes `checkpoint-N/reproof/` for each checkpoint, in the background.

    The contract covers every byte, weight and part, and where the checkpoint was saved. With `cases`, the path of
    inputs in a file, it covers outputs too: a fresh process loads the checkpoint and runs them.

    With `trajectory`, a number of steps, it covers how training goes on: what the trainer does in so many steps after
    each checkpoint is recorded, without changing a bit of it. For that give `inputs`, on which the model is compared in
    evaluation, your averaged weights as `ema` and generators of random numbers of your own in `generators`, if any.
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

        self._told = {"inputs": inputs, "ema": ema, "generators": dict(generators or {})}
        self._observer: Observer | None = None
        if trajectory is not None:
            hooks = Hooks(before_pass=self._passing, after_pass=self._passed)
            self._observer = Observer(
                trainer="transformers", steps=trajectory, contracts=self.recorder, seeds=seeds, hooks=hooks
            )

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self._observer is None:
            return
        optimizer, scheduler = kwargs.get("optimizer"), kwargs.get("lr_scheduler")
        subject = Subject(
            kwargs["model"],
            optimizers=[] if optimizer is None else [optimizer],
            schedulers=[] if scheduler is None else [scheduler],
            # Nobody else tells of it here.
            scaler=getattr(optimizer, "scaler", None),
            loader=kwargs.get("train_dataloader"),
            precision="bf16" if args.bf16 else "fp16" if args.fp16 else "no",
            **self._told,
        )
        self._observer.context.update(_context(args))
        self._observer.watch(subject, started=state.global_step == 0)

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self._observer is not None:
            self._observer.stepping()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self._observer is not None:
            self._observer.stepped(state.global_step)
        self._spare(control)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._spare(control)

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if not state.is_world_process_zero:
            return
        folder = os.path.join(args.output_dir, f"checkpoint-{state.global_step}")
        if self._observer is not None:
            self._observer.saved(folder, state.global_step)
        else:
            self.recorder.save(folder, step=state.global_step)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self._observer is not None:
            self._observer.finish(planned=True)
        self.recorder.wait()

    def _spare(self, control: Any) -> None:
        """A process that verifies writes no checkpoints, and removes none of those that are there."""
        if self._observer is not None and self._observer.resuming:
            control.should_save = False

    def _passing(self, given: Any) -> None:
        if self._observer is not None:
            self._observer.arrived(given)
            self._observer.computing()

    def _passed(self, output: Any) -> None:
        if self._observer is not None:
            loss = output.get("loss") if isinstance(output, Mapping) else getattr(output, "loss", None)
            self._observer.lost(loss)


def _context(args: Any) -> dict[str, str]:
    """What the arguments of the trainer tell."""
    told = {
        "seeds.trainer": args.seed,
        "seeds.data": args.data_seed,
        "regularisation.label-smoothing": args.label_smoothing_factor or None,
        "regularisation.gradient-clipping": args.max_grad_norm or None,
    }
    return {name: str(value) for name, value in told.items() if value is not None}
