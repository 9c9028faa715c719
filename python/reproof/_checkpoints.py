"""Contracts for checkpoints while training goes on: the common core of every callback.

A user's training is sacred. Nothing is computed here: the command `reproof` is started, with a low priority, and
reads the finished files. No random number is drawn, no tensor is touched, and what goes wrong is a warning.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from . import _options
from ._command import command
from ._environment import environment
from .errors import ReproofError, UsageError


# Seconds that a checkpoint which is written in the background may take.
_PATIENCE = 600.0


class CheckpointWarning(UserWarning):
    """A checkpoint has no contract, and why."""


class Recorder:
    """Records checkpoints in the background, one after the other."""

    def __init__(
        self,
        *,
        cases: Any = None,
        loader: _options.Loader | None = None,
        adapter: str | None = None,
        trust: bool = False,
        budget: float | None = None,
        seeds: Mapping[str, int] | None = None,
        notes: Mapping[str, str] | None = None,
        owner: str | None = None,
    ) -> None:
        if cases is not None and not isinstance(cases, (str, os.PathLike)):
            raise UsageError(
                f"cases that are a {type(cases).__name__}",
                hint="give the path of a .npy, .npz or .safetensors file, or of a folder of them",
            )
        self._shared = _arguments(cases, _options._loader(loader), adapter, trust, budget, seeds, notes, owner)
        # Found now, so that a missing command stops nobody in the middle of training.
        self._command = command()
        self._lock = threading.Lock()
        self._waiting: list[tuple[str, list[str], str, bool]] = []
        self._worker: threading.Thread | None = None
        self.recorded: list[str] = []
        self.failures: list[str] = []

    def save(self, path: str | os.PathLike[str], *, appears: bool = False, **notes: Any) -> None:
        """Records the checkpoint at `path`; returns at once.

        It is complete, or with `appears` will be as soon as it is there.
        """
        place = os.path.abspath(os.fspath(path))
        try:
            told = environment().to_json()
        except Exception as error:
            self._fail(f"{place}: the environment could not be described: {error}")
            return
        noted = [word for name, value in notes.items() for word in ("--note", f"{name}={value}")]
        with self._lock:
            self._waiting.append((place, noted, told, appears))
            if self._worker is None:
                # Not a daemon: the interpreter waits for what was begun.
                self._worker = threading.Thread(target=self._work, name="reproof")
                self._worker.start()

    def forget(self, path: str | os.PathLike[str]) -> None:
        """Removes the contract beside a checkpoint file that was removed."""
        beside = f"{os.path.abspath(os.fspath(path))}.reproof"
        if beside in self.recorded:
            shutil.rmtree(beside, ignore_errors=True)

    def wait(self) -> None:
        """Waits until every contract is complete, and warns of those that are not."""
        while True:
            with self._lock:
                worker = self._worker
            if worker is None:
                break
            worker.join()
        failures, self.failures = self.failures, []
        for failure in failures:
            warnings.warn(failure, CheckpointWarning, stacklevel=2)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._worker = None
                    return
                place, noted, told, appears = self._waiting.pop(0)
            if appears and not _appeared(place):
                self._fail(f"{place} has no contract: it did not appear within {_PATIENCE:.0f} s")
                continue
            self._record(place, noted, told)

    def _record(self, place: str, noted: list[str], told: str) -> None:
        if not os.path.exists(place):
            # Trainers that keep the last few have removed it already.
            return
        folder = os.path.join(place, "reproof") if os.path.isdir(place) else f"{place}.reproof"
        action = ["record", place]
        if os.path.exists(os.path.join(folder, "contract.json")):
            action = ["accept", place, "--reason", "saved again under the same name", "--by", "training"]
        with tempfile.TemporaryDirectory(prefix="reproof-") as scratch:
            saved_in = os.path.join(scratch, "saved-in.json")
            with open(saved_in, "w", encoding="utf-8") as file:
                file.write(told)
            arguments = [*action, "--json", "--saved-in", saved_in, *self._shared, *noted]
            finished = _run([self._command, *arguments])
        if finished.returncode == 0:
            self.recorded.append(folder)
        elif os.path.exists(place):
            self._fail(f"{place} has no contract: {finished.stderr.strip()}")

    def _fail(self, message: str) -> None:
        self.failures.append(message)


def _appeared(place: str) -> bool:
    deadline = time.monotonic() + _PATIENCE
    while not os.path.exists(place):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _arguments(
    cases: Any,
    loader: str | None,
    adapter: str | None,
    trust: bool,
    budget: float | None,
    seeds: Mapping[str, int] | None,
    notes: Mapping[str, str] | None,
    owner: str | None,
) -> list[str]:
    arguments = []
    if cases is None:
        arguments.append("--bytes-only")
    else:
        arguments += ["--cases", os.path.abspath(os.fspath(cases)), "--python", sys.executable]
        arguments += ["--loader", loader] if loader else []
        arguments += ["--adapter", adapter] if adapter else []
        arguments += ["--trust"] if trust else []
        arguments += ["--budget", f"{budget:g}s"] if budget is not None else []
    for name, value in (seeds or {}).items():
        arguments += ["--seed", f"{name}={value}"]
    for name, note in (notes or {}).items():
        arguments += ["--note", f"{name}={note}"]
    if owner:
        arguments += ["--owner", owner]
    return arguments


def _run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs the command behind everything else on the machine."""
    if shutil.which("nice"):
        arguments = ["nice", "-n", "10", *arguments]
    return subprocess.run(arguments, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
