"""What the recorder asks of a training, whichever framework it is of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from .facts import Known, Streams

if TYPE_CHECKING:
    from .hooks import Hooks


class Training(Protocol):
    """A training as facts. Whatever is asked changes no bit of it, but for what is lost on purpose."""

    @property
    def framework(self) -> str:
        """The framework with its version."""

    def initialisation(self) -> dict[str, str]:
        """The digest of the weights with which it starts; nothing where that would have to be waited for."""

    def setting(self) -> dict[str, str]:
        """What may differ harmlessly elsewhere, and what explains a difference."""

    def context(self, seeds: Mapping[str, int]) -> dict[str, str]:
        """What is told and not compared."""

    def set_threads(self, count: int) -> None:
        """Changes how many threads operators have: an experiment of whoever verifies a training that resumes."""

    def can_lose(self) -> list[str]:
        """The pieces of its state that can be taken away for a drill."""

    def lose(self, piece: str) -> None:
        """Takes one of them away."""

    def hook(self, hooks: Hooks) -> None:
        """Has passes and steps told where nobody else tells of them, as far as the framework can."""

    def leaves(self, value: Any) -> Iterator[tuple[str, Known]]:
        """Tensors and texts of something nested, by path."""

    def random(self) -> dict[str, str]:
        """The state of each generator of random numbers, as it is now."""

    def modes(self) -> dict[str, Known]:
        """Training or evaluation, what is frozen, automatic casts; as they are now."""

    def begin(self, random: dict[str, str], gradients: bool) -> Streams:
        """Everything before a step, already looked at; the random numbers as they were when the batch came."""

    def end(self) -> Streams | None:
        """Everything after the last step, already looked at, and what has been learned; nothing if it is gone."""

    def note_gradients(self) -> None:
        """A step has used the gradients that are there."""

    def gradients_wait(self) -> bool:
        """Whether there are gradients that no step has used yet."""

    def learning_rates(self) -> dict[str, Known]:
        """Those of each group, as they are now."""

    def gradient_norm(self) -> dict[str, Known]:
        """The norm of all gradients that the coming step will use."""

    def scale(self) -> dict[str, Known]:
        """The factor by which losses are scaled; nothing where there is none."""
