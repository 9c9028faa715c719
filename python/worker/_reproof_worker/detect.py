"""Which adapter an artifact needs, by its content."""

import os

from . import signature
from .failure import NoLoader, Unsupported

_HINT = "name one with --adapter, or write a loader and name it with --loader MODULE:FUNCTION"

# Adapters whose loader only builds what the weights of the artifact go into.
_BUILT = {"torch": "torch", "torch-module": "torch", "flax": "flax", "orbax": "orbax", "keras": "keras"}


def adapter(artifact, loader):
    """The adapter's name; a loader alone says `callable`, unless it builds what takes the artifact's weights."""
    found = _folder(artifact) if os.path.isdir(artifact) else _file(artifact)
    if loader:
        return _BUILT.get(found, "callable")
    if found is None:
        raise NoLoader("an adapter for what {} holds".format(os.path.basename(artifact)), _HINT)
    return found


def only_file(artifact):
    """The artifact, or the one file of a folder that holds a model."""
    if not os.path.isdir(artifact):
        return artifact
    found = [path for path in _files(artifact) if _file(path)]
    if len(found) != 1:
        raise Unsupported("a model file in {}: it holds {}".format(artifact, len(found)), "name the file itself")
    return found[0]


def _files(folder):
    return sorted(entry.path for entry in os.scandir(folder) if entry.is_file())


def _folder(folder):
    has = lambda *names: os.path.isfile(os.path.join(folder, *names))
    if has("modules.json"):
        return "sentence-transformers"
    if has("model_index.json"):
        raise Unsupported(
            "an adapter for pipelines of diffusers, which draw random numbers",
            "record each of its models by itself, such as the folder `unet` with --loader MODULE:FUNCTION",
        )
    if has("saved_model.pb"):
        return "savedmodel"
    if has("config.json"):
        return "transformers"
    if is_orbax(folder) or any(is_orbax(entry.path) for entry in os.scandir(folder) if entry.is_dir()):
        return "orbax"
    kinds = [kind for kind in map(_file, _files(folder)) if kind]
    return kinds[0] if len(kinds) == 1 else None


def is_orbax(folder):
    """Whether a folder is what Orbax writes: a tree of arrays, or a step of several items."""
    return any(os.path.isfile(os.path.join(folder, name)) for name in ("_METADATA", "_CHECKPOINT_METADATA"))


def _file(path):
    found = signature.kind(path)
    if found:
        return found
    with open(path, "rb") as file:
        start = file.read(8)
    # Pickles and compressed files may hold anything: the name says whose they are.
    named = path.endswith((".pkl", ".pickle", ".joblib"))
    compressed = start[:2] in (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", b"\x1f\x8b")
    if compressed or start.startswith(b"\xfd7zXZ"):
        return "sklearn" if named or path.endswith((".gz", ".z", ".xz")) else None
    return "sklearn" if named or start[:1] == b"\x80" else None
