"""Resumes `plain.py` with one piece of its state lost after the other, and prints what is named: JSON, a line for each.

    python ablations.py FOLDER

The framework is imported once; every training is a fork of this process.
"""

import contextlib
import json
import os
import sys
from pathlib import Path

import pieces
import plain
import torch
from reproof import _reproof

# Options of the training that has such a piece of state; all others have it anyway.
VARIANTS = {
    "scaler": ("--half",),
    "autocast": ("--half",),
    "gradients": ("--accumulate", "4"),
    "random-first": ("--workers", "0"),
}

# The causes that must be named; nothing for what fails, or differs by rounding alone.
EXPECTED = {
    "": set(),
    "optimizer": {"optimizer.missing"},
    "exp-avg": {"optimizer.first-moment"},
    "exp-avg-sq": {"optimizer.second-moment"},
    "adam-step": {"optimizer.step"},
    "bf16-moments": {"optimizer.precision"},
    "groups": {"optimizer.groups"},
    "weight-decay": {"optimizer.groups"},
    "order": {"optimizer.order"},
    "order-of-shapes": None,
    "scheduler": {"scheduler.missing"},
    "scaler": {"scaler.missing"},
    "ema": {"ema.missing"},
    "ema-updates": {"ema.missing"},
    "buffers": {"buffers.missing"},
    "bf16-weights": {"weights.precision"},
    "fp16-weights": {"weights.precision"},
    "torch-random": {"random.torch"},
    "numpy-random": {"random.numpy"},
    "python-random": {"random.python"},
    "random-first": {"random.python", "random.numpy", "random.torch"},
    "generator": {"random.loader"},
    "generator-at-checkpoint": {"random.loader"},
    "position": {"batch.position"},
    "fetching": {"batch.augmentation"},
    "workers-0": {"batch.workers"},
    "workers-1": {"batch.workers"},
    "workers-3": {"batch.workers"},
    "gradients": {"gradients.missing"},
    "autocast": {"modes.autocast"},
    "modes": {"modes.training"},
    "threads": set(),
}


def forked(arguments, **environment):
    """Runs the training in a process of its own, which has imported everything already."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.environ.update(environment)
        code = 1
        try:
            with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
                with contextlib.redirect_stderr(nowhere):
                    plain.main([str(argument) for argument in arguments])
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


class Golden:
    """A training that was recorded, with its checkpoint."""

    def __init__(self, folder, options):
        self.checkpoint = folder / "step-18.pt"
        if forked(["--out", folder, *options]) != 0:
            raise SystemExit("the training fails: python plain.py --out {} {}".format(folder, " ".join(options)))
        self.text = (folder / "step-18.pt.reproof" / "trajectory" / "trajectory.json").read_text()

    def resumed(self, folder, piece):
        """What is said of a training that lost this piece; nothing if it failed in its first step."""
        folder.mkdir()
        moments = json.loads(self.text)["moments"]
        steps = sum(moment["kind"] == "step" for moment in moments)
        request = {"schema": "reproof.resume-request/v0", "steps": steps, "begin": list(moments[0]["streams"])}
        (folder / "request.json").write_text(json.dumps(request))
        without = ["--without", piece] if piece else []
        forked(["--resume", self.checkpoint, *without], REPROOF_RESUME=str(folder))
        observed = (folder / "observed.json").read_text()
        if not any(moment["kind"] == "step" for moment in json.loads(observed)["moments"]):
            return None
        return json.loads(_reproof.explain_resume(self.text, observed))


def explained(folder):
    """Every piece with what is said of its loss."""
    assert set(EXPECTED) == {"", *pieces.PIECES}, "each piece is expected to be named, and no other"
    goldens = {}
    for piece in EXPECTED:
        options = VARIANTS.get(piece, ())
        if options not in goldens:
            goldens[options] = Golden(folder / ("golden-" + "-".join(options).replace("--", "")), options)
        yield piece, goldens[options].resumed(folder / f"without-{piece}", piece)


def main():
    # PyTorch imports its compiler, which takes longer than a training, with the first optimizer.
    torch.optim.SGD([torch.zeros(1)])
    for piece, report in explained(Path(sys.argv[1])):
        print(json.dumps({"piece": piece, "expected": sorted(EXPECTED[piece] or []), "report": report}), flush=True)


if __name__ == "__main__":
    main()
