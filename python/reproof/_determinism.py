"""`determinism()`: every known switch that makes runs repeat, set for a while, reported, and put back."""

from __future__ import annotations

import importlib
import os
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

from ._data import randomness

__all__ = ["Determinism", "Switch", "current", "determinism"]


# The value of a switch that could not be read, which is another thing than None.
_UNREAD = object()


@dataclass(frozen=True)
class Switch:
    """One switch: how it was, how it is, and what keeps it from what it should be."""

    name: str
    value: Any
    before: Any = None
    # Why it is not as it should be, and what to do; nothing where all is well.
    note: str | None = None


@dataclass(frozen=True)
class _Control:
    """A switch of a framework that is loaded."""

    name: str
    read: Callable[[], Any]
    wanted: Any
    write: Callable[[Any], None] | None = None
    # Said where the value is not the wanted one and cannot be set here.
    note: str = ""


def _attribute(name: str, owner: Any, attribute: str, wanted: Any) -> _Control:
    return _Control(
        name, lambda: getattr(owner, attribute), wanted, lambda value: setattr(owner, attribute, value)
    )


def _tf32(name: str, owner: Any, *parts: str) -> Iterator[_Control]:
    """Reduced precision of float32, by the name with which it can be read: newer ones are told for each part."""
    control = _attribute(f"{name}.allow_tf32", owner, "allow_tf32", False)
    owners = [(f"{name}.{part}" if part else name, getattr(owner, part) if part else owner) for part in parts]
    if _value(control) is not _UNREAD or not all(hasattr(told, "fp32_precision") for _, told in owners):
        yield control
        return
    for told, part_owner in owners:
        yield _attribute(f"{told}.fp32_precision", part_owner, "fp32_precision", "ieee")


def _variable(name: str, wanted: str | None, note: str) -> _Control:
    def write(value: str | None) -> None:
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value

    return _Control(name, lambda: os.environ.get(name), wanted, write, note)


def _controls(threads: int | None) -> Iterator[_Control]:
    yield _Control(
        "PYTHONHASHSEED",
        lambda: os.environ.get("PYTHONHASHSEED"),
        "0",
        note="the order of sets of texts differs from run to run; it is read when Python starts: set PYTHONHASHSEED=0 there",
    )
    torch = sys.modules.get("torch")
    if torch is not None:
        yield from _torch(torch, threads)
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is not None:
        yield from _tensorflow(tensorflow)
    if "jax" in sys.modules:
        yield from _jax(sys.modules["jax"])


def _torch(torch: Any, threads: int | None) -> Iterator[_Control]:
    # Read when CUDA makes its first handle: set early enough it holds, and it does no harm later.
    yield _variable(
        "CUBLAS_WORKSPACE_CONFIG", ":4096:8", "matrix products on CUDA may differ: set it before the first one"
    )

    def write(value: tuple[bool, bool]) -> None:
        torch.use_deterministic_algorithms(value[0], warn_only=value[1])

    yield _Control(
        "torch.use_deterministic_algorithms",
        lambda: (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        ),
        (True, False),
        write,
    )
    yield _attribute("torch.backends.cudnn.deterministic", torch.backends.cudnn, "deterministic", True)
    yield _attribute("torch.backends.cudnn.benchmark", torch.backends.cudnn, "benchmark", False)
    yield from _tf32("torch.backends.cudnn", torch.backends.cudnn, "conv", "rnn")
    matmul = torch.backends.cuda.matmul
    yield from _tf32("torch.backends.cuda.matmul", matmul, "")
    for name in ("allow_fp16_reduced_precision_reduction", "allow_bf16_reduced_precision_reduction"):
        if hasattr(matmul, name):
            yield _attribute(f"torch.backends.cuda.matmul.{name}", matmul, name, False)
    yield _Control(
        "torch.float32_matmul_precision",
        torch.get_float32_matmul_precision,
        "highest",
        torch.set_float32_matmul_precision,
    )
    wanted = torch.get_num_threads() if threads is None else threads
    yield _Control("torch.threads", torch.get_num_threads, wanted, torch.set_num_threads)


def _tensorflow(tensorflow: Any) -> Iterator[_Control]:
    experimental = tensorflow.config.experimental
    # What is set in public has no public way back.
    configuration = importlib.import_module("tensorflow.python.framework.config")

    def write(value: bool) -> None:
        if value:
            experimental.enable_op_determinism()
        else:
            configuration.disable_op_determinism()

    def read() -> bool | None:
        state: bool | None = configuration.is_op_determinism_enabled()
        return state

    if hasattr(experimental, "enable_op_determinism"):
        yield _Control("tensorflow.op_determinism", read, True, write)
    yield _Control(
        "tensorflow.tensor_float_32",
        experimental.tensor_float_32_execution_enabled,
        False,
        experimental.enable_tensor_float_32_execution,
    )
    yield _onednn()


def _onednn() -> _Control:
    return _Control(
        "TF_ENABLE_ONEDNN_OPTS",
        lambda: os.environ.get("TF_ENABLE_ONEDNN_OPTS"),
        "0",
        note="oneDNN may order sums by its choice; it is read when TensorFlow starts: set TF_ENABLE_ONEDNN_OPTS=0 there",
    )


def _jax(jax: Any) -> Iterator[_Control]:
    yield _Control(
        "jax_default_matmul_precision",
        lambda: jax.config.jax_default_matmul_precision,
        "highest",
        lambda value: jax.config.update("jax_default_matmul_precision", value),
    )
    flag = "--xla_gpu_deterministic_ops=true"
    yield _Control(
        "XLA_FLAGS",
        lambda: "set" if flag in os.environ.get("XLA_FLAGS", "") else os.environ.get("XLA_FLAGS"),
        "set",
        note=f"kernels on GPUs may differ; it is read when JAX starts: set XLA_FLAGS={flag} there",
    )


def current() -> list[Switch]:
    """The switches as they are."""
    return [Switch(control.name, _shown(_value(control))) for control in _controls(None)]


class Determinism:
    """A context in which every known switch is set. `switches` says how each was and is; `notes` what is left."""

    def __init__(self, threads: int | None, seed: int | None) -> None:
        self._threads = threads
        self._seed = seed
        self._undo: list[Callable[[], None]] = []
        self.switches: list[Switch] = []

    def __enter__(self) -> Determinism:
        if self._undo:
            raise RuntimeError("this context is entered already: make one for each `with`")
        self.switches = []
        try:
            for control in _controls(self._threads):
                self.switches.append(self._set(control))
            if self._seed is not None:
                self.switches.extend(self._sow(self._seed))
        except BaseException:
            self._restore()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._restore()

    @property
    def notes(self) -> list[str]:
        """What is not as it should be and could not be set, with what to do."""
        return [f"{switch.name}: {switch.note}" for switch in self.switches if switch.note]

    def __repr__(self) -> str:
        width = max((len(switch.name) for switch in self.switches), default=0)
        lines = [_line(switch, width) for switch in self.switches]
        return "Determinism(\n  " + "\n  ".join(lines) + "\n)"

    def _repr_html_(self) -> str:
        import html

        cells = (
            f"<tr><th>{html.escape(switch.name)}</th><td>{html.escape(str(switch.before))}</td>"
            f"<td>{html.escape(str(switch.value))}</td><td>{html.escape(switch.note or '')}</td></tr>"
            for switch in self.switches
        )
        return f"<table><tr><th>switch</th><th>before</th><th>now</th><th></th></tr>{''.join(cells)}</table>"

    def _set(self, control: _Control) -> Switch:
        before = _value(control)
        if before is _UNREAD:
            # What is not known cannot be put back.
            return Switch(control.name, None, note="could not be read, so it was left as it is")
        if before == control.wanted:
            return Switch(control.name, before, before)
        if control.write is None:
            return Switch(control.name, before, before, control.note)
        try:
            control.write(control.wanted)
        except Exception as error:
            return Switch(control.name, before, before, f"could not be set: {error}")
        write = control.write
        self._undo.append(lambda: write(before))
        return replace(Switch(control.name, _shown(_value(control))), before=before)

    def _sow(self, seed: int) -> Iterator[Switch]:
        states = randomness.capture([])
        self._undo.append(lambda: randomness.restore(states, []))
        random.seed(seed)
        yield Switch("random.seed", seed)
        numpy = sys.modules.get("numpy")
        if numpy is not None:
            numpy.random.seed(seed % 2**32)
            yield Switch("numpy.random.seed", seed % 2**32)
        torch = sys.modules.get("torch")
        if torch is not None:
            randomness.sow_torch(torch, seed)
            self._undo.extend(randomness.sow_sleeping(torch, seed))
            yield Switch("torch.manual_seed", seed)
        tensorflow = sys.modules.get("tensorflow")
        if tensorflow is not None:
            tensorflow.random.set_seed(seed)
            yield Switch("tensorflow.random.set_seed", seed, note="stays set: TensorFlow tells no state to put back")

    def _restore(self) -> None:
        # The last first, and all of them, whatever one does.
        errors = []
        while self._undo:
            try:
                self._undo.pop()()
            except Exception as error:
                errors.append(error)
        if errors:
            raise errors[0]


def determinism(*, threads: int | None = None, seed: int | None = None) -> Determinism:
    """A context in which runs repeat, as far as frameworks can: those that are imported when it is entered.

        with reproof.determinism(seed=7) as switches:
            train()
        print(switches, switches.notes)

    Random numbers are left alone unless `seed` is given. Everything is put back at the end, random states included.
    """
    return Determinism(threads, seed)


def _value(control: _Control) -> Any:
    try:
        return control.read()
    except Exception:
        # A framework of another version, or one in which two ways to set it were mixed.
        return _UNREAD


def _shown(value: Any) -> Any:
    return None if value is _UNREAD else value


def _line(switch: Switch, width: int) -> str:
    change = f"{switch.before} -> {switch.value}" if switch.before != switch.value else f"{switch.value}"
    return f"{switch.name:{width}}  {change}" + (f"  ({switch.note})" if switch.note else "")
