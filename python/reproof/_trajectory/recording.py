"""What was seen after one checkpoint, moment by moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .._reproof import __version__
from .facts import Facts, Known, Streams, facts

_SCHEMA = "reproof.trajectory/v0"


@dataclass
class Batch:
    """A batch with what came of it; a step takes several when gradients are accumulated."""

    given: dict[str, Known]
    loss: dict[str, Known] = field(default_factory=dict)


@dataclass
class Step:
    """A step of the optimizer, and the batches that it took."""

    step: int
    batches: list[Batch]
    streams: Streams


@dataclass(eq=False)
class Recording:
    """The moments after a checkpoint was saved, or after one was resumed."""

    # Where the checkpoint is; nowhere where one is resumed.
    path: str | None
    # Steps that were done then, as far as known.
    step: int | None
    # Whether gradients of an accumulation that goes on belong to the beginning.
    gradients: bool
    begin: Streams | None = None
    # Batches of the first step that were over by then.
    over: int = 0
    steps: list[Step] = field(default_factory=list)
    end: Streams | None = None
    setting: dict[str, str] = field(default_factory=dict)
    context: dict[str, str] = field(default_factory=dict)

    def document(self, trainer: str, framework: str) -> dict[str, Any]:
        """The whole as it is written."""
        first = self.steps[0].step - 1 if self.steps else 0
        begun = first if self.steps or self.step is None else self.step
        moments = [] if self.begin is None else [_moment("begin", begun, self.begin)]
        for index, step in enumerate(self.steps):
            batches = step.batches[self.over :] if index == 0 else step.batches
            moments.append(_moment("step", step.step, {**_of_batches(batches), **step.streams}))
        if self.end is not None:
            moments.append(_moment("end", self.steps[-1].step if self.steps else begun, self.end))
        accumulation = max((len(step.batches) for step in self.steps), default=0)
        return {
            "schema": _SCHEMA,
            "recorded_by": f"reproof {__version__}",
            "trainer": trainer,
            "framework": framework,
            "step": begun,
            "setting": {**({"accumulation": str(accumulation)} if accumulation else {}), **self.setting},
            "context": self.context,
            "moments": moments,
        }


def _of_batches(batches: list[Batch]) -> Streams:
    """Batches and losses by their place in the step."""
    streams: Streams = {"batch": {}, "loss": {}}
    for index, batch in enumerate(batches):
        for stream, known in (("batch", batch.given), ("loss", batch.loss)):
            for name, value in known.items():
                streams[stream][_name(index, name)] = value
    return streams


def _name(index: int, name: str) -> str:
    if not name or name.startswith(":"):
        return f"{index}{name}"
    return f"{index}.{name}"


def _moment(kind: str, step: int, streams: Streams) -> dict[str, Any]:
    looked_at: dict[str, Facts] = {
        stream: facts(known) for stream, known in streams.items() if known or kind == "begin"
    }
    return {"kind": kind, "step": step, "streams": looked_at}
