"""What is watched of a training with PyTorch: a model and all that drives it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import evaluation, generators, losing, models, optimizers, setting
from .facts import Known, Streams, leaves, looked_at
from .hooks import Hooks

# Weights at whose gradients is looked to tell whether an accumulation is going on.
_SAMPLED = 8


@dataclass(eq=False)
class Subject:
    """A training as its trainer holds it; all that `training.Training` asks for."""

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

    @property
    def framework(self) -> str:
        return f"torch {setting.version('torch')}"

    def initialisation(self) -> dict[str, str]:
        # Asking takes all processes at once where weights are divided among them.
        return {} if self._is_sharded() else setting.initialisation(self.inner)

    def setting(self) -> dict[str, str]:
        return setting.setting(self)

    def context(self, seeds: Mapping[str, int]) -> dict[str, str]:
        return setting.context(self, seeds)

    def set_threads(self, count: int) -> None:
        import torch

        torch.set_num_threads(count)

    def can_lose(self) -> list[str]:
        return losing.present(self)

    def lose(self, piece: str) -> None:
        losing.lose(self, piece)

    def hook(self, hooks: Hooks) -> None:
        hooks.install(self.model, self.optimizers)

    def leaves(self, value: Any) -> Iterator[tuple[str, Known]]:
        return leaves("", value)

    def learning_rates(self) -> dict[str, Known]:
        return optimizers.learning_rates(self.optimizers)

    def gradient_norm(self) -> dict[str, Known]:
        return optimizers.gradient_norm(self.inner)

    def scale(self) -> dict[str, Known]:
        return optimizers.scale(self.scaler)

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
        return looked_at(streams)

    def end(self) -> Streams:
        """Everything after the last step, and what has been learned."""
        streams = {**self._state(), "random": self.random()}
        if self.inputs is not None and not self._is_sharded():
            named = self._named()
            streams["evaluation"] = evaluation.evaluate(self.inner, self.inputs, named)
            if self.ema is not None:
                averaged = evaluation.evaluate_averaged(self.inner, self._ema(), self.inputs, named)
                streams["ema-evaluation"] = averaged
        return looked_at(streams)

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

    def _is_sharded(self) -> bool:
        return models.is_sharded(self.model) or models.is_sharded(self.inner)

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
        return generators.named(self.generators, self.loader)
