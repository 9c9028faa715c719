"""What is watched: a model and all that drives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import evaluation, generators, models, optimizers
from .facts import Streams, facts

# Weights at whose gradients is looked to tell whether an accumulation is going on.
_SAMPLED = 8


@dataclass(eq=False)
class Subject:
    """A training as its trainer holds it."""

    # As it is called in training, in all its wrappers.
    model: Any
    optimizers: Sequence[Any] = ()
    schedulers: Sequence[Any] = ()
    scaler: Any = None
    ema: Any = None
    loader: Any = None
    generators: Mapping[str, Any] = field(default_factory=dict)
    inputs: Any = None
    # As trainers call it, who cast where no hook can see it.
    precision: str | None = None

    def __post_init__(self) -> None:
        self.inner = models.inner(self.model)
        self.optimizers = [optimizers.inner(optimizer) for optimizer in self.optimizers]
        self.inputs = self.inputs if callable(self.inputs) else evaluation.copied(self.inputs)
        self._seen: list[tuple[Any, Any, int]] = []
        trained = [parameter for parameter in self.inner.parameters() if parameter.requires_grad]
        self._sampled = trained[:: max(1, len(trained) // _SAMPLED)][:_SAMPLED]

    def random(self) -> dict[str, str]:
        return generators.states(self._named())

    def modes(self) -> dict[str, Any]:
        told = {} if self.precision is None else {"precision": self.precision}
        return {**models.modes(self.inner), **told}

    def begin(self, random: dict[str, str], gradients: bool) -> Streams:
        """Everything before a step; the random numbers as they were when the batch came."""
        streams = {**self._state(), "modes": self.modes(), "random": random}
        if gradients:
            streams["gradients"] = models.gradients(self.inner)
        return _looked_at(streams)

    def end(self) -> Streams:
        """Everything after the last step, and what has been learned."""
        streams = {**self._state(), "random": self.random()}
        if self.inputs is not None and not models.is_sharded(self.inner):
            named = self._named()
            streams["evaluation"] = evaluation.evaluate(self.inner, self.inputs, named)
            if self.ema is not None:
                averaged = evaluation.evaluate_averaged(self.inner, self._ema(), self.inputs, named)
                streams["ema-evaluation"] = averaged
        return _looked_at(streams)

    def averages(self) -> dict[str, Any]:
        """Averaged weights as they lie in memory."""
        return {} if self.ema is None else models.averaged(self._ema())

    def note_gradients(self) -> None:
        """Remembers the gradients that a step has used, as nobody needs to clear them at once."""
        from torch.utils.weak import TensorWeakRef

        self._seen = [
            (parameter, None, 0)
            if parameter.grad is None
            else (parameter, TensorWeakRef(parameter.grad), parameter.grad._version)
            for parameter in self._sampled
        ]

    def gradients_wait(self) -> bool:
        """Whether there are gradients that no step has used yet."""
        seen = {id(parameter): (used, version) for parameter, used, version in self._seen}
        for parameter in self._sampled:
            if parameter.grad is None:
                continue
            used, version = seen.get(id(parameter), (None, 0))
            if used is not None and used() is parameter.grad and version == parameter.grad._version:
                continue
            if bool(parameter.grad.any()):
                return True
        return False

    def _ema(self) -> Any:
        is_function = not hasattr(self.ema, "named_parameters") and not hasattr(self.ema, "state_dict")
        return self.ema() if is_function and callable(self.ema) else self.ema

    def _state(self) -> Streams:
        streams: Streams = {
            "parameters": models.parameters(self.inner),
            "buffers": models.buffers(self.inner),
            "optimizer": optimizers.optimizers(self.optimizers, self.inner),
            "scheduler": optimizers.schedulers(self.schedulers),
            "scaler": optimizers.scaler(self.scaler),
            "ema": self.averages(),
        }
        return streams

    def _named(self) -> dict[str, Any]:
        """Generators of the user and of the loader, by name."""
        named = dict(self.generators)
        for name, holder in _with_generators(self.loader):
            generator = getattr(holder, "generator", None)
            if generator is not None and all(generator is not other for other in named.values()):
                named[name] = generator
        return named


def _with_generators(loader: Any) -> list[tuple[str, Any]]:
    """The loader and its samplers, each of which may draw from a generator of its own."""
    sampler = getattr(loader, "sampler", None)
    batches = getattr(loader, "batch_sampler", None)
    return [
        ("loader", loader),
        ("loader.sampler", sampler),
        ("loader.batch-sampler", batches),
        ("loader.batch-sampler.sampler", getattr(batches, "sampler", None)),
    ]


def _looked_at(streams: Streams) -> Streams:
    """The facts of each stream that has any."""
    return {stream: facts(known) for stream, known in streams.items() if known or stream == "gradients"}
