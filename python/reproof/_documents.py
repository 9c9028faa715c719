"""What the use cases give: documents, with faces for terminals, notebooks and files."""

from __future__ import annotations

import contextlib
import html
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from . import _reproof
from .errors import ContractBroken

# A page of its own inside a notebook, as high as a screen.
_FRAME = '<iframe srcdoc="{page}" sandbox="" style="width: 100%; height: 32em; border: 1px solid #8884"></iframe>'

# Rows of a table in a notebook.
_ROWS = 30


class Document(Mapping[str, Any]):
    """A document of Reproof: a dictionary whose entries are attributes too."""

    def __init__(self, text: str) -> None:
        self._entries: dict[str, Any] = json.loads(text)

    def __getitem__(self, name: str) -> Any:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __getattr__(self, name: str) -> Any:
        # What Python itself looks for is never an entry.
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._entries[name]
        except KeyError:
            known = ", ".join(self._entries)
            raise AttributeError(f"{type(self).__name__} has no {name}: it has {known}") from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._entries]

    def __repr__(self) -> str:
        lines = [f"{name}: {_brief(value)}" for name, value in self._entries.items()]
        return f"{type(self).__name__}(\n  " + "\n  ".join(lines) + "\n)"

    def _repr_html_(self) -> str:
        rows = [(name, _brief(value)) for name, value in self._entries.items()]
        return _table(rows)

    def to_dict(self) -> dict[str, Any]:
        """The document as plain dictionaries and lists, a copy."""
        copy: dict[str, Any] = json.loads(self.to_json())
        return copy

    def to_json(self) -> str:
        """The document as JSON."""
        return json.dumps(self._entries)


class Report(Document):
    """Whether an artifact keeps its promise: `verdict`, `summary`, `phases`, `cases`, `environment` and more."""

    def __init__(self, native: _reproof.Report) -> None:
        super().__init__(native.json())
        self._native = native

    @property
    def passed(self) -> bool:
        """Whether the required verdict is reached."""
        return self._native.passed

    def __bool__(self) -> bool:
        raise TypeError("a report is neither true nor false: ask report.passed, or let report.check() raise")

    def check(self) -> Report:
        """Raises `ContractBroken` unless the required verdict is reached; else gives the report."""
        if self.passed:
            return self
        artifact = self["artifact"]["path"]
        failed = self.failed_checks()
        hint = next((check["hint"] for check in failed if check.get("hint")), None)
        raise ContractBroken(self.to_text(), where=artifact, hint=hint, report=self)

    def failed_checks(self) -> list[dict[str, Any]]:
        """The checks that did not pass, in the order in which they were made."""
        checks = [check for phase in self["phases"] for check in phase["checks"]]
        return [check for check in checks if check["status"] == "fail"]

    def to_text(self, *, width: int | None = None, verbose: bool = False, colour: bool = False) -> str:
        """The checklist that the command line prints."""
        columns = width or shutil.get_terminal_size().columns
        return self._native.text(columns, colour, verbose)

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str:
        """The report as one self-contained page with pictures, also written to `path`."""
        return _written(self._native.html(), path)

    def to_junit(self, path: str | os.PathLike[str] | None = None) -> str:
        """The report as JUnit test suites, also written to `path`."""
        return _written(self._native.junit(), path)

    def to_sarif(self, path: str | os.PathLike[str] | None = None) -> str:
        """The report as SARIF, for code scanning, also written to `path`."""
        return _written(self._native.sarif(), path)

    def __repr__(self) -> str:
        return f"Report({self['verdict']}: {self['artifact']['path']}: {self['summary']})"

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return _frame(self._native.html())


class Recording(Document):
    """A contract that was made: `folder`, `digest`, `assurance`, `notes`, and the `contract` itself."""

    def __repr__(self) -> str:
        cases = len(self["contract"]["suite"])
        return f"Recording({self['folder']}: assurance {self['assurance']}, {cases} cases)"

    def _repr_html_(self) -> str:
        contract = self["contract"]
        rows = [
            ("recorded", self["folder"]),
            ("contract", self["digest"]),
            ("artifact", contract["artifact"]["artifact_digest"]),
            ("assurance", self["assurance"]),
            ("cases", ", ".join(case["name"] for case in contract["suite"]) or "none"),
            *(("checked", f"{check['id']}: {check['seen']}") for check in contract["honesty"]),
            *(("note", note) for note in self["notes"]),
        ]
        return _table(rows)


class Diff(Document):
    """What changed between two artifacts: `equal`, `summary`, `tensors`, `states`."""

    def __init__(self, native: _reproof.Diff) -> None:
        super().__init__(native.json())
        self._native = native

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str:
        """The comparison as one self-contained page with heat maps, also written to `path`."""
        return _written(self._native.html(), path)

    def __repr__(self) -> str:
        return f"Diff({'equal' if self['equal'] else 'different'}: {' '.join(self['summary'])})"

    def _repr_html_(self) -> str:
        return _frame(self._native.html())


class Scan(Document):
    """What would run or leak: `verdict`, `findings`, `coverage`."""

    def __init__(self, native: _reproof.Scan) -> None:
        super().__init__(native.json())
        self._native = native

    def to_text(self, *, width: int | None = None) -> str:
        """The findings as the command line prints them."""
        return self._native.text(width or shutil.get_terminal_size().columns)

    def to_sarif(self, path: str | os.PathLike[str] | None = None) -> str:
        """The findings as SARIF, also written to `path`."""
        return _written(self._native.sarif(), path)

    def __repr__(self) -> str:
        return f"Scan({self['verdict']}: {self['path']}, {len(self['findings'])} findings)"

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        findings = self["findings"]
        rows = [(finding["severity"], f"{finding.get('id')}: {_brief(finding.get('would'))}") for finding in findings]
        return _table([("verdict", self["verdict"]), *rows])


def _brief(value: Any) -> str:
    if isinstance(value, list):
        return f"{len(value)} entries" if len(value) != 1 else "1 entry"
    if isinstance(value, dict):
        return ", ".join(value) if value else "nothing"
    return str(value)


def _table(rows: list[tuple[str, str]]) -> str:
    shown = rows[:_ROWS]
    if len(rows) > _ROWS:
        shown.append(("", f"and {len(rows) - _ROWS} more"))
    cells = (f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>" for name, value in shown)
    return f"<table>{''.join(cells)}</table>"


def _frame(page: str) -> str:
    return _FRAME.format(page=html.escape(page, quote=True))


def _written(text: str, path: str | os.PathLike[str] | None) -> str:
    if path is not None:
        # So that it appears whole.
        place = os.path.abspath(os.fspath(path))
        beside, name = os.path.split(place)
        # A name of its own, from the system's random numbers: those of the user's are not touched.
        partial = os.path.join(beside, f".{name}.{uuid.uuid4().hex}")
        try:
            with open(partial, "x", encoding="utf-8") as file:
                file.write(text)
            os.replace(partial, place)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(partial)
            raise
    return text
