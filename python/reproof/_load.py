"""`load`: gives what was verified, and nothing else."""

from __future__ import annotations

import importlib
import os
import pickle
from typing import Any

from . import _reproof
from ._api import inspect, verify
from ._live import _PACKAGE, _import_worker
from ._options import Path, there
from ._tensors import named
from .errors import ContractBroken, UndecidedError, UsageError


def load(path: Path, *, contract: Path | None = None, loader: Any = None, trust: bool = False, expect: str | None = None) -> Any:
    """Loads an artifact that keeps its promise, and refuses one that does not.

    Twice checked: every byte of the files before anything is loaded, and every tensor of the model afterwards, where it
    lies in memory, so that a file that changed in between is refused too.

    A file of safetensors gives tensors by name, a checkpoint of PyTorch what was saved, a folder of `save_pretrained` the
    model. `loader` is your function that takes the path, for anything else. What only unpickling can load needs
    `trust=True`.
    """
    place = there(path)
    report = verify(place, contract=contract, bytes_only=True, expect=expect, relation="same" if contract else None)
    if not report.passed:
        report.check()
    if loader is not None:
        found = loader(place)
    else:
        found = _by_format(place, inspect(place).format, trust)
    _check(place, contract, found, of_its_own=loader is not None)
    return found


def _by_format(path: str, format: str, trust: bool) -> Any:
    if os.path.isdir(path) and os.path.isfile(os.path.join(path, "config.json")):
        return _transformers(path, trust)
    if format == "safetensors" and os.path.isfile(path):
        return _safetensors(path)
    if format in ("torch-zip", "torch-legacy", "torch-tar"):
        return _torch(path, trust)
    if format in ("npy", "npz"):
        import numpy

        if format == "npy":
            return numpy.load(path, allow_pickle=False)
        # All of it, now: an archive would be read again when its arrays are asked for.
        with numpy.load(path, allow_pickle=False) as arrays:
            return dict(arrays)
    if format in ("pickle", "joblib"):
        return _pickled(path, trust)
    raise UsageError(
        f"{format} has no loader of its own here", where=path, hint="give the function that loads it: loader=FUNCTION"
    )


def _safetensors(path: str) -> Any:
    try:
        torch = importlib.import_module("safetensors.torch")
        return torch.load_file(path)
    except ModuleNotFoundError:
        return _needed("safetensors.numpy", "safetensors").load_file(path)


def _torch(path: str, trust: bool) -> Any:
    torch = _needed("torch", "torch")
    _import_worker()
    checkpoint = importlib.import_module(f"{_PACKAGE}.adapters.torch_checkpoint")
    if not trust and checkpoint._release(torch.__version__) < checkpoint._RESTRICTED:
        raise UndecidedError(
            f"torch {torch.__version__} can be tricked into running what is pickled beside weights (CVE-2025-32434)",
            where=path,
            hint="use torch 2.6 or newer, or give trust=True",
        )
    try:
        return torch.load(path, map_location="cpu", weights_only=not trust)
    except pickle.UnpicklingError as error:
        raise UndecidedError(
            f"torch loads it only by running what is pickled in it: {str(error).splitlines()[0]}",
            where=path,
            hint="look at what it would run with reproof.scan(path), then give trust=True",
        ) from None


def _transformers(path: str, trust: bool) -> Any:
    transformers = _needed("transformers", "transformers")
    # Never asks on the terminal: code of the folder runs with trust and not otherwise.
    options = {"local_files_only": True, "trust_remote_code": trust}
    configuration = transformers.AutoConfig.from_pretrained(path, **options)
    name = (configuration.architectures or [None])[0]
    kind = getattr(transformers, name, None) if name else transformers.AutoModel
    if trust and getattr(configuration, "auto_map", None):
        kind = transformers.AutoModel
    if not isinstance(kind, type) or not (
        kind is transformers.AutoModel or issubclass(kind, transformers.PreTrainedModel)
    ):
        raise UsageError(
            f"transformers {transformers.__version__} has no model called {name}", where=path, hint="give loader=FUNCTION"
        )
    named: Any = kind
    return named.from_pretrained(path, dtype="auto", **options)


def _pickled(path: str, trust: bool) -> Any:
    if not trust:
        raise UndecidedError(
            "a pickle is loaded only by running what is pickled in it",
            where=path,
            hint="look at what it would run with reproof.scan(path), then give trust=True",
        )
    return _needed("joblib", "joblib").load(path)


def _needed(module: str, package: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] != module.partition(".")[0]:
            raise
        raise UndecidedError(f"{package} is not installed here", hint=f"`pip install {package}`") from None


def _check(path: str, contract: Path | None, found: Any, *, of_its_own: bool) -> None:
    """Compares what lies in memory with what was recorded, where tensors have names.

    Estimators and functions hold none; their bytes were checked. A loader of the user's own may call them otherwise.
    """
    tensors = named(found, lenient=True)
    recorded = _recorded(path, contract)
    live = _digests(tensors)
    by_name = dict(tensors)
    matched = 0
    for name, (digest, dtype) in recorded.items():
        # A checkpoint nests its model under keys, so names end alike; a tie may leave a name out.
        ends = [name] if name in live else [key for key in live if key.endswith("." + name)]
        matched += bool(ends)
        if not ends or digest in (live[key] for key in ends):
            continue
        if of_its_own or not any(_is_cast(path, name, digest, dtype, by_name[key]) for key in ends):
            raise ContractBroken(
                f"the tensor {name} in memory is not the recorded one", where=path, hint="verify the artifact again"
            )
    if recorded and live and not matched and not of_its_own:
        raise UndecidedError(
            f"none of the {len(live)} tensors in memory has a recorded name", where=path, hint="give loader=FUNCTION"
        )


def _digests(tensors: list[tuple[str, Any]]) -> dict[str, str]:
    """The digests of tensors by name; those that lend no memory, such as sparse ones, are passed over."""
    try:
        return dict(_reproof.digest_tensors(tensors)[0]) if tensors else {}
    except Exception:
        if len(tensors) == 1:
            return {}
        # One of them is to blame.
        return {name: digest for tensor in tensors for name, digest in _digests([tensor]).items()}


def _is_cast(path: str, name: str, digest: str, dtype: str, live: Any) -> bool:
    """Whether a tensor is the recorded one in another type, as models of transformers want some of theirs."""
    if not os.path.isdir(path) or not hasattr(live, "data_ptr"):
        return False
    _import_worker()
    if importlib.import_module(f"{_PACKAGE}.adapters.torch_tensor").name_of(live.dtype) == dtype:
        return False
    kept = _read(path, name)
    # In files of other formats nothing is read again: their bytes were checked.
    return kept is None or (
        _digests([(name, kept)]) == {name: digest}
        and _digests([(name, kept.to(live.dtype))]) == _digests([(name, live)])
    )


def _read(folder: str, name: str) -> Any:
    """A tensor as it lies in the files of safetensors in a folder; nothing where it is in none of them."""
    for file in sorted(os.listdir(folder)):
        if file.endswith(".safetensors"):
            with _needed("safetensors", "safetensors").safe_open(os.path.join(folder, file), framework="pt") as tensors:
                if name in tensors.keys():  # noqa: SIM118
                    return tensors.get_tensor(name)
    return None


def _recorded(path: str, contract: Path | None) -> dict[str, tuple[str, str]]:
    """Digest and type of each tensor of the model."""
    import json

    folder = os.fspath(contract) if contract else _beside(path)
    with open(os.path.join(folder, "contract.json"), encoding="utf-8") as file:
        tensors = json.load(file)["artifact"]["tensors"]
    return {
        tensor["name"]: (tensor["digest"], tensor["dtype"])
        for tensor in tensors
        if tensor.get("part", "model") == "model"
    }


def _beside(path: str) -> str:
    return os.path.join(path, "reproof") if os.path.isdir(path) else f"{path}.reproof"
