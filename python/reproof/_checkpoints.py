"""Contracts for checkpoints while training goes on: the common core of every callback.

A user's training is sacred. Nothing is computed here: the command `reproof` is started, with a low priority, and
reads the finished files. No random number is drawn, no tensor is touched, and what goes wrong is a warning.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Mapping
from typing import Any

from . import _options, _reproof
from ._command import command
from ._environment import environment
from ._saves import PATIENCE, Save, Saves
from .errors import UsageError

# The note by which a contract of a callback is known.
_MARK, _MARKED = "recorded-by", "training"

# Contracts of what was saved before at the same place that are kept.
_GENERATIONS = 3


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
        self._waiting: list[tuple[str, str, Callable[[], None]]] = []
        self._worker: threading.Thread | None = None
        self._removed: set[str] = set()
        self._saves = Saves()
        # Those that appear, in their order, until their turn is over.
        self._expected: list[str] = []
        _RECORDERS.add(self)
        self.recorded: list[str] = []
        self.trajectories: list[str] = []
        self.failures: list[str] = []

    def save(self, path: str | os.PathLike[str], *, appears: bool = False, **notes: Any) -> None:
        """Records the checkpoint at `path`; returns at once.

        It is complete, or with `appears` will be as soon as it is there.
        """
        place = os.path.abspath(os.fspath(path))
        save = self._saves.complete(place)
        try:
            told = environment().to_json()
        except Exception as error:
            save.over()
            self.fail(f"{place}: the environment could not be described: {error}")
            return
        noted = [word for name, value in notes.items() for word in ("--note", f"{name}={value}")]
        if not appears and not os.path.exists(place):
            save.over()
            if place not in self._removed:
                self.fail(f"{place} has no contract: there is no such file or folder on this machine")
            return
        until = time.monotonic() + PATIENCE if appears else None
        with self._lock:
            self._removed.discard(place)
            if appears:
                self._expected.append(place)
        self._enqueue(place, "contract", lambda: self._record_when_there(place, save, noted, told, until))

    def announce(self, path: str | os.PathLike[str]) -> None:
        """Tells that a checkpoint is being written in the background, and `save` will be called for it."""
        self._saves.announce(os.path.abspath(os.fspath(path)))

    def renounce(self, path: str | os.PathLike[str]) -> None:
        """Tells that a checkpoint which was announced will not come."""
        self._saves.renounce(os.path.abspath(os.fspath(path)))

    def keep(self, path: str | os.PathLike[str], trajectory: Callable[[], str], *, ours: bool = True) -> None:
        """Keeps a trajectory with the contract of the checkpoint that was saved last; returns at once.

        With `ours`, only with a contract that a training made.
        """
        place = os.path.abspath(os.fspath(path))
        save = self._saves.latest(place)
        self._enqueue(place, "trajectory", lambda: self._keep(place, save, trajectory, ours))

    def _enqueue(self, place: str, what: str, job: Callable[[], None]) -> None:
        with self._lock:
            self._waiting.append((place, what, job))
            if self._worker is not None:
                return
            # Not a daemon: the interpreter waits for what was begun.
            worker = threading.Thread(target=self._work, name="reproof")
            try:
                worker.start()
                self._worker = worker
                return
            except RuntimeError:
                # An interpreter that ends starts nothing.
                pass
        self._work()

    def __getstate__(self) -> dict[str, Any]:
        # Trainers that start processes send their callbacks along; the work stays here.
        return {**vars(self), "_lock": None, "_saves": None, "_worker": None, "_waiting": [], "_expected": []}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._lock = threading.Lock()
        self._saves = Saves()
        _RECORDERS.add(self)

    def forked(self) -> None:
        """This is a copy of the process that does the work, without the thread that does it."""
        self._lock = threading.Lock()
        self._saves = Saves()
        self._worker = None
        self._waiting, self._expected, self.failures = [], [], []

    def forget(self, path: str | os.PathLike[str]) -> None:
        """Removes the contract beside a checkpoint file that is removed: told before, so that nobody misses the file."""
        place = os.path.abspath(os.fspath(path))
        beside = f"{place}.reproof"
        with self._lock:
            # One that is being recorded just now is removed as soon as it is complete.
            self._removed.add(place)
            if beside in self.recorded or _is_ours(beside):
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
                place, what, job = self._waiting.pop(0)
            # Whatever happens here is a warning in the end, and no reason to wait for ever.
            try:
                job()
            except Exception as error:
                if what == "contract" or os.path.exists(place):
                    self.fail(f"{place} has no {what}: {type(error).__name__}: {error}")

    def _record_when_there(self, place: str, save: Save, noted: list[str], told: str, until: float | None) -> None:
        """Records what is there, or appears until then."""
        try:
            if until is None or self._appeared(place, until):
                self._record(place, save, noted, told)
        finally:
            save.over()
            if until is not None:
                with self._lock:
                    self._expected.remove(place)

    def _appeared(self, place: str, until: float) -> bool:
        """Waits for a checkpoint; whether it came."""
        while not os.path.exists(place):
            with self._lock:
                later = [other for other in self._expected if other != place]
            if any(os.path.exists(other) for other in later):
                # They are written one after the other: trainers that keep the last few have removed it already.
                return False
            if time.monotonic() > until:
                self.fail(f"{place} has no contract: it did not appear within {PATIENCE:.0f} s")
                return False
            if not threading.main_thread().is_alive():
                # The training is over, and must end.
                return False
            time.sleep(0.05)
        return True

    def _keep(self, place: str, save: Save | None, trajectory: Callable[[], str], ours: bool) -> None:
        if save is not None and save.waits:
            # Its contract comes first, and the turn of that when the checkpoint is complete.
            time.sleep(0.05)
            self._enqueue(place, "trajectory", lambda: self._keep(place, save, trajectory, ours))
            return
        if save is not None and save.replaced:
            # The steps went on from what is no more.
            return
        folder = _folder(place)
        if place in self._removed or not os.path.exists(place):
            # Trainers that keep the last few have removed it already.
            return
        if not os.path.exists(os.path.join(folder, "contract.json")) or (ours and not _is_ours(folder)):
            self.fail(f"{place} has no trajectory: it has no contract of this training")
            return
        _reproof.keep_trajectory(folder, trajectory())
        self.trajectories.append(folder)

    def _record(self, place: str, save: Save, noted: list[str], told: str) -> None:
        if not os.path.exists(place):
            # Trainers that keep the last few have removed it already.
            return
        folder = _folder(place)
        action = ["record", place]
        if os.path.exists(os.path.join(folder, "contract.json")):
            if not _is_ours(folder):
                self.fail(f"{place} has a contract that no training made; it was left as it is")
                return
            # It belongs to what was saved here before.
            shutil.rmtree(os.path.join(folder, "trajectory"), ignore_errors=True)
            action = ["accept", place, "--reason", "saved again under the same name", "--by", "training"]
        with tempfile.TemporaryDirectory(prefix="reproof-") as scratch:
            saved_in = os.path.join(scratch, "saved-in.json")
            with open(saved_in, "w", encoding="utf-8") as file:
                file.write(told)
            arguments = [*action, "--json", "--saved-in", saved_in, *self._shared, *noted]
            before = _identity(place)
            finished = _run([self._command, *arguments])
        if finished.returncode == 0:
            _prune(folder)
            with self._lock:
                self.recorded.append(folder)
                # A checkpoint that went meanwhile takes its contract with it.
                if place in self._removed or not os.path.exists(place):
                    shutil.rmtree(folder, ignore_errors=True)
        elif before is None or _identity(place) != before:
            # One that is saved again meanwhile has its own turn, and one that went needs none.
            save.replaced = True
        else:
            self.fail(f"{place} has no contract: {finished.stderr.strip()}")

    def fail(self, message: str) -> None:
        """Notes what went wrong; `wait` warns of it."""
        self.failures.append(message)


# All of this process.
_RECORDERS: weakref.WeakSet[Recorder] = weakref.WeakSet()


def _forked() -> None:
    for recorder in list(_RECORDERS):
        recorder.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def _folder(place: str) -> str:
    """The folder of the contract of a checkpoint that is there."""
    return os.path.join(place, "reproof") if os.path.isdir(place) else f"{place}.reproof"


def _identity(place: str) -> tuple[int, int] | None:
    """Which file or folder lies at a place, and since when; nothing if none does."""
    try:
        found = os.stat(place)
    except OSError:
        return None
    # Files come and go in a folder that is recorded.
    return found.st_ino, 0 if os.path.isdir(place) else found.st_mtime_ns


def _is_ours(folder: str) -> bool:
    """Whether a callback made this contract, in this process or an earlier one."""
    return _is_marked(os.path.join(folder, "contract.json"))


def _is_marked(path: str) -> bool:
    """Whether there is a contract that a callback made."""
    try:
        with open(path, encoding="utf-8") as file:
            contract = json.load(file)
        return bool(contract["context"]["notes"][_MARK] == _MARKED)
    except (OSError, ValueError, LookupError, TypeError):
        return False


def _prune(folder: str) -> None:
    """Leaves the newest of the contracts of what was saved before; those that people made stay."""
    history = os.path.join(folder, "history")
    kept: set[str] = set()
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
        path = os.path.join(folder, "contract.json")
        # Each names the one before; the times of the files say nothing.
        while len(kept) < _GENERATIONS:
            with open(path, encoding="utf-8") as file:
                previous = json.load(file).get("previous")
            if previous is None:
                return
            path = os.path.join(history, f"{previous['digest'].rpartition(':')[2]}.json")
            kept.add(path)
        for name in os.listdir(history):
            old = os.path.join(history, name)
            if old not in kept and _is_marked(old):
                os.remove(old)


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
    arguments = ["--note", f"{_MARK}={_MARKED}"]
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
    return subprocess.run(
        arguments, capture_output=True, encoding="utf-8", errors="replace", stdin=subprocess.DEVNULL, check=False
    )
