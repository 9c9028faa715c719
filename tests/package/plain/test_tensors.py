"""Live tensors of NumPy: digests, comparison, and what is looked at where it lies."""

import gc
import math
import resource
import sys

import numpy as np
import pytest
import reproof


def test_the_digest_of_live_tensors_is_that_of_the_file(tmp_path):
    rng = np.random.default_rng(1)
    tensors = {
        "a.weight": rng.random((5, 7), dtype=np.float32),
        "a.bias": rng.random(5).astype(np.float16),
        "a.count": np.array(7, dtype=np.int64),
        "a.flags": np.array([True, False]),
        "a.empty": np.zeros((0, 3), dtype=np.float64),
        "a.complex": np.array([1 + 2j], dtype=np.complex64),
    }
    np.savez(tmp_path / "weights.npz", **tensors)
    live, saved = reproof.digest(tensors), reproof.digest(tmp_path / "weights.npz")
    assert live.weights_digest == saved.weights_digest
    assert live.values_digest == saved.values_digest
    views = {name: np.asfortranarray(value) if value.ndim > 1 else value for name, value in tensors.items()}
    views["a.weight"] = np.repeat(tensors["a.weight"], 2, axis=1)[:, ::2]
    views["a.bias"] = tensors["a.bias"][::-1][::-1]
    assert not views["a.weight"].flags.c_contiguous
    assert reproof.digest(views).weights_digest == saved.weights_digest
    views["a.bias"] = tensors["a.bias"][::-1]
    assert reproof.digest(views).weights_digest != saved.weights_digest


def test_a_large_tensor_is_not_copied():
    """Peak memory of the process grows by far less than the tensor."""
    tensor = np.ones(64 << 20, dtype=np.uint8)
    reproof.digest({"x": tensor[: 1 << 20]})
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reproof.digest({"x": tensor})
    assert reproof.compare(tensor, tensor).identical
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 << 10


def test_differences_are_measured_and_named():
    golden = {"scores": np.array([[1.0, 2.0], [3.0, math.nan]], dtype=np.float32), "note": "digits", "n": 3}
    assert reproof.compare(golden, {**golden, "scores": golden["scores"].copy()}).identical
    moved = golden["scores"].copy()
    moved[1, 0] = 3.5
    comparison = reproof.compare(golden, {"scores": moved, "note": "letters", "extra": 1})
    assert not comparison.identical and len(comparison) == 4
    scores = comparison["scores"]
    assert (scores.kind, scores.differing, scores.worst) == ("different", 1, ((1, 0), 3.0, 3.5))
    assert scores.maximum_absolute == 0.5 and "1 of 4" in scores.statement
    assert comparison["note"].statement == "'letters', not 'digits'"
    assert comparison["n"].statement == "missing in the second"
    assert comparison["extra"].kind == "incomparable"
    assert reproof.compare(golden["scores"], moved).within(absolute=0.5)
    assert not reproof.compare(golden["scores"], moved).within(absolute=0.4)
    assert "scores" in repr(comparison) and "<table>" in comparison._repr_html_()


def test_what_cannot_be_compared_says_why():
    single, double = np.zeros(2, np.float32), np.zeros(2)
    assert reproof.compare(single, double)[""].statement == "dtype F64, not F32"
    assert reproof.compare(single, single[:1])[""].statement == "shape [1], not [2]"
    zeros = reproof.compare(np.array([0.0]), np.array([-0.0]))[""]
    assert zeros.kind == "different" and "other sign" in zeros.statement
    with pytest.raises(reproof.UsageError, match="little-endian"):
        reproof.digest({"x": np.zeros(2, dtype=">f4")})
    with pytest.raises(reproof.UsageError, match="without tensors"):
        reproof.digest({})
    with pytest.raises(reproof.UsageError, match="holds no tensors"):
        reproof.digest(object())


def test_numbers_are_compared_to_the_last_bit():
    zero = reproof.compare(0.0, -0.0)
    assert not zero.identical and zero.within() and zero[""].differing == 0
    assert reproof.compare(math.nan, math.nan).identical
    large = reproof.compare(2**53, 2**53 + 1)
    assert not large.within() and large.within(absolute=1.0) and large[""].maximum_absolute == 1.0
    assert not reproof.compare(-sys.float_info.max, sys.float_info.max).within(absolute=math.inf)


class Lying:
    """What other libraries could tell wrongly is refused where it can be seen."""

    def __init__(self, **interface):
        self.__array_interface__ = {"version": 3, "shape": (2,), "typestr": "<f4", "data": (64, True), **interface}


def test_contradictory_arrays_are_refused():
    with pytest.raises(reproof.UsageError, match="other strides"):
        reproof.digest({"x": Lying(strides=(4, 4))})
    with pytest.raises(reproof.UsageError, match="larger than any memory"):
        reproof.digest({"x": Lying(shape=(1 << 40, 1 << 40))})
