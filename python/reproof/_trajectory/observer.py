"""Watches a training through what its trainer tells, and records what it does after each checkpoint."""

from __future__ import annotations

import atexit
import functools
import json
import os
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec

from .. import _checkpoints
from ..errors import UsageError
from . import setting
from .facts import Known, facts
from .hooks import Hooks
from .recording import Batch, Recording, Step
from .request import end, request
from .training import Training

_Arguments = ParamSpec("_Arguments")

# Steps that are recorded unless users want others.
STEPS = 8


def _guarded(
    method: Callable[Concatenate[Observer, _Arguments], None],
) -> Callable[Concatenate[Observer, _Arguments], None]:
    """What fails here ends a recording, never a training; but one that is verified has no other purpose."""

    @functools.wraps(method)
    def guarded(self: Observer, /, *arguments: _Arguments.args, **options: _Arguments.kwargs) -> None:
        try:
            method(self, *arguments, **options)
        except Exception as error:
            if self.resuming:
                # Without a step there is nothing to tell.
                self._recordings = [recording for recording in self._recordings if recording.steps]
                raise
            self._abandon(f"{type(error).__name__}: {error}")

    return guarded


class Observer:
    """The recorder of one training, in this process.

    A trainer tells of what happens, in this order: a batch `arrived`, is used for `computing`, was `lost`, the
    optimizer is `stepping`, has `stepped`, and a checkpoint was `saved`.
    """

    def __init__(
        self,
        *,
        trainer: str,
        steps: int,
        contracts: _checkpoints.Recorder | None,
        contract: bool = True,
        seeds: Mapping[str, int] | None = None,
        hooks: Hooks | None = None,
    ) -> None:
        if steps < 1:
            raise UsageError(f"{steps} steps to record", hint="leave it out, or give a number above 0")
        self.trainer = trainer
        self.contracts = contracts
        self.subject: Training | None = None
        self.request = request()
        self.steps = steps if self.request is None else self.request.steps
        self.context: dict[str, str] = {}
        self._contract = contract
        self._seeds = dict(seeds or {})
        self._hooks = hooks or Hooks()
        self._recordings: list[Recording] = []
        self._done: int | None = None
        self._counted = 0
        # What is known of the step that goes on.
        self._batches: list[Batch] = []
        self._streams: dict[str, dict[str, Known]] = {}
        # A batch that may never be used: trainings skip those that are over when they resume.
        self._waiting: Batch | None = None
        self._random: dict[str, str] | None = None
        # The beginning whose modes are those of the first pass after it.
        self._begun: dict[str, dict[str, Known]] | None = None
        if self.request is not None and setting.rank() == 0:
            self.request.seen()

    @property
    def resuming(self) -> bool:
        """Whether this process is there to verify that a training resumes, and ends after a few steps."""
        return self.request is not None

    @property
    def active(self) -> bool:
        """Whether anything is recorded just now."""
        return bool(self._recordings)

    @_guarded
    def watch(self, subject: Training, *, started: bool = True) -> None:
        """Begins with a training; `started` if its weights are those of its initialisation."""
        self._leave_behind()
        self.subject = subject
        if setting.rank() != 0:
            return
        if self.request is not None:
            self._record(Recording(None, None, "gradients" in self.request.begin))
        elif started:
            self.context.update(subject.initialisation())

    @_guarded
    def arrived(self, batch: Any, *, worker: str | None = None, certain: bool = True) -> None:
        """A batch is there, and nothing was computed with it; unless `certain`, it may be one that is skipped."""
        if not self._recordings or self.subject is None:
            return
        told = {} if worker is None else {":worker": worker}
        # Looked at now: it may be changed in place, and is.
        self._waiting = Batch({**facts(dict(self.subject.leaves(batch))), **told})
        self._random = self.subject.random() if self._unbegun() else None
        if certain:
            self._take()

    @_guarded
    def computing(self) -> None:
        """A pass through the model begins."""
        if self._waiting is not None:
            self._take()
        if self._begun is not None and self.subject is not None:
            # Automatic casts are on only now.
            self._begun["modes"] = facts(self.subject.modes())
            self._begun = None

    @_guarded
    def lost(self, loss: Any) -> None:
        """The loss of the batch is known."""
        if self._batches and loss is not None and self.subject is not None:
            self._batches[-1].loss = {name: _kept(value) for name, value in self.subject.leaves(loss)}

    @_guarded
    def stepping(self) -> None:
        """All gradients are there, and the optimizer has not made its step."""
        if not self._recordings or self.subject is None:
            return
        if self._waiting is not None:
            self._take()
        self._streams["learning-rate"] = self.subject.learning_rates()
        self._streams["gradient-norm"] = self.subject.gradient_norm()

    @_guarded
    def stepped(self, step: int | None = None, loss: Any = None) -> None:
        """The optimizer and its schedule have made a step, and so many are done now."""
        self._done = (self._done or 0) + 1 if step is None else step
        if self.subject is None:
            return
        if self._recordings:
            self._add(self._done, loss)
        elif self.request is not None:
            # One of the other processes.
            self._counted += 1
            if self._counted >= self.steps:
                self.request.await_answer()
                end()
        else:
            self.subject.note_gradients()

    @_guarded
    def saved(self, path: str | os.PathLike[str], step: int | None = None, *, appears: bool = False) -> None:
        """A checkpoint was saved; what comes is what must come again when it is resumed."""
        contracts = self.contracts
        if self.resuming or contracts is None or setting.rank() != 0:
            return
        step = self._done if step is None else step
        if self._contract:
            contracts.save(path, appears=appears, **({} if step is None else {"step": step}))
        self.recorded_from(path, step)

    @_guarded
    def recorded_from(self, path: str | os.PathLike[str], step: int | None = None) -> None:
        """Begins a recording, without a contract."""
        if self.resuming or self.contracts is None or self.subject is None or setting.rank() != 0:
            return
        place = os.path.abspath(os.fspath(path))
        # What was saved there before is no more.
        self._recordings = [recording for recording in self._recordings if recording.path != place]
        self._record(Recording(place, step, self.subject.gradients_wait()))

    @_guarded
    def finish(self, *, whole: bool = True, leave: bool = True, planned: bool = False) -> None:
        """The training is over, sooner than some recordings.

        Unless `whole`, in the middle of a step. A process that verifies does nothing else then, unless it may not
        `leave`. Where the end was `planned`, nobody is told that no step came after the last checkpoint.
        """
        whole = whole and not self._batches and self._waiting is None
        if planned and not self.resuming:
            self._recordings = [recording for recording in self._recordings if recording.steps]
            self._rest()
        self._complete(list(self._recordings), whole)
        if self.request is not None and leave:
            if setting.rank() != 0:
                self.request.await_answer()
            end()

    def _record(self, recording: Recording) -> None:
        self._recordings.append(recording)
        _ACTIVE.add(self)
        if self.subject is not None:
            self.subject.hook(self._hooks)

    def _unbegun(self) -> list[Recording]:
        return [recording for recording in self._recordings if recording.begin is None]

    def _take(self) -> None:
        """The batch that waits is used."""
        batch, self._waiting = self._waiting, None
        subject, unbegun = self.subject, self._unbegun()
        if batch is None or subject is None:
            return
        if unbegun:
            if self.request is not None and self.request.threads is not None:
                subject.set_threads(self.request.threads)
            if self.request is not None:
                self.context["can-lose"] = " ".join(subject.can_lose())
                if self.request.lose is not None:
                    subject.lose(self.request.lose)
                    self._random = subject.random()
            gradients = any(recording.gradients for recording in unbegun)
            begin = subject.begin(self._random or subject.random(), gradients)
            told = subject.setting()
            context = {**self.context, **subject.context(self._seeds)}
            for stream in () if self.request is None else self.request.begin:
                begin.setdefault(stream, {})
            for recording in unbegun:
                recording.begin, recording.over = begin, len(self._batches)
                recording.setting, recording.context = told, context
            self._begun = begin
        if not self._batches:
            # Scalers leave out steps, and then nobody tells that one is made.
            self._streams["learning-rate"] = subject.learning_rates()
        self._batches.append(batch)

    def _add(self, step: int, loss: Any) -> None:
        subject, batches = self.subject, self._batches
        if subject is None:
            return
        losses = loss if isinstance(loss, (list, tuple)) else [loss] * (loss is not None)
        for batch, value in zip(reversed(batches), reversed(losses)):
            batch.loss = {name: _kept(item) for name, item in subject.leaves(value)}
        streams = {**self._streams, "scale": subject.scale(), "random": {**subject.random()}}
        if streams["scale"]:
            # It leaves out steps whose gradients are infinite.
            streams.setdefault("gradient-norm", {"total": "no step"})
        made = Step(step, batches, streams)
        begun = [recording for recording in self._recordings if recording.begin is not None]
        for recording in begun:
            recording.steps.append(made)
        self._batches, self._streams = [], {}
        subject.note_gradients()
        self._complete([recording for recording in begun if len(recording.steps) >= self.steps], True)

    def _complete(self, over: list[Recording], whole: bool) -> None:
        subject = self.subject
        if not over or subject is None:
            return
        at_end = subject.end() if whole and any(recording.steps for recording in over) else None
        framework = subject.framework
        for recording in over:
            recording.end = at_end if recording.steps else None
            self._recordings.remove(recording)
            if self.request is not None:
                self.request.answer(recording.document(self.trainer, framework))
            elif self.contracts is not None and recording.path is not None:
                self._keep(self.contracts, recording, recording.path, framework)
        self._rest()
        if self.request is not None and len(over[0].steps) >= self.steps:
            end()

    def _keep(self, contracts: _checkpoints.Recorder, recording: Recording, path: str, framework: str) -> None:
        if not recording.steps:
            contracts.fail(f"{path} has no trajectory: no step was made after it")
            return
        document = recording.document(self.trainer, framework)
        contracts.keep(path, lambda: json.dumps(document), ours=self._contract)

    def _rest(self) -> None:
        """Leaves no trace while nothing is recorded."""
        if not self._recordings:
            _ACTIVE.discard(self)
            self._hooks.remove()
            self._batches, self._streams, self._waiting, self._begun = [], {}, None, None

    def _leave_behind(self) -> None:
        """What is there is of a training that was interrupted and begins anew: its steps end here."""
        if self.resuming:
            self._recordings = []
        self._complete(list(self._recordings), False)
        self._rest()
        self._done = None

    def forked(self) -> None:
        """This is a copy of the process that trains, which goes on recording alone."""
        self._recordings = []
        self._rest()

    def _abandon(self, why: str) -> None:
        for recording in self._recordings:
            if self.contracts is not None:
                self.contracts.fail(f"{recording.path} has no trajectory: {why}")
        self._recordings = []
        self._rest()


# Those that record just now: they finish when the interpreter does.
_ACTIVE: set[Observer] = set()


def _finish() -> None:
    for observer in list(_ACTIVE):
        # How the process ends was decided elsewhere.
        observer.finish(leave=False)
        if observer.contracts is not None:
            observer.contracts.wait()


def _forked() -> None:
    for observer in list(_ACTIVE):
        observer.forked()


atexit.register(_finish)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def _kept(value: Known) -> Known:
    """A loss to be looked at later, so that no device is waited for."""
    return value.detach().clone() if hasattr(value, "detach") else value
