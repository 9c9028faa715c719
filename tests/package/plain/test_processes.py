"""Other processes: results that are sent to them, and children that were forked."""

import os
import pickle
import signal

import numpy as np
import pytest
import reproof


def test_what_was_found_can_be_sent(digits):
    report = reproof.verify(digits)
    again = pickle.loads(pickle.dumps(report))
    assert (again.verdict, again.to_json()) == (report.verdict, report.to_json())
    with pytest.raises(reproof.ContractBroken) as broken:
        (digits / "model.onnx").write_bytes(b"something else")
        reproof.verify(digits).check()
    assert str(pickle.loads(pickle.dumps(broken.value))) == str(broken.value)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_works_with_threads_of_its_own(digits):
    def work():
        return reproof.verify(digits).verdict

    assert work() == "identical"
    child = os.fork()
    if child == 0:
        # A child that waits for threads of its parent is ended, and told by how.
        signal.alarm(60)
        os._exit(0 if work() == "identical" else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_an_array_that_does_not_say_where_it_lies_is_refused():
    class Nowhere:
        __array_interface__ = {"shape": (3,), "typestr": "<f4", "data": (0, True), "version": 3}

    with pytest.raises(reproof.UsageError, match="without memory of its own"):
        reproof.digest({"a": Nowhere()})
    with pytest.raises(reproof.UsageError, match="without memory of its own"):
        reproof.compare(Nowhere(), np.zeros(3, "f4"))


def test_integers_differ_where_no_float_tells_them_apart():
    found = reproof.compare(np.array([2**53]), np.array([2**53 + 1]))
    assert not found.within()
    assert [difference.maximum_absolute for difference in found] == [1.0]
