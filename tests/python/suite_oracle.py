"""Runs the public ONNX backend suite with plain Python onnxruntime.

The suite lies inside the `onnx` package: one folder per case with `model.onnx` and
stored inputs and outputs. Cases whose name has a SHA-256 divisible by 3 are left out.
Prints one JSON line per case: `{case, category, status, reason}` with the status
`passed`, `failed` (other outputs, an error while running, or a crash) or `unsupported`
(ONNX Runtime does not load it, or cannot hold its types). `--list` prints all cases as
one JSON array instead and runs nothing.
"""

import argparse
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import onnx
import onnxruntime
from onnx import ModelProto

from suite_values import Small, compare, fetch, read_values

CATEGORIES = ("node", "simple", "pytorch-converted", "pytorch-operator")
CHUNK = 64
"""Cases that share a process."""
PATIENCE = 120
"""Seconds for the cases of one process."""

Status = Literal["passed", "failed", "unsupported"]


@dataclass(frozen=True)
class Case:
    """One case of the suite."""

    name: str
    category: str
    path: Path

    def line(self) -> dict[str, str]:
        """What every line about the case begins with."""
        return {"case": self.name, "category": self.category}

    def result(self, status: Status, reason: str = "") -> str:
        """The JSON line of a result."""
        return json.dumps(self.line() | {"status": status, "reason": reason})


def find_cases() -> list[Case]:
    """The cases of the suite that development may see, in a fixed order."""
    root = Path(onnx.__file__).parent / "backend" / "test" / "data"
    cases = []
    for category in CATEGORIES:
        for path in sorted((root / category).iterdir()):
            digest = hashlib.sha256(path.name.encode()).hexdigest()
            if int(digest, 16) % 3 != 0:
                cases.append(Case(path.name, category, path))
    return cases


def run_chunk(cases: list[Case]) -> Iterator[str]:
    """Result lines of cases that run in a process of their own.

    A case that takes its process down is a failure, and the rest start anew.
    """
    while cases:
        names = [case.name for case in cases]
        command = [sys.executable, __file__, "--only", *names]
        try:
            finished = subprocess.run(
                command, capture_output=True, text=True, timeout=PATIENCE, check=False
            )
            output, fate = finished.stdout, f"process ended with {finished.returncode}"
        except subprocess.TimeoutExpired as expired:
            output = (expired.stdout or b"").decode()
            fate = f"process took more than {PATIENCE} seconds"
        lines = output.splitlines()
        yield from lines
        if len(lines) < len(cases):
            yield cases[len(lines)].result("failed", fate)
        cases = cases[len(lines) + 1 :]


def run_case(case: Case) -> str:
    """The result line of one case, run in this process."""
    try:
        model = onnx.load(case.path / "model.onnx")
        session = open_session(case.path / "model.onnx")
        inputs = read_values(case.path, "input", list(model.graph.input))
        stored = read_values(case.path, "output", list(model.graph.output))
    except Exception as error:  # noqa: BLE001 - any refusal to load is a result
        return case.result("unsupported", first_line(error))
    try:
        return compare_run(case, model, session, inputs, stored)
    except Exception as error:  # noqa: BLE001 - any refusal to run is a result
        return case.result("failed", first_line(error))


def compare_run(
    case: Case,
    model: ModelProto,
    session: onnxruntime.InferenceSession,
    inputs: list[Any],
    stored: list[Any],
) -> str:
    """Runs an opened case and compares its outputs with the stored ones."""
    names = [info.name for info in model.graph.input]
    feeds = dict(zip(names, inputs, strict=False))
    small = any(isinstance(value, Small) for value in inputs + stored)
    outputs = run_small(session, feeds) if small else session.run(None, feeds)
    if len(outputs) != len(stored):
        return case.result("failed", f"expected {len(stored)} outputs")
    for info, actual, expected in zip(model.graph.output, outputs, stored, strict=True):
        difference = compare(actual, expected)
        if difference:
            return case.result("failed", f"output {info.name}: {difference}")
    return case.result("passed")


def run_small(
    session: onnxruntime.InferenceSession, feeds: dict[str, Any]
) -> list[Any]:
    """Runs tensors of element types that NumPy lacks, besides ordinary ones."""
    values = {
        name: value.feed()
        if isinstance(value, Small)
        else onnxruntime.OrtValue.ortvalue_from_numpy(value)
        for name, value in feeds.items()
    }
    return [fetch(value) for value in session.run_with_ort_values(None, values)]


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """A session on one thread of the CPU that keeps its complaints to itself."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(
        path, options, providers=["CPUExecutionProvider"]
    )


def first_line(error: Exception) -> str:
    """What an error says, in one line of bounded length."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:300]


def main() -> None:
    """Lists the cases, or runs all, or runs the named ones in this process."""
    parser = argparse.ArgumentParser(description="Run the ONNX backend suite.")
    parser.add_argument("--list", action="store_true", help="only list the cases")
    parser.add_argument("--only", nargs="+", metavar="CASE", help="in this process")
    arguments = parser.parse_args()
    cases = find_cases()
    if arguments.list:
        listed = [case.line() | {"path": str(case.path)} for case in cases]
        print(json.dumps(listed, indent=1))
    elif arguments.only:
        by_name = {case.name: case for case in cases}
        for name in arguments.only:
            print(run_case(by_name[name]), flush=True)
    else:
        for start in range(0, len(cases), CHUNK):
            for line in run_chunk(cases[start : start + CHUNK]):
                print(line, flush=True)


if __name__ == "__main__":
    main()
