"""What can go wrong: what happened, where, and what to do about it."""

from __future__ import annotations

import re

__all__ = ["ContractBroken", "RefusedError", "ReproofError", "UndecidedError", "UsageError"]

# Options that are on or off on the command line.
_SWITCHES = ("trust", "network", "bytes-only", "sha256", "fail-fast")


class ReproofError(Exception):
    """Everything that this package raises by itself."""

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        self.what = _as_arguments(what)
        self.where = where
        self.hint = None if hint is None else _as_arguments(hint)
        super().__init__(self.what)

    def __str__(self) -> str:
        lines = [self.what if self.where is None or self.where in self.what else f"{self.where}: {self.what}"]
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)


class UsageError(ReproofError, ValueError):
    """The question makes no sense: a wrong argument, a missing file, a contract that is there already."""


class RefusedError(ReproofError):
    """The model itself did something wrong: it does not load, or does not deserve a golden."""


class UndecidedError(ReproofError):
    """There is no answer: something could not be read, is lacking here, or took too long."""


class ContractBroken(ReproofError):
    """The promise is broken, or it could not be found out whether it is kept. `report` has the whole story."""

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None, report: object = None) -> None:
        super().__init__(what, where=where, hint=hint)
        self.report = report


def _as_arguments(text: str) -> str:
    """The options of the command line in the words of this package; commands in backquotes stay commands."""
    parts = text.split("`")
    for index in range(0, len(parts), 2):
        part = re.sub(r"--(loader|runner|adapter|allow|device|relation) ([\w.:*-]*\w)", _quoted, parts[index])
        part = re.sub(r"--(\w[\w-]*)( (?:[A-Z]{2,}|DIR|[A-Z]+:[A-Z]+))?", _named, part)
        parts[index] = part
    return "`".join(parts)


def _quoted(match: re.Match[str]) -> str:
    name, value = match.groups()
    if value.isupper() or ":" in value and value == value.upper():
        return f"{name}="
    return f'{name}="{value}"'


def _named(match: re.Match[str]) -> str:
    name = match.group(1)
    value = "True" if name in _SWITCHES else ""
    return f"{name.replace('-', '_')}={value}"
