"""What the envelope claims to have tried, it has tried."""

import numpy as np
import reproof

# A model that some kernels cannot run, as attention in 16 bits that takes instructions which a variable forbids.
LOADER = """
import os

import numpy


def load(path):
    weights = numpy.load(path)

    def run(x):
        if os.environ.get("ATEN_CPU_CAPABILITY") == "avx2":
            raise RuntimeError("only supported when avx512 is supported")
        return {"y": x @ weights}

    return run
"""


def test_a_perturbation_that_the_model_refuses_is_a_note_and_no_evidence(tmp_path, monkeypatch):
    (tmp_path / "refusing.py").write_text(LOADER)
    monkeypatch.chdir(tmp_path)
    np.save("weights.npy", np.arange(12, dtype="float32").reshape(4, 3) / 8)
    recorded = reproof.record("weights.npy", cases={"x": np.ones((2, 4), "float32")}, loader="refusing:load")
    tried = recorded.contract["outputs"]["y"]["envelope"]["perturbations"]
    assert tried == ["threads=2", "kernels=portable", "batch=alone"]
    (told,) = [note for note in recorded.notes if note.startswith("perturbation kernels=avx2 left out of case given: ")]
    assert "only supported when avx512 is supported" in told
