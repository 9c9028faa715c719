"""Models that MLflow keeps: where one lies, its files in a scratch folder, and the tags that tell of it.

Public functions of MLflow alone, of its versions 2 and 3. In 3 a model is a thing of its own with an id; in 2 it is a
folder among the artifacts of its run.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ._load import _needed
from .errors import ReproofError, UndecidedError, UsageError

FOLDER = "reproof"

# What MLflow adds to every copy of a registered model that it downloads, and no part of what was logged.
_ADDED = "registered_model_meta"

_SPELLINGS = "give what log_model returned, or runs:/RUN/NAME, models:/m-ID, models:/NAME/VERSION or models:/NAME@ALIAS"


class MirrorWarning(UserWarning):
    """A verdict that could not be written into tags, and why."""


@dataclass
class Logged:
    """A logged model and everything that tells of it."""

    client: Any
    uri: str
    run: str | None = None
    # Below the artifacts of the run; the name of the model in MLflow 3.
    path: str | None = None
    # The model's own id, from MLflow 3 on.
    identity: str | None = None
    versions: list[tuple[str, str]] = field(default_factory=list)
    folder: str = ""
    description: Any = None

    def tags(self) -> dict[str, str]:
        """The tags of the most particular thing that has some of ours."""
        for name, number in self.versions:
            found = dict(self.client.get_model_version(name, number).tags)
            if "reproof.contract" in found:
                return found
        if self.identity is not None:
            return dict(self.client.get_logged_model(self.identity).tags)
        found = dict(self.client.get_run(self.run).data.tags) if self.run else {}
        # A run may hold several models, and one set of tags.
        return found if found.get("reproof.model") == self.path else {}

    def mirror(self, tags: dict[str, str]) -> None:
        """Writes tags on the run, the model and its registered versions. A verdict never fails for want of a tag."""
        for name, number in self.versions:
            with _warned(f"version {number} of {name}"):
                for key, value in tags.items():
                    self.client.set_model_version_tag(name, number, key, value)
        if self.identity is not None:
            with _warned(f"model {self.identity}"):
                self.client.set_logged_model_tags(self.identity, tags)
        if self.run is not None:
            with _warned(f"run {self.run}"):
                for key, value in {**tags, "reproof.model": self.identity or self.path or self.uri}.items():
                    self.client.set_tag(self.run, key, value)

    def keep(self) -> None:
        """Uploads the contract into the model's own folder, the document that makes it one last."""
        with tempfile.TemporaryDirectory(prefix="reproof-") as scratch, _asked(self.uri):
            for stage, chosen in (("files", False), ("contract", True)):
                inner = os.path.join(scratch, stage, FOLDER)
                shutil.copytree(os.path.join(self.folder, FOLDER), inner, ignore=_only("contract.json", chosen))
                if self.identity is not None:
                    self.client.log_model_artifacts(self.identity, os.path.dirname(inner))
                else:
                    self.client.log_artifacts(self.run, inner, f"{self.path}/{FOLDER}" if self.path else FOLDER)

    def check_place(self) -> None:
        """A contract needs a place that belongs to the model."""
        if self.identity is None and (self.run is None or self.path is None):
            raise UsageError(
                "it lies outside the artifacts of its run, where nothing can be added",
                where=self.uri,
                hint="record what log_model returned, before it is registered",
            )


@contextlib.contextmanager
def fetched(model: Any) -> Iterator[Logged]:
    """A logged model with its files in a scratch folder: what MLflow keeps is never touched."""
    mlflow = _needed("mlflow", "mlflow")
    uri = str(getattr(model, "model_uri", model))
    with tempfile.TemporaryDirectory(prefix="reproof-") as scratch:
        with _asked(uri):
            logged = _resolved(mlflow, uri)
            logged.folder = _downloaded(mlflow, logged, scratch)
            if not os.path.isfile(os.path.join(logged.folder, "MLmodel")):
                raise UsageError("there is no model: the folder has no MLmodel", where=uri, hint=_SPELLINGS)
            logged.description = mlflow.models.Model.load(logged.folder)
            _identify(logged)
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(logged.folder, _ADDED))
        try:
            yield logged
        except ReproofError as error:
            # Nobody knows the scratch folder.
            error.what = error.what.replace(logged.folder, uri)
            error.where = uri if error.where is None else error.where.replace(logged.folder, uri)
            raise


def _downloaded(mlflow: Any, logged: Logged, scratch: str) -> str:
    try:
        return str(mlflow.artifacts.download_artifacts(artifact_uri=logged.uri, dst_path=scratch)).rstrip("/")
    except mlflow.exceptions.MlflowException:
        # MLflow 2 does not tell what is not there from what it cannot reach.
        if logged.uri.startswith("runs:/") and not logged.client.list_artifacts(logged.run, logged.path):
            raise UsageError(f"the run has no model at {logged.path}", where=logged.uri, hint=_SPELLINGS) from None
        raise


def _resolved(mlflow: Any, uri: str) -> Logged:
    client = mlflow.MlflowClient()
    kind, _, rest = uri.partition(":/")
    rest = rest.strip("/")
    if kind == "runs" and "/" in rest:
        run, _, path = rest.partition("/")
        client.get_run(run)
        return Logged(client, uri, run=run, path=path)
    if kind == "models" and _is_identity(rest) and hasattr(client, "get_logged_model"):
        found = client.get_logged_model(rest)
        return Logged(client, uri, run=found.source_run_id, path=found.name, identity=rest)
    if kind == "models" and ("/" in rest or "@" in rest):
        version = _version(client, uri, rest)
        # An alias may be moved while we work.
        logged = Logged(client, f"models:/{version.name}/{version.version}", versions=[(version.name, str(version.version))])
        logged.run = version.run_id or None
        source = str(version.source or "")
        if source.startswith("models:/") and _is_identity(source.removeprefix("models:/")):
            logged.identity = source.removeprefix("models:/")
        elif logged.run is not None:
            logged.path = next((_below(source, base) for base in _bases(client, logged.run) if _below(source, base)), None)
        return logged
    raise UsageError(f"{uri} names no logged model", where=uri, hint=_SPELLINGS)


def _is_identity(text: str) -> bool:
    """Whether this is a model's own id, and not a name with a version or an alias."""
    return text.startswith("m-") and "/" not in text and "@" not in text


def _version(client: Any, uri: str, rest: str) -> Any:
    if "@" in rest:
        return client.get_model_version_by_alias(*rest.rsplit("@", 1))
    name, _, number = rest.rpartition("/")
    if number == "latest":
        versions = client.search_model_versions(f"name = '{name}'")
        if versions:
            return max(versions, key=lambda version: int(version.version))
    elif number.isdigit():
        return client.get_model_version(name, number)
    raise UsageError(f"there is no version {number} of {name}", where=uri, hint=_SPELLINGS)


def _identify(logged: Logged) -> None:
    """Completes what the address did not tell: the model's id, and the versions under which it is registered."""
    if logged.run is None:
        return
    told = getattr(logged.description, "model_id", None)
    outputs = getattr(logged.client.get_run(logged.run), "outputs", None)
    # The file MLmodel is believed only where the run says the same.
    if logged.identity is None and told and outputs is not None:
        logged.identity = next((model.model_id for model in outputs.model_outputs if model.model_id == told), None)
    places = [f"models:/{logged.identity}"] if logged.identity else []
    if logged.path is not None:
        places += [f"{base}/{logged.path}" for base in _bases(logged.client, logged.run)]
    # Whoever may read models and no registry has a verdict all the same.
    with _warned("the registry"):
        for version in logged.client.search_model_versions(f"run_id = '{logged.run}'"):
            found = (version.name, str(version.version))
            if str(version.source).rstrip("/") in places and found not in logged.versions:
                logged.versions.append(found)


def _bases(client: Any, run: str) -> tuple[str, str]:
    """How the artifacts of a run are spelt in the source of a registered version."""
    return client.get_run(run).info.artifact_uri.rstrip("/"), f"runs:/{run}"


def _below(source: str, base: str) -> str | None:
    return source[len(base) + 1 :].strip("/") or None if source.startswith(base + "/") else None


def _only(name: str, chosen: bool) -> Any:
    """For `copytree`: this one file of the topmost folder, or everything else."""

    def ignored(folder: str, names: list[str]) -> list[str]:
        topmost = os.path.basename(folder) == FOLDER and name in names
        return [other for other in names if chosen != (topmost and other == name)]

    return ignored


@contextlib.contextmanager
def _asked(uri: str) -> Iterator[None]:
    """What MLflow raises, in the words of this package."""
    mlflow = _needed("mlflow", "mlflow")
    try:
        yield
    except mlflow.exceptions.MlflowException as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "NOT_FOUND", "BAD_REQUEST"):
            raise UsageError(f"MLflow knows no such model: {first}", where=uri, hint=_SPELLINGS) from error
        raise UndecidedError(f"MLflow gave no answer: {first}", where=uri) from error
    except OSError as error:
        raise UsageError(f"MLflow has no such files: {error}", where=uri, hint=_SPELLINGS) from error


@contextlib.contextmanager
def _warned(place: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        warnings.warn(f"{place} has no tags of this verdict: {error}", MirrorWarning, stacklevel=4)
