"""The environment of this process, as contracts keep it."""

from __future__ import annotations

import importlib
import platform
import sys
from typing import Any

from . import _reproof
from ._determinism import current
from ._documents import Document
from ._live import _PACKAGE, _import_worker

# What computes, the most particular first.
_ENGINES = ("torch", "jax", "tensorflow", "sklearn", "numpy")


def environment() -> Document:
    """Interpreter, packages that were imported, switches, threads and the machine: what can move bits.

    Secrets stay out: variables are taken by an allow-list.
    """
    _import_worker()
    facts = importlib.import_module(f"{_PACKAGE}.facts")
    engine = next((name for name in _ENGINES if name in sys.modules), "python")
    settings = {"python": f"{sys.implementation.name} {platform.python_version()}"}
    settings.update({switch.name: str(switch.value) for switch in current() if switch.value is not None})
    for name in facts._PACKAGES:
        version = getattr(sys.modules.get(name), "__version__", None)
        if version is not None:
            settings[f"package.{name}"] = str(version)
    version = settings.get(f"package.{engine}", platform.python_version())
    libc = " ".join(part for part in platform.libc_ver() if part)
    torch: Any = sys.modules.get("torch")
    threads = torch.get_num_threads() if torch is not None else 0
    # CUDA that nobody has used is not woken for this.
    on_cuda = torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized()
    where = "cuda-sm{}{}".format(*torch.cuda.get_device_capability()) if on_cuda else f"cpu-{platform.machine()}"
    return Document(_reproof.environment(where, (engine, version), libc, threads, settings))
