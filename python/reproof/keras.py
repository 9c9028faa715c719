"""`ContractCallback` for Keras: a contract for each file that `ModelCheckpoint` saves.

    model.fit(..., callbacks=[ModelCheckpoint("best-{epoch}.keras"), reproof.keras.ContractCallback("best-*.keras")])
"""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Mapping
from typing import Any

from keras.callbacks import Callback

from . import _checkpoints, _options
from ._checkpoints import CheckpointWarning

__all__ = ["CheckpointWarning", "ContractCallback"]


class ContractCallback(Callback):  # type: ignore[misc,unused-ignore]
    """Writes `NAME.reproof/` beside each file of a pattern that was saved in an epoch, in the background.

    It comes after the callback that saves. The contract covers every byte, and where the file was saved. With `cases`,
    the path of inputs in a file, it covers outputs too: a fresh process loads the file and runs them.
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

    def on_train_begin(self, logs: Any = None) -> None:
        self._known = self._saved()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        saved = self._saved()
        for path, state in saved.items():
            if self._known.get(path) != state:
                self.recorder.save(path, epoch=epoch)
        for path in self._known.keys() - saved.keys():
            self.recorder.forget(path)
        self._known = saved

    def on_train_end(self, logs: Any = None) -> None:
        self.recorder.wait()

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
