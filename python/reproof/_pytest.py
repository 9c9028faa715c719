"""The pytest plugin: `def test_model(reproof): reproof.verify("model.pt2")`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

import reproof as package

from ._compare import Comparison
from ._documents import Document, Recording, Report
from .errors import ReproofError

T = TypeVar("T")


class Checker:
    """What the fixture gives: the functions of the package, where a broken promise fails the test and says why."""

    def __init__(self, folder: str | None, test: str) -> None:
        self._folder = folder
        self._test = test
        self._pages = 0

    def verify(self, path: str | os.PathLike[str], **options: Any) -> Report:
        """As `reproof.verify`; fails the test unless the required verdict is reached."""
        __tracebackhide__ = True
        report = _guarded(package.verify, path, **options)
        if not report.passed:
            pytest.fail(self._told(report), pytrace=False)
        return report

    def compare(self, expected: Any, actual: Any, *, absolute: float = 0.0, relative: float = 0.0) -> Comparison:
        """As `reproof.compare`; fails the test unless every bit is equal, or every difference within the tolerance."""
        __tracebackhide__ = True
        comparison = _guarded(package.compare, expected, actual)
        tolerated = (absolute > 0 or relative > 0) and comparison.within(absolute=absolute, relative=relative)
        if not comparison.identical and not tolerated:
            lines = [
                f"{difference.path or 'value'}: {difference.statement}"
                for difference in comparison
                if difference.kind != "identical"
            ]
            pytest.fail("the values differ\n  " + "\n  ".join(lines), pytrace=False)
        return comparison

    def record(self, path: str | os.PathLike[str], **options: Any) -> Recording:
        __tracebackhide__ = True
        return _guarded(package.record, path, **options)

    def digest(self, artifact: Any, **options: Any) -> Document:
        __tracebackhide__ = True
        return _guarded(package.digest, artifact, **options)

    def load(self, path: str | os.PathLike[str], **options: Any) -> Any:
        __tracebackhide__ = True
        return _guarded(package.load, path, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(package, name)

    def _told(self, report: Report) -> str:
        lines = [f"{report['verdict']}: {report['artifact']['path']}", report["summary"], ""]
        for case in report["cases"]:
            for output in case["outputs"]:
                if output["verdict"] not in ("identical", "equivalent", "tolerated"):
                    statement = output["evidence"]["statement"]
                    lines.append(f"  case {case['name']}, output {output['name']}: {output['verdict']}: {statement}")
        for check in report.failed_checks():
            if check["id"] == "validate.output":
                continue
            found = f": {check['actual']}" if check.get("actual") else ""
            lines.append(f"  {check['id']}: {check['title']}{found}")
            if check.get("hint"):
                lines.append(f"    hint: {check['hint']}")
        causes = report["environment"]["differences"]
        if causes:
            lines.append("  the environment is not the recorded one:")
            lines += [f"    {cause['item']}: {cause['recorded']} -> {cause['current']}" for cause in causes[:5]]
        if self._folder is not None:
            lines.append(f"  page: {self._page(report)}")
        return "\n".join(lines)

    def _page(self, report: Report) -> str:
        assert self._folder is not None
        os.makedirs(self._folder, exist_ok=True)
        self._pages += 1
        name = re.sub(r"[^\w.-]+", "-", self._test).strip("-")
        path = os.path.join(self._folder, f"{name}-{self._pages}.html")
        report.to_html(path)
        return path


def _guarded(function: Callable[..., T], *arguments: Any, **options: Any) -> T:
    """What went wrong in the package's words, without a traceback through it."""
    __tracebackhide__ = True
    try:
        return function(*arguments, **options)
    except ReproofError as error:
        told = f"{type(error).__name__}: {error}"
    pytest.fail(told, pytrace=False)


def pytest_addoption(parser: Any) -> None:
    parser.getgroup("reproof").addoption(
        "--reproof-html", metavar="DIR", default=None, help="write a page for each broken promise into this folder"
    )


@pytest.fixture(name="reproof")
def _reproof_fixture(request: Any) -> Checker:
    """Verifies saved models: `reproof.verify(path)` fails the test when a promise is broken."""
    return Checker(request.config.getoption("--reproof-html"), request.node.nodeid)
