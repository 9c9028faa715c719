"""`Trajectory` for loops with Accelerate: what a training does after each `save_state`, to verify that it resumes.

    trajectory = reproof.accelerate.Trajectory(accelerator, model, optimizer, scheduler=scheduler)
    for batch in trajectory.watch(loader):
        with accelerator.accumulate(model):
            ...
            trajectory.loss(loss)
            optimizer.step(); scheduler.step()
            done += accelerator.sync_gradients
            trajectory.step(done)
        if accelerator.sync_gradients and done % 1000 == 0:
            accelerator.save_state(folder)
            trajectory.saved(folder, step=done)

Everything else is as in `reproof.torch`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import torch
from ._checkpoints import CheckpointWarning
from ._trajectory.observer import STEPS

__all__ = ["CheckpointWarning", "Trajectory"]


class Trajectory(torch.Trajectory):
    """The `Trajectory` of `reproof.torch` for what `accelerator.prepare` gave; its scaler and casts are known.

    `step` may be called after each batch, as the optimizer's is: those in the middle of an accumulation do not count.
    """

    _TRAINER = "accelerate"

    def __init__(
        self,
        accelerator: Any,
        model: Any,
        optimizer: Any = None,
        *,
        scheduler: Any = None,
        ema: Any = None,
        loader: Any = None,
        generators: Mapping[str, Any] | None = None,
        inputs: Any = None,
        steps: int = STEPS,
        contract: bool | Mapping[str, Any] = True,
        seeds: Mapping[str, int] | None = None,
        notes: Mapping[str, str] | None = None,
        owner: str | None = None,
    ) -> None:
        self._accelerator = accelerator
        super().__init__(
            model,
            optimizer,
            scheduler=scheduler,
            scaler=accelerator.scaler,
            ema=ema,
            loader=loader,
            generators=generators,
            inputs=inputs,
            steps=steps,
            contract=contract,
            seeds=seeds,
            notes=notes,
            owner=owner,
            precision=str(accelerator.mixed_precision),
        )

    def step(self, step: int | None = None, loss: Any = None) -> None:
        if loss is not None:
            self.loss(loss)
        if self._accelerator.sync_gradients:
            super().step(step)
