"""Every piece of state that a training can lose is named when it is lost, and no other."""

import json
import pathlib
import subprocess
import sys

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "python" / "training"

# The step in which a loss of training must differ first; none for what never reaches one.
FIRST_LOSS = {
    "optimizer": 2, "exp-avg": 2, "exp-avg-sq": 2, "adam-step": 2, "groups": 2, "order": 2, "scheduler": 3,
    "torch-random": 1, "numpy-random": 1, "python-random": 1, "generator": 1, "position": 1, "fetching": 1,
    "workers-1": 1, "workers-3": 1, "modes": 1, "buffers": None, "ema": None, "ema-updates": None,
}  # fmt: skip


def first_loss(report):
    """The number of the first step, from 1, whose loss differs."""
    loss = next(stream for stream in report["streams"] if stream["stream"] == "loss")
    return None if loss["first"] is None else loss["first"]["step"] - report["step"]


def test_what_was_lost_is_named_and_nothing_else(tmp_path):
    # In a process of its own: it forks, and this one has run trainings of others on several threads.
    done = subprocess.run(
        [sys.executable, SCRIPTS / "ablations.py", tmp_path], capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(told) == 32
    reports = {line["piece"]: line["report"] for line in told}
    failed = [piece for piece, report in reports.items() if report is None]
    assert failed == ["order-of-shapes"]
    named = {line["piece"]: line["expected"] for line in told if line["report"] is not None}
    found = {piece: reports[piece]["findings"] for piece in named}
    assert {piece: sorted({finding["cause"] for finding in findings}) for piece, findings in found.items()} == named
    assert all(finding["fix"] for findings in found.values() for finding in findings)
    assert all(stream["verdict"] == "identical" for stream in reports[""]["streams"])
    assert {piece: first_loss(reports[piece]) for piece in FIRST_LOSS} == FIRST_LOSS
