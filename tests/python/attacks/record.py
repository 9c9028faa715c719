"""The list of what was written."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Expectation = Literal["dangerous", "flagged", "refused", "bounded", "clean"]
"""Something dangerous is reported; that, or the file is refused; the file is refused with a reason; it is read or
refused with little time and memory; it is read without any finding of danger."""


@dataclass(frozen=True)
class Hostile:
    """A file or folder, and what a reader owes it."""

    path: str
    family: str
    dangerous: bool
    """Whether its own framework would run code that the file chose."""
    expect: Expectation
    needs: str
    """What must be found, or why the file must be refused."""


class Record:
    """A folder that is being filled, and the list of what it holds."""

    def __init__(self, folder: Path) -> None:
        """Starts with an empty list."""
        self.folder = folder
        self.listed: list[Hostile] = []

    def path(self, family: str, name: str) -> Path:
        """Where to write something; its folder exists."""
        path = self.folder / family / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def dangerous(self, family: str, name: str, content: bytes, needs: str) -> None:
        """A file that would run code."""
        self.path(family, name).write_bytes(content)
        self.entry(family, name, "dangerous", needs)

    def flagged(self, family: str, name: str, content: bytes, needs: str) -> None:
        """A file that would run code and may be refused before that is seen."""
        self.path(family, name).write_bytes(content)
        self.entry(family, name, "flagged", needs)

    def refused(self, family: str, name: str, content: bytes, needs: str) -> None:
        """A file that no reader may accept."""
        self.path(family, name).write_bytes(content)
        self.entry(family, name, "refused", needs)

    def bounded(self, family: str, name: str, content: bytes, needs: str) -> None:
        """A file that asks for more than it is worth."""
        self.path(family, name).write_bytes(content)
        self.entry(family, name, "bounded", needs)

    def clean(self, family: str, name: str, content: bytes, needs: str) -> None:
        """A file that only looks dangerous."""
        self.path(family, name).write_bytes(content)
        self.entry(family, name, "clean", needs)

    def entry(self, family: str, name: str, expect: Expectation, needs: str) -> None:
        """Lists what was written already."""
        dangerous = expect in ("dangerous", "flagged")
        self.listed.append(
            Hostile(f"{family}/{name}", family, dangerous, expect, needs)
        )

    def empty_folder(self, family: str, name: str) -> Path:
        """A folder without what an earlier run left."""
        path = self.path(family, name)
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        return path

    def save(self) -> None:
        """Writes the list."""
        text = json.dumps([asdict(hostile) for hostile in self.listed], indent=1)
        (self.folder / "hostile.json").write_text(text + "\n", encoding="utf-8")
