"""Which adapter an artifact needs, by its content."""

import os
import zipfile

from .failure import NoLoader, Unsupported

_HINT = "name one with --adapter, or write a loader and name it with --loader MODULE:FUNCTION"


def adapter(artifact, loader):
    """The adapter's name; a loader alone says `callable`, unless it builds the module of a torch checkpoint."""
    found = _folder(artifact) if os.path.isdir(artifact) else _file(artifact)
    if loader:
        return "torch" if found in ("torch", "torch-module") else "callable"
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
    if os.path.isfile(os.path.join(folder, "config.json")):
        return "transformers"
    kinds = [kind for kind in map(_file, _files(folder)) if kind]
    return kinds[0] if len(kinds) == 1 else None


def _file(path):
    with open(path, "rb") as file:
        start = file.read(64)
    if start.startswith(b"PK"):
        return _zip(path)
    if start[:1] == b"\x80":
        # The legacy format of torch.save begins with a pickle of its magic number.
        return "torch" if b"\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19" in start else "sklearn"
    # zlib, gzip and xz: joblib's usual compressions.
    compressed = start[:2] in (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", b"\x1f\x8b")
    if compressed or start.startswith(b"\xfd7zXZ"):
        return "sklearn" if path.endswith((".joblib", ".pkl", ".pickle", ".gz", ".z", ".xz")) else None
    if path.endswith((".pkl", ".pickle", ".joblib")):
        return "sklearn"
    return None


def _zip(path):
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.partition("/")[2] for name in archive.namelist()}
    except (zipfile.BadZipFile, OSError):
        return None
    if "constants.pkl" in names:
        return "torchscript"
    if "archive_format" in names or "serialized_exported_program.json" in names or "models/model.json" in names:
        return "torch-export"
    return "torch" if "data.pkl" in names else None
