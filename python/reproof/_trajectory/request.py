"""What a process that resumes is asked for, and what it leaves behind."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import sys
import time
from dataclasses import dataclass
from typing import Any, NoReturn

from ..errors import UsageError

# Names that `reproof verify --resume` uses too.
_VARIABLE = "REPROOF_RESUME"
_REQUEST, _SEEN, _OBSERVED = "request.json", "seen.json", "observed.json"
_SCHEMA = "reproof.resume-request/v0"

# Seconds that the other processes of a training wait for the first one to write what it saw.
_PATIENCE = 60.0


@dataclass(frozen=True)
class Request:
    """So many steps after resuming are asked for, and these streams of the moment before."""

    folder: str
    steps: int
    begin: tuple[str, ...]
    # Of the framework, from the beginning on; as the training has them if it is not told.
    threads: int | None = None
    # A piece of state that is lost at the beginning: a drill.
    lose: str | None = None

    def seen(self) -> None:
        """Says that there is a recorder in this training at all."""
        _write(self.folder, _SEEN, {})

    def answer(self, trajectory: dict[str, Any]) -> None:
        _write(self.folder, _OBSERVED, trajectory)

    def await_answer(self) -> None:
        """Processes that end sooner would be missed by the first one, in collectives for example."""
        deadline = time.monotonic() + _PATIENCE
        while not os.path.exists(os.path.join(self.folder, _OBSERVED)) and time.monotonic() < deadline:
            time.sleep(0.05)


def request() -> Request | None:
    """The request in this process, or nothing in a training that nobody verifies."""
    folder = os.environ.get(_VARIABLE)
    if not folder:
        return None
    path = os.path.join(folder, _REQUEST)
    try:
        with open(path, encoding="utf-8") as file:
            told = json.load(file)
        if told["schema"] != _SCHEMA:
            raise ValueError(f"the schema is {told['schema']!r}")
        begin, threads = tuple(str(stream) for stream in told["begin"]), told.get("threads")
        return Request(
            folder, int(told["steps"]), begin, None if threads is None else int(threads), told.get("lose")
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{_VARIABLE} names a folder without a request: {error}",
            where=path,
            hint=f"`reproof verify` sets {_VARIABLE} when it resumes a training; unset it otherwise",
        ) from None


def end() -> NoReturn:
    """Ends this process at once: what would come is a training that nobody asked for."""
    with contextlib.suppress(ValueError, OSError, AttributeError):
        # PyTorch raises in us when one of its loaders' processes ends before us.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for child in multiprocessing.active_children():
        # They hold the standard streams open, and notice only seconds later that we are gone.
        child.terminate()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(0)


def _write(folder: str, name: str, document: dict[str, Any]) -> None:
    """Writes a file that is there completely or not at all."""
    draft = os.path.join(folder, f".{name}.{os.getpid()}")
    with open(draft, "w", encoding="utf-8") as file:
        json.dump(document, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, os.path.join(folder, name))
