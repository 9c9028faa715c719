"""What the experiment on a loader found, as a table."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, overload

from .._documents import _table

_WIDTH = 110


@dataclass(frozen=True)
class Finding:
    """One way in which the data would not come again, with what was seen and what to do."""

    id: str
    # `wrong` never comes again; `caution` comes again as long as something stays as it is.
    level: Literal["wrong", "caution"]
    sentence: str
    evidence: tuple[str, ...]
    fix: str


@dataclass(frozen=True)
class Findings(Sequence[Finding]):
    """The findings, and under `checked` what was tried with its outcome, also where nothing was found."""

    found: tuple[Finding, ...]
    checked: tuple[tuple[str, str], ...]

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong; cautions are allowed."""
        return not any(finding.level == "wrong" for finding in self.found)

    @property
    def ids(self) -> list[str]:
        return [finding.id for finding in self.found]

    def to_dict(self) -> dict[str, Any]:
        checked = [{"experiment": experiment, "outcome": outcome} for experiment, outcome in self.checked]
        return {"passed": self.passed, "findings": [asdict(finding) for finding in self.found], "checked": checked}

    def to_json(self) -> str:
        return json.dumps(self.to_dict())

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Finding]: ...
    def __getitem__(self, index: int | slice) -> Finding | Sequence[Finding]:
        return self.found[index]

    def __len__(self) -> int:
        return len(self.found)

    def __repr__(self) -> str:
        if not self.found:
            return "\n".join(["Findings: none", *self._experiments()])
        width = max(len(finding.id) for finding in self.found)
        lines = [f"Findings: {len(self.found)}"]
        for finding in self.found:
            lines += _wrapped(f"  {finding.level:7}  {finding.id:{width}}  ", finding.sentence)
            for seen in finding.evidence:
                lines += _wrapped(f"  {'':7}  {'seen':>{width}}  ", seen)
            lines += _wrapped(f"  {'':7}  {'fix':>{width}}  ", finding.fix)
        return "\n".join([*lines, *self._experiments()])

    def _repr_html_(self) -> str:
        rows = [(finding.id, " ".join([finding.sentence, *finding.evidence, finding.fix])) for finding in self.found]
        return _table([*rows, *self.checked])

    def _experiments(self) -> list[str]:
        width = max((len(experiment) for experiment, _ in self.checked), default=0)
        lines = ["Tried:"]
        for experiment, outcome in self.checked:
            lines += _wrapped(f"  {experiment:{width}}  ", outcome)
        return lines


def _wrapped(head: str, text: str) -> list[str]:
    wide = max(_WIDTH, len(head) + 40)
    return textwrap.wrap(text, wide, initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False)
