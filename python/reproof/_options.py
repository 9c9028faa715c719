"""What the use cases are told, put into the form that the native half takes."""

from __future__ import annotations

import inspect
import math
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ._command import command
from .errors import UsageError

Path = str | os.PathLike[str]
Loader = str | Callable[..., Any]


@dataclass
class Engine:
    """What runs the model, and within which limits."""

    command: str
    python: str
    onnxruntime: str | None
    runner: str | None
    adapter: str | None
    loader: str | None
    trust: bool
    network: bool
    device: str
    threads: int | None
    options: dict[str, str]
    timeout: float
    memory_limit: int | None
    cache: str | None
    configuration: str | None
    folder: str


@dataclass
class Verification:
    engine: Engine
    contract: str | None
    relation: str | None
    expect: str | None
    require: str
    bytes_only: bool
    fail_fast: bool
    sha256: bool
    keep: str | None
    resume: str | None
    resume_entry: str | None
    diagnose: float | None
    shown: str


@dataclass
class Recording:
    engine: Engine
    contract: str | None
    bytes_only: bool
    freeze: str | None
    private: bool
    budget: float | None
    saved_in: str | None
    project: str | None
    owner: str | None
    live: Callable[[str, str], None] | None = None
    sources: list[str] = field(default_factory=list)
    arrays: list[tuple[str, list[tuple[str, Any]]]] = field(default_factory=list)
    allow: list[str] = field(default_factory=list)
    preprocess: list[str] = field(default_factory=list)
    seeds: dict[str, int] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    tolerances: dict[str, tuple[float, float]] = field(default_factory=dict)


def engine(
    *,
    runner: str | None,
    python: Path | None,
    onnxruntime: Path | None,
    adapter: str | None,
    loader: Loader | None,
    trust: bool,
    network: bool,
    device: str,
    threads: int | None,
    options: Mapping[str, str] | None,
    timeout: float,
    memory_limit: int | None,
) -> Engine:
    return Engine(
        command=command(),
        # The same interpreter, with the same packages, in a process of its own.
        python=optional(python) or sys.executable or "python3",
        onnxruntime=optional(onnxruntime),
        runner=runner,
        adapter=adapter,
        loader=_loader(loader),
        trust=trust,
        network=network,
        device=str(device),
        threads=threads,
        options={str(name): str(value) for name, value in (options or {}).items()},
        timeout=float(timeout),
        memory_limit=memory_limit,
        cache=_cache(),
        configuration=_configuration(),
        folder=os.getcwd(),
    )


def _cache() -> str | None:
    """The folder for things that are slow to make, as the command looks for it."""
    told = os.environ.get("REPROOF_CACHE")
    if told:
        return told
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "reproof")


def _configuration() -> str | None:
    """Where the user keeps what programs remember, as the command looks for it."""
    told = os.environ.get("XDG_CONFIG_HOME")
    if told and os.path.isabs(told):
        return told
    home = os.environ.get("HOME")
    return os.path.join(home, ".config") if home else None


def entry(function: Loader | None) -> str | None:
    """A function that resumes a training, by its name."""
    return _loader(function)


def patience(diagnose: float | bool) -> float | None:
    """Seconds for experiments; nothing where no diagnosis is asked for."""
    if isinstance(diagnose, bool):
        return 120.0 if diagnose else None
    if not 0 <= diagnose < math.inf:
        raise UsageError(f"diagnose={diagnose!r}: expected seconds", hint="give True for two minutes")
    return float(diagnose)


def optional(path: Path | None) -> str | None:
    return None if path is None else os.fspath(path)


def there(path: Path) -> str:
    """The path of an artifact that is there."""
    found = os.fspath(path)
    if not os.path.exists(found):
        raise UsageError(f"no artifact at {found}", where=found)
    return found


def shown(path: str) -> str:
    """The path as reports show it: the home folder becomes `~`."""
    home = os.path.expanduser("~")
    return "~" + path[len(home) :] if home and path.startswith(home + os.sep) else path


def _loader(loader: Loader | None) -> str | None:
    """A loader by its name, which a fresh process can import."""
    if loader is None or isinstance(loader, str):
        return loader
    module, name = getattr(loader, "__module__", None), getattr(loader, "__qualname__", "")
    if module in (None, "__main__") or "<" in name or not name:
        raise UsageError(
            f"loader={name or loader!r}: a fresh process cannot import it",
            hint='put the function into a module and give it, or its name: loader="module:function"',
        )
    return f"{module}:{name}"


def add_cases(told: Recording, cases: Any) -> None:
    """Cases as files, or as arrays by name: one case, or several by the name of each or in order."""
    if cases is None:
        return
    if isinstance(cases, (str, os.PathLike)):
        _add_source(told, cases)
    elif isinstance(cases, Mapping):
        if cases and all(isinstance(value, Mapping) for value in cases.values()):
            for name, inputs in cases.items():
                _add_arrays(told, str(name), inputs)
        else:
            _add_arrays(told, "given", cases)
    elif isinstance(cases, Iterable) and not hasattr(cases, "__dlpack__"):
        for index, case in enumerate(cases):
            if isinstance(case, (str, os.PathLike)):
                _add_source(told, case)
            elif isinstance(case, Mapping):
                _add_arrays(told, f"given-{index}", case)
            else:
                _refuse(case)
    else:
        _refuse(cases)


def _add_source(told: Recording, path: Path) -> None:
    source = os.fspath(path)
    if source != "auto" and not os.path.exists(source):
        raise UsageError(f"no inputs at {source}", where=source)
    told.sources.append(source)


def _add_arrays(told: Recording, name: str, inputs: Mapping[Any, Any]) -> None:
    if not inputs:
        raise UsageError(f"the case {name} has no inputs")
    # What requires gradients lends no memory; its values are the same.
    told.arrays.append((name, [(str(key), plain(value)) for key, value in inputs.items()]))


def _refuse(case: object) -> None:
    raise UsageError(
        f"a case that is a {type(case).__name__}",
        hint='give inputs by name, such as cases={"x": array}, or the path of a .npy, .npz or .safetensors file',
    )


def plain(value: Any) -> Any:
    """A tensor as one that lends its memory: without gradients, on this processor."""
    detach = getattr(value, "detach", None)
    if detach is None or not hasattr(value, "data_ptr"):
        return value
    tensor = detach()
    for resolve in ("resolve_conj", "resolve_neg"):
        tensor = getattr(tensor, resolve, lambda same=tensor: same)()
    return tensor if tensor.device.type == "cpu" else tensor.cpu()


def preprocessing(preprocess: Any) -> list[str]:
    """Files of preprocessing: paths, or functions and objects by the file that defines them."""
    if preprocess is None:
        return []
    if isinstance(preprocess, (str, os.PathLike)) or not isinstance(preprocess, (list, tuple)):
        preprocess = [preprocess]
    files: list[str] = []
    for item in preprocess:
        if isinstance(item, (str, os.PathLike)):
            file: str | None = os.fspath(item)
        else:
            file = _source(item)
        if file is None or not os.path.isfile(file):
            raise UsageError(
                f"preprocess={item!r}: there is no file with it",
                hint="give the path of the file, or a function that is defined in one",
            )
        if file not in files:
            files.append(file)
    return files


def _source(item: object) -> str | None:
    try:
        return inspect.getsourcefile(item if callable(item) and hasattr(item, "__name__") else type(item))
    except TypeError:
        return None
