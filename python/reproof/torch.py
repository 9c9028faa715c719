"""`Trajectory` for loops written by hand: what a training does after each checkpoint, to verify that it resumes.

    with reproof.torch.Trajectory(model, optimizer, scheduler=scheduler, inputs=example) as trajectory:
        for batch in trajectory.watch(loader):
            loss = criterion(model(batch.x), batch.y)
            ...
            optimizer.step(); scheduler.step()
            trajectory.step(step, loss=loss)
            if step % 1000 == 0:
                torch.save(..., path)
                trajectory.saved(path, step=step)

The contract of each checkpoint then has the steps that came after it, and `reproof verify CHECKPOINT --resume
"python train.py --resume {checkpoint}"` compares them with those of a training that resumes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from . import _checkpoints
from ._checkpoints import CheckpointWarning
from ._trajectory.facts import leaves
from ._trajectory.hooks import Hooks
from ._trajectory.manual import Manual
from ._trajectory.observer import STEPS, Observer
from ._trajectory.subject import Subject
from .errors import UsageError

__all__ = ["CheckpointWarning", "Trajectory"]


class Trajectory(Manual):
    """Records what a training does in the `steps` steps after each checkpoint, without changing a bit of it.

    `model` may be wrapped for several processes or compiled. Give all that decides how training goes on: `optimizer`
    and `scheduler` (one or a list), `scaler`, `ema` (a module, a mapping of tensors, or a function that gives one),
    the `loader`, and every generator of random numbers of your own by name in `generators`. With `inputs`, which the
    model takes, its outputs in evaluation are compared as well; a function of the model may compute them instead.

    Each checkpoint gets a contract in the background too; `contract` may be a dictionary with the options of the
    contract (`cases`, `loader`, `adapter`, `trust`, `budget`), or False where you record one yourself.
    """

    _TRAINER = "torch"

    def __init__(
        self,
        model: Any,
        optimizer: Any = None,
        *,
        scheduler: Any = None,
        scaler: Any = None,
        ema: Any = None,
        loader: Any = None,
        generators: Mapping[str, Any] | None = None,
        inputs: Any = None,
        steps: int = STEPS,
        contract: bool | Mapping[str, Any] = True,
        seeds: Mapping[str, int] | None = None,
        notes: Mapping[str, str] | None = None,
        owner: str | None = None,
        precision: str | None = None,
    ) -> None:
        if not hasattr(model, "named_parameters"):
            raise UsageError(f"a model that is a {type(model).__name__}", hint="give the module that is trained")
        self._subject = Subject(
            model,
            optimizers=_several(optimizer),
            schedulers=_several(scheduler),
            scaler=scaler,
            ema=ema,
            loader=loader,
            generators=dict(generators or {}),
            inputs=inputs,
            precision=precision,
        )
        options = dict(contract) if isinstance(contract, Mapping) else {}
        recorder = _checkpoints.Recorder(seeds=seeds, notes=notes, owner=owner, **options)
        hooks = Hooks(before_pass=self._passing, after_pass=self._passed, before_step=self._stepping)
        observer = Observer(
            trainer=self._TRAINER,
            steps=steps,
            contracts=recorder,
            contract=contract is not False,
            seeds=seeds,
            hooks=hooks,
        )
        super().__init__(observer, recorder)
        # Whether batches are told, and need not be guessed from what the model is given.
        self._told = False
        self._delivered: list[tuple[Any, Any]] = []
        self._subscribed: list[Any] = []
        self._unsubscribe: list[Callable[[], None]] = []
        self._subscribe(loader)
        self._observer.watch(self._subject)

    def watch(self, loader: Any) -> Watched:
        """The loader, to be iterated instead; each batch is told as it comes, and those that you skip are forgotten."""
        self._told = True
        self._subscribe(loader)
        if self._subject.loader is None:
            self._subject.loader = loader
        return Watched(loader, self._come)

    def batch(self, batch: Any) -> None:
        """Tells of a batch that is used now, before anything is computed with it; `watch` does the same for loaders."""
        self._told = True
        self._observer.arrived(batch, worker=self._worker(batch))

    def loss(self, loss: Any) -> None:
        """Tells the loss of a batch, where gradients of several are accumulated before a step."""
        self._observer.lost(loss)

    def step(self, step: int | None = None, loss: Any = None) -> None:
        """Tells that the optimizer and the schedule have made a step, and `step` are done.

        `loss` is that of the last batch, or a list of those of all batches of the step.
        """
        self._observer.stepped(step, loss)

    def saved(self, path: str | os.PathLike[str], step: int | None = None) -> None:
        """Tells that a checkpoint is complete at `path`; the steps after it are recorded."""
        self._observer.saved(path, step)

    def _close(self, *, whole: bool, leave: bool) -> None:
        # Loaders live longer than this.
        while self._unsubscribe:
            self._unsubscribe.pop()()
        super()._close(whole=whole, leave=leave)

    def _come(self, batch: Any) -> None:
        self._observer.arrived(batch, worker=self._worker(batch), certain=False)

    def _passing(self, given: Any) -> None:
        if not self._told:
            self._observer.arrived(given)
        self._observer.computing()

    def _passed(self, output: Any) -> None:
        loss = output.get("loss") if isinstance(output, Mapping) else getattr(output, "loss", None)
        self._observer.lost(loss)

    def _stepping(self) -> None:
        self._observer.stepping()

    def _subscribe(self, loader: Any) -> None:
        """Loaders of `reproof.data` say which of their processes made a batch."""
        subscribe: Callable[..., Callable[[], None]] | None = getattr(loader, "subscribe", None)
        if subscribe is not None and all(loader is not other for other in self._subscribed):
            self._subscribed.append(loader)
            self._unsubscribe.append(subscribe(self._deliver))

    def _deliver(self, index: int, batch: Any, worker: Any, facts: Any) -> None:
        if worker is not None and self._observer.active:
            # Some loaders are ahead of what they give.
            self._delivered = [*self._delivered[-3:], (_first(batch), worker)]

    def _worker(self, batch: Any) -> str | None:
        """Which process of the loader made a batch, as far as it was told."""
        if not self._delivered:
            return None
        first = _first(batch)
        found = next((worker for delivered, worker in self._delivered if delivered is first), None)
        if not self._observer.active:
            self._delivered = []
        return None if found is None else str(found.id)


class Watched:
    """A loader whose batches are told before they are given; in everything else it is the loader."""

    def __init__(self, loader: Any, tell: Callable[[Any], None]) -> None:
        self._loader = loader
        self._tell = tell

    def __iter__(self) -> Iterator[Any]:
        # Now, and not with the first batch: this draws random numbers in some loaders.
        return map(self._given, iter(self._loader))

    def __len__(self) -> int:
        return len(self._loader)

    def __getattr__(self, name: str) -> Any:
        # Asked for before it is there, when this is copied.
        if name == "_loader":
            raise AttributeError(name)
        return getattr(self._loader, name)

    def _given(self, batch: Any) -> Any:
        self._tell(batch)
        return batch


def _first(batch: Any) -> Any:
    """The first thing in a batch, which stays the same where batches are put together anew."""
    return next((leaf for _, leaf in leaves("", batch)), batch)


def _several(one_or_more: Any) -> list[Any]:
    if one_or_more is None:
        return []
    return list(one_or_more) if isinstance(one_or_more, (list, tuple)) else [one_or_more]
