"""`ContractCallback` for Keras: a contract for each file that `ModelCheckpoint` saves.

    contracts = reproof.keras.ContractCallback("epoch-*.keras", trajectory=8)
    model.fit(..., callbacks=[ModelCheckpoint("epoch-{epoch}.keras"), contracts])

With `trajectory`, the contract has the steps that came after the checkpoint too, and `reproof verify CHECKPOINT
--resume "python train.py --resume {checkpoint}"` compares them with those of a training that resumes.
"""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Mapping
from typing import Any

from keras.callbacks import Callback
from keras.config import floatx
from numpy import dtype

from . import _checkpoints, _options
from ._checkpoints import CheckpointWarning
from ._trajectory.fitted import Fitted
from ._trajectory.observer import Observer

__all__ = ["CheckpointWarning", "ContractCallback"]


class ContractCallback(Callback):  # type: ignore[misc,unused-ignore]
    """Writes `NAME.reproof/` beside each file of a pattern that was saved in an epoch, in the background.

    It comes after the callback that saves. The contract covers every byte, and where the file was saved. With `cases`,
    the path of inputs in a file, it covers outputs too: a fresh process loads the file and runs them.

    With `trajectory`, a number of steps, it covers how training goes on: what `fit` does in so many steps after each
    checkpoint is recorded, without changing a bit of it. For that give `inputs`, on which the model is compared in
    evaluation (or a function of the model that computes outputs), and generators of random numbers of your own in
    `generators`, if any. Keras shows callbacks neither batches nor what the backend draws for shuffling, and of losses
    the running mean over the epoch, which is told as `running`. A process that verifies ends by itself after these
    steps; this callback records no checkpoints in it. `reproof drill` has no piece that it could lose here.
    """

    def __init__(
        self,
        pattern: _options.Path,
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
        generators: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.pattern = os.path.abspath(os.fspath(pattern))
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
        self._known: dict[str, tuple[int, int]] = {}
        self._told = {"inputs": inputs, "generators": dict(generators or {})}
        self._subject: Fitted | None = None
        self._observer: Observer | None = None
        # Steps by the count of the optimizer, and by the place in the data.
        self._counted, self._place, self._before = 0, 0, 0
        if trajectory is not None:
            self._observer = Observer(trainer="keras", steps=trajectory, contracts=self.recorder, seeds=seeds)

    def on_train_begin(self, logs: Any = None) -> None:
        self._known = self._saved()
        if self._observer is not None:
            self._subject = Fitted(self.model, **self._told)
            self._counted = self._subject.done
            self._observer.watch(self._subject, started=self._counted == 0)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._place = self._before = epoch * (self.params.get("steps") or 0)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if self._observer is None:
            return
        # Here as well: callbacks save after any batch, and some of them after us. Nothing was computed since.
        self._look()
        # Nobody shows the batch itself.
        self._observer.arrived({})

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._place = self._before + batch + 1
        if self._observer is None or self._subject is None or not self._observer.active:
            return
        loss = None if logs is None else logs.get("loss")
        if loss is not None:
            self._observer.lost({"running": dtype(floatx()).type(loss)})
        counted = self._subject.done
        if counted > self._counted:
            self._counted = counted
            self._observer.stepped(self._step(self._subject))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._look(epoch=epoch)

    def on_train_end(self, logs: Any = None) -> None:
        if self._observer is not None:
            self._look()
            self._observer.finish(planned=True)
        self.recorder.wait()

    def _look(self, **notes: Any) -> None:
        """Records what was saved since the last look."""
        if self._observer is not None and self._observer.resuming:
            return
        saved = self._saved()
        for path, state in saved.items():
            if self._known.get(path) != state:
                self._record(path, notes)
        for path in self._known.keys() - saved.keys():
            self.recorder.forget(path)
        self._known = saved

    def _record(self, path: str, notes: Mapping[str, Any]) -> None:
        if self._observer is None or self._subject is None:
            self.recorder.save(path, **notes)
            return
        self._counted = self._subject.done
        step = self._step(self._subject)
        self.recorder.save(path, **notes, step=step)
        self._observer.recorded_from(path, step)

    def _step(self, subject: Fitted) -> int:
        """The steps that are done: one of the two counts may be what a training lost when it resumed."""
        return max(self._counted, self._place // subject.accumulation if self.params.get("steps") else 0)

    def _saved(self) -> dict[str, tuple[int, int]]:
        found = {}
        for path in glob.glob(self.pattern):
            try:
                status = os.stat(path)
            except OSError:
                # Another process removed it.
                continue
            # The contracts themselves are no checkpoints.
            if stat.S_ISREG(status.st_mode):
                found[path] = (status.st_mtime_ns, status.st_ino)
        return found
