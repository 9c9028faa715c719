"""`Trajectory` for loops with JAX: what a training does after each checkpoint, to verify that it resumes.

    with reproof.jax.Trajectory(evaluate=lambda state: model.apply(state.params, example)) as trajectory:
        for batch in batches:
            trajectory.batch(batch, state)
            state, loss = train_step(state, batch)
            step += 1
            trajectory.step(step, loss=loss, state=state)
            if step % 1000 == 0:
                manager.save(step, args=...)
                trajectory.saved(manager.directory / str(step), step=step, appears=True)

The contract of each checkpoint then has the steps that came after it, and `reproof verify CHECKPOINT --resume
"python train.py --resume {checkpoint}"` compares them with those of a training that resumes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from . import _checkpoints
from ._checkpoints import CheckpointWarning
from ._trajectory.functional import Functional
from ._trajectory.manual import Manual
from ._trajectory.observer import STEPS, Observer

__all__ = ["CheckpointWarning", "Trajectory"]


class Trajectory(Manual):
    """Records what a training does in the `steps` steps after each checkpoint, without changing a bit of it.

    The state that `batch` and `step` take is all that decides how training goes on: a dictionary, a TrainState, modules
    and optimizer of Flax NNX, any tree. What its parts are is found by their names: `params`, `batch_stats` or
    `model_state`, `opt_state` or `optimizer`, `ema`, `step`, `key`, `rng`, `rngs`; typed keys are found anywhere.
    Where yours are called otherwise, `parts` is a function from the state to its parts by stream: `parameters`,
    `buffers`, `optimizer`, `scheduler`, `ema` and `random`, each any tree. Keys that you keep apart from the state
    belong to the state that you tell, such as `{"train": state, "key": key}`.

    Random states of Python and NumPy are recorded too; give the `loader`, and generators of your own by name in
    `generators`. With `evaluate`, a function of the state that computes outputs, these are compared as well; it must
    not donate its argument.

    Nothing is donated or changed, and outside of the recorded steps no device is waited for. Within them, each step is
    waited for, and the state is read once at the beginning and once at the end. A state of JAX cannot be changed in
    place, so `reproof drill` has no piece that it could lose here.

    Each checkpoint gets a contract in the background too; `contract` may be a dictionary with the options of the
    contract (`cases`, `loader`, `adapter`, `trust`, `budget`), or False where you record one yourself.
    """

    def __init__(
        self,
        *,
        parts: Callable[[Any], Mapping[str, Any]] | None = None,
        steps: int = STEPS,
        loader: Any = None,
        generators: Mapping[str, Any] | None = None,
        evaluate: Callable[[Any], Any] | None = None,
        contract: bool | Mapping[str, Any] = True,
        seeds: Mapping[str, int] | None = None,
        notes: Mapping[str, str] | None = None,
        owner: str | None = None,
    ) -> None:
        options = dict(contract) if isinstance(contract, Mapping) else {}
        recorder = _checkpoints.Recorder(seeds=seeds, notes=notes, owner=owner, **options)
        observer = Observer(
            trainer="jax", steps=steps, contracts=recorder, contract=contract is not False, seeds=seeds
        )
        super().__init__(observer, recorder)
        self._subject = Functional(
            parts=parts, loader=loader, generators=dict(generators or {}), evaluate=evaluate
        )
        # As it was told: it may be a number that is still being computed.
        self._done: Any = None
        observer.watch(self._subject, started=False)

    def batch(self, batch: Any, state: Any) -> None:
        """Tells of a batch, and of the state that it meets, before the step takes them."""
        if self._observer.active:
            self._subject.tell(state)
            self._observer.arrived(batch)

    def step(self, step: int, *, state: Any, loss: Any = None) -> None:
        """Tells that `step` steps are done now, with the state and the loss that came of the last one.

        `loss` is any tree of numbers: a loss, or a dictionary with its parts and the norm of the gradients.
        """
        self._done = step
        if not self._observer.active:
            self._observer.stepped(step)
            return
        self._subject.tell(state, stepped=True)
        # Here is the learning rate as it was used.
        self._observer.stepping()
        self._observer.stepped(int(step), None if loss is None else [loss])
        if not self._observer.active:
            # What is held is not freed.
            self._subject.tell(None)

    def saved(self, path: str | os.PathLike[str], step: int | None = None, *, appears: bool = False) -> None:
        """Tells that a checkpoint is complete at `path`, or with `appears` will be there as soon as it is.

        Orbax writes beside and renames what is complete: its checkpoints appear. The steps that follow are recorded.
        """
        done = self._done if step is None else step
        self._observer.saved(path, None if done is None else int(done), appears=appears)

    def _close(self, *, whole: bool, leave: bool) -> None:
        super()._close(whole=whole, leave=leave)
        self._subject.tell(None)
