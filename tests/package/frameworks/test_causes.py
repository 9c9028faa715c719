"""Every piece of state that a training can lose is named when it is lost, and no other."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "python" / "training"))
import ablations  # noqa: E402

# The stream or the step that must show each loss first: a loss of training in this step, or none at all.
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
    named, losses = {}, {}
    for piece, report in ablations.explained(tmp_path):
        named[piece] = None if report is None else {finding["cause"] for finding in report["findings"]}
        losses[piece] = None if report is None else first_loss(report)
        if piece == "":
            assert all(stream["verdict"] == "identical" for stream in report["streams"])
        assert report is None or all(finding["fix"] for finding in report["findings"])
    assert named == ablations.EXPECTED
    assert {piece: losses[piece] for piece in FIRST_LOSS} == FIRST_LOSS
