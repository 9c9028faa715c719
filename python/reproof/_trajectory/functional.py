"""What is watched of a training with JAX: a state that every step makes anew."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import UsageError
from . import generators, pytrees, setting
from .facts import Known, Streams, looked_at, text
from .hooks import Hooks
from .parts import STREAMS, Parts, as_told, by_name, in_optimizer
from .pytrees import Path

_PACKAGES = (
    "jax", "jaxlib", "numpy", "ml_dtypes", "flax", "optax", "orbax.checkpoint", "equinox", "haiku", "grain", "torch",
)  # fmt: skip

# Variables by which users choose how JAX computes; its flags are told apart.
_VARIABLES = ("JAX_PLATFORMS", "LIBTPU_INIT_ARGS", "NVIDIA_TF32_OVERRIDE", "OMP_NUM_THREADS", "PYTHONHASHSEED")

# Flags of XLA that say where it leaves files.
_OF_FILES = ("--xla_dump", "--xla_gpu_dump", "--xla_gpu_per_fusion_autotune_cache_dir")

# What is told after a step of a key that it left as it was.
_SAME = "as before the step"


@dataclass(eq=False)
class Functional:
    """A training whose state is given to each step; all that `training.Training` asks for."""

    parts: Callable[[Any], Mapping[str, Any]] | None = None
    loader: Any = None
    generators: Mapping[str, Any] = field(default_factory=dict)
    evaluate: Callable[[Any], Any] | None = None

    def __post_init__(self) -> None:
        # As it was told last, and only while something is recorded: what is held here is not freed.
        self.state: Any = None
        self._stepped = False
        self._before: dict[str, str] = {}

    def tell(self, state: Any, *, stepped: bool = False) -> None:
        """The state as it is now: before a step, or as the step made it."""
        self.state, self._stepped = state, stepped

    @property
    def framework(self) -> str:
        return f"jax {setting.version('jax')}"

    def initialisation(self) -> dict[str, str]:
        return {}

    def setting(self) -> dict[str, str]:
        import jax

        device = jax.local_devices()[0]
        flags = os.environ.get("XLA_FLAGS", "").split()
        told = {
            "world-size": str(jax.process_count()),
            "rank": str(setting.rank()),
            "backend": jax.default_backend(),
            "device": device.platform if device.platform == "cpu" else f"{device.platform} {device.device_kind}",
            "devices": str(jax.device_count()),
            "processors": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
            "machine": platform.machine(),
            "x64": "yes" if jax.config.jax_enable_x64 else "no",
            "matmul-precision": str(jax.config.jax_default_matmul_precision or "default"),
            "threefry-partitionable": "yes" if jax.config.jax_threefry_partitionable else "no",
            "xla-flags": " ".join(sorted(flag for flag in flags if not flag.startswith(_OF_FILES))) or "none",
        }
        return {**told, **setting.of_any(self.loader, _PACKAGES, _VARIABLES)}

    def context(self, seeds: Mapping[str, int]) -> dict[str, str]:
        return setting.context_of_any(self.loader, seeds)

    def set_threads(self, count: int) -> None:
        # Whoever asks is told that this experiment cannot be made, rather than that it changed nothing.
        raise UsageError(f"{count} threads: JAX takes its threads when it starts")

    def can_lose(self) -> list[str]:
        return []

    def lose(self, piece: str) -> None:
        raise UsageError(f"{piece} cannot be lost: the state of JAX is immutable")

    def hook(self, hooks: Hooks) -> None:
        pass

    def leaves(self, value: Any) -> Iterator[tuple[str, Known]]:
        for path, leaf in pytrees.leaves(value):
            yield from pytrees.known(".".join(path), leaf)

    def random(self) -> dict[str, str]:
        before, self._before = self._before, self._keys(self._parts())
        told = dict(self._before)
        if self._stepped:
            # Generators that do not move are not drawn from. Keys are, into which the number of the step is folded.
            told.update((name, _SAME) for name, key in self._before.items() if before.get(name) == key)
        return {**generators.states(self._named()), **told}

    def modes(self) -> dict[str, Known]:
        return {}

    def begin(self, random: dict[str, str], gradients: bool) -> Streams:
        return looked_at({**self._state(self._parts()), "random": random})

    def end(self) -> Streams | None:
        found = self._parts()
        if any(pytrees.is_gone(leaf) for leaves in found.values() for leaf in leaves.values()):
            return None
        random = {**generators.states(self._named()), **self._keys(found)}
        streams: Streams = {**self._state(found), "random": random}
        if self.evaluate is not None:
            with generators.preserved(self._named()):
                given = self.evaluate(self.state)
            streams["evaluation"] = {name or "output": value for name, value in self.leaves(given)}
        return looked_at(streams)

    def note_gradients(self) -> None:
        pass

    def gradients_wait(self) -> bool:
        # Optax accumulates in its own state.
        return False

    def learning_rates(self) -> dict[str, Known]:
        """Those that Optax keeps in its state, which `inject_hyperparams` makes it do."""
        state = self._parts().get("optimizer", {})
        rates = (path for path in state if "hyperparams" in path and path[-1] == "learning_rate")
        return {".".join(path): _scalar(state[path]) for path in rates}

    def gradient_norm(self) -> dict[str, Known]:
        return {}

    def scale(self) -> dict[str, Known]:
        return {}

    def _parts(self) -> Parts:
        return by_name(self.state) if self.parts is None else as_told(self.state, self.parts)

    def _state(self, found: Parts) -> Streams:
        weights = {path for path in found.get("parameters", {}) if path}
        streams: Streams = {}
        for stream in STREAMS:
            if stream == "random":
                continue
            streams[stream] = told = {}
            for path, leaf in _begun(stream, found.get(stream, {})).items():
                if stream == "scheduler":
                    told[".".join(path)] = _scalar(leaf)
                else:
                    name = in_optimizer(path, weights) if stream == "optimizer" else ".".join(path)
                    told.update(pytrees.known(name, leaf))
        return streams

    def _keys(self, found: Parts) -> dict[str, str]:
        return {".".join(path): pytrees.of_random(leaf) for path, leaf in found.get("random", {}).items()}

    def _named(self) -> dict[str, Any]:
        return generators.named(self.generators, self.loader)


def _begun(stream: str, leaves: dict[Path, Any]) -> dict[Path, Any]:
    """The leaves, unless they are those of an optimizer before its first step: it has no state yet, as with PyTorch."""
    state = {path: leaf for path, leaf in leaves.items() if "hyperparams" not in path}
    if stream == "optimizer" and all(pytrees.is_nothing(leaf) for leaf in state.values()):
        return {path: leaf for path, leaf in leaves.items() if path not in state}
    return leaves


def _scalar(leaf: Any) -> Known:
    """A count or a rate as text, whether it is a number of Python or an array: what restores it may make either."""
    value = pytrees.value_of(leaf)
    if getattr(value, "size", 1) == 1 and callable(getattr(value, "item", None)):
        return text(value.item())
    return next((known for _, known in pytrees.known("", value)), "none")
