"""The use cases: record, verify, and what reads without executing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from . import _live, _options, _reproof
from ._documents import Diff, Document, Recording, Report, Scan
from ._options import Loader, Path, optional, shown, there
from ._tensors import digest_live, is_live


def record(
    path: Path,
    *,
    cases: Any = None,
    model: Any = None,
    preprocess: Any = None,
    loader: Loader | None = None,
    adapter: str | None = None,
    trust: bool = False,
    contract: Path | None = None,
    allow: Iterable[str] = (),
    tolerances: Mapping[str, tuple[float, float]] | None = None,
    budget: float | None = None,
    bytes_only: bool = False,
    freeze: bool | str = False,
    private: bool = False,
    seeds: Mapping[str, int] | None = None,
    notes: Mapping[str, str] | None = None,
    owner: str | None = None,
    project: Path | None = None,
    saved_in: str | None = None,
    runner: str | None = None,
    python: Path | None = None,
    onnxruntime: Path | None = None,
    network: bool = False,
    device: str = "cpu",
    threads: int | None = None,
    options: Mapping[str, str] | None = None,
    timeout: float = 600.0,
    memory_limit: int | None = None,
) -> Recording:
    """Makes the contract of the artifact at `path`: what it promises from now on.

    `cases` are inputs by name, several of them by the name of each case, or files. The goldens are what a fresh process
    of this interpreter makes of the saved files. `model` is the live model that was saved: it runs the same cases
    here, and recording is refused where the saved one does something else. `preprocess` names files, or functions
    whose files are kept in the contract. `loader` is the function, or its name `module:function`, that builds or loads
    the model in a fresh process. Without cases the contract covers bytes and weights.

    `freeze` keeps the model's graph in the contract, proved against the goldens: `True` or "auto" for ONNX where it can
    be written, "onnx", or "native" for the framework's own. `private` keeps inputs and goldens in a folder of yours
    outside the artifact. `budget` and `timeout` are seconds, `memory_limit` bytes.
    """
    place = there(path)
    told = _options.Recording(
        engine=_options.engine(
            runner=runner,
            python=python,
            onnxruntime=onnxruntime,
            adapter=adapter,
            loader=loader,
            trust=trust,
            network=network,
            device=device,
            threads=threads,
            options=options,
            timeout=timeout,
            memory_limit=memory_limit,
        ),
        contract=optional(contract),
        bytes_only=bytes_only,
        freeze="auto" if freeze is True else freeze or None,
        private=private,
        budget=budget,
        saved_in=saved_in,
        project=optional(project),
        owner=owner,
        allow=[allow] if isinstance(allow, str) else list(allow),
        preprocess=_options.preprocessing(preprocess),
        seeds=dict(seeds or {}),
        notes=dict(notes or {}),
        tolerances=dict(tolerances or {}),
    )
    _options.add_cases(told, cases)
    if model is None:
        return Recording(_reproof.record(place, told))
    with _live.running(model, place, threads or 1) as told.live:
        return Recording(_reproof.record(place, told))


def verify(
    path: Path,
    *,
    contract: Path | None = None,
    require: str = "equivalent",
    relation: str | None = None,
    expect: str | None = None,
    bytes_only: bool = False,
    fail_fast: bool = False,
    sha256: bool = False,
    keep: Path | None = None,
    resume: str | None = None,
    resume_entry: Loader | None = None,
    diagnose: float | bool = False,
    loader: Loader | None = None,
    adapter: str | None = None,
    trust: bool = False,
    runner: str | None = None,
    python: Path | None = None,
    onnxruntime: Path | None = None,
    network: bool = False,
    device: str = "cpu",
    threads: int | None = None,
    options: Mapping[str, str] | None = None,
    timeout: float = 600.0,
    memory_limit: int | None = None,
) -> Report:
    """Verifies that the artifact at `path` keeps its promise: load, execute, validate, in a fresh process.

    A broken promise is a report, not an exception: `verify(path).check()` raises. `timeout` is seconds, `memory_limit`
    bytes. With `resume`, a command in which `{checkpoint}` stands for a copy of the artifact, or `resume_entry`, a
    function that is called with its path, training is resumed too and its next steps are compared with those that
    were recorded. With `diagnose`, a report that is not identical says why as `report["diagnosis"]`: causes with what
    proves them, where the difference starts, and the experiments, of which none begins after two minutes, or as many
    seconds as are given.
    """
    place = there(path)
    told = _options.Verification(
        engine=_options.engine(
            runner=runner,
            python=python,
            onnxruntime=onnxruntime,
            adapter=adapter,
            loader=loader,
            trust=trust,
            network=network,
            device=device,
            threads=threads,
            options=options,
            timeout=timeout,
            memory_limit=memory_limit,
        ),
        contract=optional(contract),
        relation=relation,
        expect=expect,
        require=require,
        bytes_only=bytes_only,
        fail_fast=fail_fast,
        sha256=sha256,
        keep=optional(keep),
        resume=resume,
        resume_entry=_options.entry(resume_entry),
        diagnose=_options.patience(diagnose),
        shown=shown(place),
    )
    return Report(_reproof.verify(place, told))


def digest(artifact: Any, *, model: str | None = None) -> Document:
    """The digests of a saved artifact, or of a live model, state dict or tensors by name.

    Live tensors are hashed where they lie. `weights_digest` of a live model is that of the files that hold the same
    names and values.
    """
    if is_live(artifact):
        return digest_live(artifact)
    return Document(_reproof.digest(there(artifact), model))


def inspect(path: Path, *, digest: bool = False, model: str | None = None) -> Document:
    """What an artifact holds: format, tensors, training state, graph, metadata. Nothing of it runs."""
    return Document(_reproof.inspect(there(path), digest, model))


def diff(a: Path, b: Path, *, bits: bool = False, part: str | None = None) -> Diff:
    """What changed between two artifacts, tensor by tensor and state by state. Nothing of them runs."""
    first, second = there(a), there(b)
    return Diff(_reproof.diff(first, second, bits, part, (shown(first), shown(second))))


def scan(path: Path, *, deep: bool = False, fail_on: str = "warning") -> Scan:
    """What would run or leak if the artifact were loaded. Nothing of it runs."""
    place = there(path)
    return Scan(_reproof.scan(os.fspath(place), deep, fail_on, shown(place)))
