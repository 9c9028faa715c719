"""Contracts for models that MLflow keeps: recorded into the logged model, with the verdict as tags.

    info = mlflow.sklearn.log_model(model, name="model", input_example=rows)
    reproof.mlflow.record(info)                       # the contract becomes part of the logged model
    reproof.mlflow.verify("models:/churn/3").check()  # anywhere, later

Tags of the run, of the model (MLflow 3) and of each version that is registered from it: `reproof.verdict`,
`reproof.assurance`, `reproof.contract`, `reproof.weights` and `reproof.checked`, the time. MLflow 2 and 3.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from . import _api, _logged, _options, _reproof
from ._documents import Recording, Report
from ._load import _needed
from ._logged import MirrorWarning
from .errors import RefusedError, ReproofError, UndecidedError, UsageError

__all__ = ["MirrorWarning", "loader", "record", "verify"]

_LOADER = f"{__name__}:loader"

# Flavors whose files Reproof runs by itself, without MLflow and mostly without unpickling.
_PLAIN = ("lightgbm", "onnx", "sklearn", "xgboost")


def record(
    model: Any,
    *,
    cases: Any = None,
    loader: _options.Loader | None = None,
    adapter: str | None = None,
    trust: bool = False,
    allow: Iterable[str] = (),
    tolerances: Mapping[str, tuple[float, float]] | None = None,
    budget: float | None = None,
    bytes_only: bool = False,
    seeds: Mapping[str, int] | None = None,
    notes: Mapping[str, str] | None = None,
    owner: str | None = None,
    python: _options.Path | None = None,
    network: bool = False,
    device: str = "cpu",
    threads: int | None = None,
    timeout: float = 600.0,
    memory_limit: int | None = None,
) -> Recording:
    """Makes the contract of a logged model, puts it into the model's own folder, and tags what a verification says.

    `model` is what `log_model` returned, or an address of MLflow. The cases are the input example that was logged,
    unless you give others. Models of scikit-learn, XGBoost, LightGBM and ONNX are run by Reproof itself; a module of
    PyTorch, and `predict` of any other flavor, is loaded by MLflow, which unpickles: that needs `trust=True`.
    """
    engine: dict[str, Any] = {
        "python": python,
        "network": network,
        "device": device,
        "threads": threads,
        "timeout": timeout,
        "memory_limit": memory_limit,
    }
    with _logged.fetched(model) as logged:
        logged.check_place()
        if _contract(logged) is not None:
            raise UsageError(
                "the logged model has a contract already", where=logged.uri, hint="a model that changed is logged anew"
            )
        if bytes_only:
            cases = None
        else:
            cases = _example(logged) if cases is None else cases
            loader = _chosen(logged, loader, adapter, trust)
        recording = _api.record(
            logged.folder,
            cases=cases,
            loader=loader,
            adapter=adapter,
            trust=trust,
            allow=allow,
            tolerances=tolerances,
            budget=budget,
            bytes_only=bytes_only,
            seeds=seeds,
            notes={"mlflow-model": logged.uri, **({"mlflow-run": logged.run} if logged.run else {}), **(notes or {})},
            owner=owner,
            **engine,
        )
        logged.keep()
        place = f"{logged.uri}/{_logged.FOLDER}"
    # What the store gives back is what counts, not what was given to it.
    verify(model, expect=recording["digest"], trust=trust, **engine)
    return Recording(json.dumps({**recording, "folder": place}))


def verify(
    model: Any,
    *,
    require: str = "equivalent",
    expect: str | None = None,
    bytes_only: bool = False,
    trust: bool = False,
    tags: bool = True,
    python: _options.Path | None = None,
    network: bool = False,
    device: str = "cpu",
    threads: int | None = None,
    timeout: float = 600.0,
    memory_limit: int | None = None,
) -> Report:
    """Verifies a logged model or a registered version against its contract, and tags the verdict.

    The contract must be the one that the tag `reproof.contract` names: who changes model and contract in the artifact
    store is found out. `expect` names another digest. Where no answer is found the tag says `undecided`. `tags=False`
    writes none. What MLflow loads, and whatever needs `trust=True`, is not loaded at all where a byte changed.
    """
    with _logged.fetched(model) as logged:
        known = logged.tags().get("reproof.contract")
        contract = _contract(logged)
        told = _options.Verification(
            engine=_options.engine(
                runner=None,
                python=python,
                onnxruntime=None,
                adapter=None,
                loader=None,
                trust=trust,
                network=network,
                device=device,
                threads=threads,
                options=None,
                timeout=timeout,
                memory_limit=memory_limit,
            ),
            contract=None,
            relation=None,
            expect=expect or known,
            require=require,
            bytes_only=bytes_only,
            # Trust in what was recorded is none in what somebody put in its place, or beside it.
            fail_fast=trust or bool((contract or {}).get("loading", {}).get("loader")),
            sha256=False,
            keep=None,
            resume=None,
            resume_entry=None,
            diagnose=None,
            shown=logged.uri,
        )
        try:
            if contract is None:
                raise _missing(logged, known)
            report = Report(_reproof.verify(logged.folder, told))
        except (RefusedError, UndecidedError):
            # A tag that still said `identical` would be a lie.
            if tags and known is not None:
                logged.mirror({"reproof.verdict": "undecided", "reproof.checked": _now()})
            raise
        if tags:
            logged.mirror(
                {
                    "reproof.verdict": report["verdict"],
                    "reproof.assurance": report["assurance"],
                    "reproof.contract": report["contract"]["digest"],
                    "reproof.weights": str(report["artifact"]["weights_digest"]),
                    "reproof.checked": _now(),
                }
            )
        return report


def loader(path: str) -> Any:
    """What a fresh process makes of a logged model: its module of PyTorch, else `predict` of `mlflow.pyfunc`.

    Contracts name it; there is no need to call it.
    """
    mlflow = _needed("mlflow", "mlflow")
    if "pytorch" in mlflow.models.Model.load(path).flavors:
        # In the mode in which `mlflow.pyfunc` uses it. A program that was exported has one mode, and names no inputs.
        with contextlib.suppress(NotImplementedError):
            return _needed("mlflow.pytorch", "mlflow").load_model(path, map_location="cpu").eval()
    model = _needed("mlflow.pyfunc", "mlflow").load_model(path)
    schema = model.metadata.get_input_schema()
    columns = schema.input_names() if schema is not None and schema.has_input_names() else []
    arrays = schema is not None and schema.is_tensor_spec()

    def predict(*values: Any, **named: Any) -> Any:
        # Names that say nothing come by their place.
        given = named or dict(zip(columns, values, strict=False))
        if len(given) != len(values) + len(named):
            return _plain(model.predict(values[0] if len(values) == 1 else list(values)))
        return _plain(model.predict(given if arrays else _needed("pandas", "pandas").DataFrame(given)))

    return predict


def _plain(outputs: Any) -> Any:
    """Tables as their columns, each an array."""
    if hasattr(outputs, "columns"):
        return {str(name): outputs[name].to_numpy() for name in outputs.columns}
    return outputs.to_numpy() if hasattr(outputs, "to_numpy") else outputs


def _chosen(logged: _logged.Logged, loader: Any, adapter: str | None, trust: bool) -> Any:
    """The loader that a model needs, if it needs one."""
    flavors = logged.description.flavors
    # Code that was logged along is found by MLflow alone.
    alone = any(name in flavors for name in _PLAIN) and not flavors.get("python_function", {}).get("code")
    if loader is not None or adapter is not None or alone:
        return loader
    if not trust:
        kinds = ", ".join(name for name in flavors if name != "python_function") or "python_function"
        raise UndecidedError(
            f"MLflow loads a model of the flavor {kinds} by running what is in it",
            where=logged.uri,
            hint="give trust=True if you know who logged it, or bytes_only=True",
        )
    return _LOADER


def _example(logged: _logged.Logged) -> dict[str, dict[str, Any]]:
    """The input example that was logged, as one case."""
    hint = 'log it with input_example=..., or give inputs: cases={"input": array}; bytes_only=True needs none'
    example = logged.description.load_input_example(logged.folder)
    if example is None:
        raise UsageError("the model was logged without an input example, and no cases are given", where=logged.uri, hint=hint)
    if hasattr(example, "columns"):
        if all(isinstance(name, str) for name in example.columns) and example.columns.is_unique:
            return {"input-example": {name: example[name].to_numpy() for name in example.columns}}
        example = example.to_numpy()
    example = example.toarray() if hasattr(example, "toarray") else example
    if isinstance(example, Mapping):
        numpy = _needed("numpy", "numpy")
        return {"input-example": {str(name): numpy.asarray(value) for name, value in example.items()}}
    if hasattr(example, "dtype"):
        return {"input-example": {"input": example}}
    raise UsageError(
        f"the input example is a {type(example).__name__}, and not arrays", where=logged.uri, hint=hint.partition(", or ")[2]
    )


def _contract(logged: _logged.Logged) -> dict[str, Any] | None:
    """The contract in the model's folder, unchecked; empty where it cannot be read, which verification tells."""
    path = os.path.join(logged.folder, _logged.FOLDER, "contract.json")
    if not os.path.isfile(path):
        return None
    try:
        with open(path, encoding="utf-8") as file:
            document: dict[str, Any] = json.load(file)
            return {**document, "loading": document.get("loading") or {}}
    except (ValueError, TypeError, AttributeError):
        return {}


def _missing(logged: _logged.Logged, known: str | None) -> ReproofError:
    if known is None:
        hint = "make one with reproof.mlflow.record(model)"
        return UndecidedError("no contract was logged with the model", where=logged.uri, hint=hint)
    hint = "restore the folder `reproof` of the model, or log the model anew"
    return UndecidedError(f"its contract {known} is gone from the artifact store", where=logged.uri, hint=hint)


def _now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
