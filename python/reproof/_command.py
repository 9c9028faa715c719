"""Where the `reproof` command is that the wheel brought along."""

from __future__ import annotations

import functools
import os
import shutil
import sysconfig
from collections.abc import Iterator
from importlib import metadata

from .errors import UndecidedError

_NAME = "reproof.exe" if os.name == "nt" else "reproof"


@functools.cache
def command() -> str:
    """The path of the command, which serves in-process engines and works in the background."""
    for candidate in _candidates():
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return os.path.abspath(candidate)
    raise UndecidedError(
        "the command `reproof` is not installed beside this package",
        hint="install the wheel, which has it, or put the command on the PATH",
    )


def _candidates() -> Iterator[str]:
    # What was installed with this very package, wherever that is.
    try:
        files = metadata.files("reproof") or []
    except metadata.PackageNotFoundError:
        files = []
    yield from (str(file.locate()) for file in files if file.name == _NAME)
    # `pip install --target` lists other places than it uses.
    beside = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    yield os.path.join(beside, "bin", _NAME)
    yield os.path.join(sysconfig.get_path("scripts"), _NAME)
    found = shutil.which(_NAME)
    if found:
        yield found
