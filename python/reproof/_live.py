"""Runs a live model, in this process, exactly as a fresh one runs a saved model: with the worker's own code."""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.abc
import importlib.machinery
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

from . import _reproof
from .errors import ReproofError, RefusedError, UsageError

_PACKAGE = "_reproof_worker"


@contextlib.contextmanager
def running(model: Any, artifact: str, threads: int) -> Iterator[Callable[[str, str], None]]:
    """Gives a function that runs a case: it takes the folder of the inputs and that of the outputs.

    Threads are those of a fresh process meanwhile, because they move bits; random numbers are put back.
    """
    _import_worker()
    with _as_in_a_fresh_process(threads):
        adopted = _adopt(model, artifact, threads)
        yield functools.partial(_run, adopted)


def _run(adopted: Any, inputs: str, outputs: str) -> None:
    values = importlib.import_module(f"{_PACKAGE}.values")
    given = values.read(inputs, adopted.take)
    with _told():
        values.write(outputs, adopted.run(given), adopted.give)


def _adopt(model: Any, artifact: str, threads: int) -> Any:
    session = SimpleNamespace(
        artifact=artifact, device=_device(model), threads=threads, float64=False, loader=None, trust=False, source=None
    )
    families = {kind.__module__.partition(".")[0] for kind in type(model).__mro__}
    with _told():
        # It knows which outputs are means and not results.
        if "transformers" in families and "torch" in families:
            adapter = importlib.import_module(f"{_PACKAGE}.adapters.transformers")
            text = importlib.import_module(f"{_PACKAGE}.adapters.transformers_text")
            tokenizer = text.Tokenizer(artifact, {"local_files_only": True})
            adopted = adapter.Transformer(model, session, (), tokenizer)
        else:
            adopted = importlib.import_module(f"{_PACKAGE}.adapters.call").adopt(model, session)
    # Before it runs: what trains would change while it does.
    if training := adopted.training():
        raise RefusedError(
            f"the live model is in training mode: {', '.join(training[:3])}", hint="call model.eval() before recording"
        )
    return adopted


def _device(model: Any) -> str:
    parameters = getattr(model, "parameters", None)
    found = parameters() if callable(parameters) else ()
    devices = sorted({str(parameter.device) for parameter in found if hasattr(parameter, "device")})
    if len(devices) > 1:
        raise UsageError(
            f"a live model on several devices: {', '.join(devices)}", hint="record the saved files alone, without model="
        )
    return devices[0] if devices else "cpu"


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What the live model does wrong, told as everything else; its own exceptions are the user's."""
    try:
        yield
    except ReproofError:
        raise
    except Exception as error:
        if type(error).__module__ != f"{_PACKAGE}.failure":
            raise
        hint = getattr(error, "hint", None)
        kind = RefusedError if hint is None else UsageError
        raise kind(f"the live model: {error}", hint=hint) from None


@contextlib.contextmanager
def _as_in_a_fresh_process(threads: int) -> Iterator[None]:
    torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy")
    python_state = random.getstate()
    numpy_state = numpy.random.get_state() if numpy is not None else None
    torch_threads = torch.get_num_threads() if torch is not None else None
    torch_state = torch.random.get_rng_state() if torch is not None else None
    cuda = torch.cuda if torch is not None and torch.cuda.is_initialized() else None
    cuda_states = cuda.get_rng_state_all() if cuda is not None else None
    try:
        if torch is not None:
            torch.set_num_threads(threads)
        yield
    finally:
        random.setstate(python_state)
        if numpy is not None:
            numpy.random.set_state(numpy_state)
        if torch is not None:
            torch.set_num_threads(torch_threads)
            torch.random.set_rng_state(torch_state)
        if cuda is not None:
            cuda.set_rng_state_all(cuda_states)


class _Worker(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports the worker's package, which the native half carries as text."""

    def __init__(self) -> None:
        self._files = _reproof.worker()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != _PACKAGE and not fullname.startswith(f"{_PACKAGE}."):
            return None
        file = self._file(fullname)
        if file is None:
            return None
        spec = importlib.machinery.ModuleSpec(fullname, self, origin=f"reproof:{file}", is_package=self.is_package(fullname))
        # Not `has_location`: a file with that name is nowhere.
        return spec

    def exec_module(self, module: ModuleType) -> None:
        # A module without a file asks for it all the same.
        module.__file__ = f"reproof:{self._file(module.__name__)}"
        super().exec_module(module)

    def get_source(self, fullname: str) -> str:
        file = self._file(fullname)
        if file is None:
            raise ImportError(fullname, name=fullname)
        return self._files[file]

    def is_package(self, fullname: str) -> bool:
        return (self._file(fullname) or "").endswith("/__init__.py")

    def _file(self, fullname: str) -> str | None:
        stem = fullname.replace(".", "/")
        return next((file for file in (f"{stem}/__init__.py", f"{stem}.py") if file in self._files), None)


def _import_worker() -> None:
    if not any(isinstance(finder, _Worker) for finder in sys.meta_path):
        sys.meta_path.append(_Worker())
