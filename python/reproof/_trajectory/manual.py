"""What recorders for loops written by hand have in common."""

from __future__ import annotations

from types import TracebackType
from typing import TypeVar

from .. import _checkpoints
from .observer import Observer

_Recorder = TypeVar("_Recorder", bound="Manual")


class Manual:
    """A recorder to which a loop tells what happens, until it is closed."""

    def __init__(self, observer: Observer, recorder: _checkpoints.Recorder) -> None:
        self.recorder = recorder
        self._observer = observer
        self._closed = False

    @property
    def resuming(self) -> bool:
        """Whether `reproof verify` started this process: it ends by itself, and need not save anything."""
        return self._observer.resuming

    def close(self) -> None:
        """Keeps what was recorded, and waits for all that is done in the background; warns of what failed."""
        self._close(whole=True, leave=True)

    def __enter__(self: _Recorder) -> _Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # A training that failed ends as it does.
        self._close(whole=error is None, leave=error is None)

    def _close(self, *, whole: bool, leave: bool) -> None:
        if self._closed:
            return
        self._closed = True
        self._observer.finish(whole=whole, leave=leave)
        self.recorder.wait()
