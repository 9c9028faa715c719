"""Data without a framework: what any iterable delivers, in words and digests, and whether it would come again."""

import copy
import os
import pickle
import random
import subprocess
import sys

import numpy as np
import pytest
import reproof
from reproof import data


class Rows:
    """A data set by index, with generators of its own and state that reading changes."""

    def __init__(self, root="/home/somebody/rows", length=12, draw=lambda rows: 0.0):
        self.root, self.length, self.draw = root, length, draw
        self.own = np.random.default_rng(1)
        self.read = 0

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        if index >= self.length:
            raise IndexError(index)
        self.read += 1
        return {"x": np.full((2, 3), index + self.draw(self), np.float32), "name": f"row {index}", "y": index}


def states(rows=None):
    numbers = np.random.get_state()
    own = rows.own.bit_generator.state["state"]["state"] if rows is not None else None
    return random.getstate(), numbers[1].tobytes(), numbers[2:], own


def test_importing_it_imports_no_framework():
    code = "import sys, reproof.data; print([name for name in ('torch', 'numpy', 'jax') if name in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_a_list_is_delivered_as_it_is_and_watched_only_where_asked():
    batches = [np.arange(3) + index for index in range(4)]
    watched, before = data.fingerprint(batches), states()
    seen, asked = [], []
    stop = watched.subscribe(lambda index, batch, worker, facts: seen.append((watched.epoch, index, batch, worker)))
    watched.subscribe(lambda index, batch, worker, facts: asked.append(facts()["batch"]) if index == 1 else None)
    assert all(one is other for one, other in zip(watched, batches, strict=True))
    assert [(epoch, index, worker) for epoch, index, _, worker in seen] == [(0, index, None) for index in range(4)]
    assert all(batch is batches[index] for _, index, batch, _ in seen)
    (digest,) = [entry["digest"] for entry in reproof.digest({"x": batches[1]}).tensors]
    assert asked[0]["shape"] == [3] and asked[0]["dtype"] == "I64" and asked[0]["digest"].startswith("tensor-v1:")
    assert asked[0]["digest"] == digest
    stop()
    assert len(list(watched)) == 4 and len(seen) == 4 and len(asked) == 2 and watched.epoch == 1
    assert states() == before
    assert len(watched) == 4 and watched[2] is batches[2] and watched.index(batches[0]) == 0
    assert repr(watched).startswith("fingerprint([array(")


def test_an_order_is_that_of_what_was_delivered():
    batches = [{"x": np.arange(3) + index, "text": ["a", "b"], "y": index} for index in range(4)]
    watched = data.fingerprint(batches, ordered=True)
    beginning, orders = watched.order(), []
    for _ in watched:
        orders.append(watched.order())
    assert len({beginning, *orders}) == 5
    # Each epoch has its own, of what it delivers and nothing else.
    again = data.fingerprint(copy.deepcopy(batches), ordered=True)
    list(again), list(again)
    assert again.order() == orders[-1]
    iterator = iter(again)
    assert again.order() == beginning
    next(iterator)
    assert again.order() == orders[0]
    moved = [batches[index] for index in (0, 1, 3, 2)]
    changed = [*batches[:3], {**batches[3], "text": ["a", "c"]}]
    for other in (moved, changed, batches[:3]):
        followed = data.fingerprint(other, ordered=True)
        list(followed)
        assert followed.order() != orders[-1]
    with pytest.raises(reproof.UsageError, match="ordered=True"):
        data.fingerprint(batches).order()
    # Asked for while an epoch is running, it begins with the next.
    late = data.fingerprint(batches)
    next(iter(late))
    assert data.fingerprint(late, ordered=True) is late
    with pytest.raises(reproof.UsageError, match="this epoch"):
        late.order()
    assert len(list(late)) == 4 and late.order() == orders[-1]


def test_a_generator_goes_on_where_it_was_left():
    drawn = []

    def numbers():
        for index in range(6):
            drawn.append(index)
            yield np.array([index])

    watched, seen = data.fingerprint(numbers(), ordered=True), []
    watched.subscribe(lambda index, batch, worker, facts: seen.append((index, int(batch[0]))))
    assert int(next(watched)[0]) == 0
    for batch in watched:
        if batch[0] == 2:
            break
    # Nothing was fetched ahead.
    assert drawn == [0, 1, 2] and watched.epoch == 0
    assert [int(batch[0]) for batch in watched] == [3, 4, 5]
    assert seen == [(index, index) for index in range(6)]
    with pytest.raises(TypeError):
        len(watched)
    assert data.describe(numbers()) == {"dataset": "generator", "loader": "generator"}
    assert data.fingerprint(numbers()).describe()["loader"] == "generator"


def test_who_fails_to_watch_ends_no_training():
    watched = data.fingerprint([np.zeros(1)] * 3)
    calls = []

    def fail(index, batch, worker, facts):
        calls.append(index)
        raise RuntimeError("no disk")

    watched.subscribe(fail)
    with pytest.warns(data.DataWarning, match="RuntimeError: no disk"):
        assert len(list(watched)) == 3
    assert calls == [0]
    with pytest.raises(reproof.UsageError, match="cannot be iterated"):
        data.fingerprint(3)


def test_attributes_are_those_of_the_loader():
    rows = Rows(draw=None)
    watched = data.fingerprint(rows, ordered=True)
    assert watched.length == 12 and len(watched) == 12 and watched.own is rows.own
    watched.length = 5
    assert rows.length == 5 and "length" not in vars(watched) and "length" in dir(watched)
    with pytest.raises(AttributeError):
        watched.nothing
    for other in (copy.copy(watched), copy.deepcopy(watched), pickle.loads(pickle.dumps(watched))):
        assert type(other) is data.Fingerprint and len(other) == 5 and other.order() == watched.order()


def test_everything_in_a_batch_has_a_fact():
    values = {
        "nested": {"a": [np.zeros(2), (np.ones(1), None)]},
        "big-endian": np.arange(3, dtype=">i4"),
        "times": np.array(["2020-01-01"], "datetime64[D]"),
        "words": np.array(["a", "bc"]),
        "objects": np.array([None, "x"], dtype=object),
        "set": {"b", "a"},
        "labels": [1, 2, 3],
        "text": "private",
        "flag": True,
    }
    seen = []
    watched = data.fingerprint([values, {**values, "set": {"a", "b"}}])
    watched.subscribe(lambda index, batch, worker, facts: seen.append(facts()))
    list(watched)
    facts = seen[0]
    assert facts == seen[1] and "private" not in str(facts)
    assert facts["nested.a[0]"]["shape"] == [2] and facts["nested.a[1][0]"]["dtype"] == "F64"
    assert facts["nested.a[1][1]"] == "None" and facts["flag"] == "True"
    assert facts["big-endian"] == {**facts["big-endian"], "dtype": "I32", "samples": [0.0, 1.0, 2.0]}
    assert facts["times"]["dtype"] == "I64"
    assert all(isinstance(facts[name], str) for name in ("words", "objects", "set", "labels", "text"))


def test_a_description_names_the_data_and_leaves_it_alone():
    rows = Rows(draw=lambda rows: rows.own.random() + random.random() + np.random.rand())
    rows.url = "https://me:secret@host.org/rows?token=abc"
    rows.files = [os.path.expanduser("~/rows/a.csv"), "s3://bucket/b.csv"]
    rows.transform = rows.draw
    before = states(rows)
    told = data.fingerprint(rows).describe()
    assert states(rows) == before and rows.read == 0
    assert told == data.describe(rows)
    assert told["dataset"] == f"{__name__}.Rows" and told["dataset.length"] == "12"
    assert told["dataset.element.x"] == "F32 [2, 3]" and told["dataset.element.name"] == "text"
    assert told["dataset.element.y"] == "a value"
    assert told["dataset.root"] == "~/rows" and told["dataset.url"] == "https://host.org/rows"
    assert told["dataset.files"] == "~/rows/a.csv, s3://bucket/b.csv"
    assert told["dataset.transform.digest"].startswith("sha256:") and " at 0x" not in told["dataset.transform"]
    assert "dataset.element.x" not in data.describe(rows, element=False)
    rows.transform = lambda rows: 1
    assert data.describe(rows)["dataset.transform.digest"] != told["dataset.transform.digest"]
    assert data.describe([np.zeros((2, 2))])["dataset.element.batch"] == "F64 [2, 2]"


def test_what_comes_again_has_no_findings():
    findings = data.check([np.arange(3) + index for index in range(4)], batches=4)
    assert findings.passed and len(findings) == 0 and repr(findings).startswith("Findings: none\nTried:")
    assert dict(findings.checked)["same seeds twice"] == "the same batches"


def test_randomness_that_no_seed_controls_is_found():
    rows, before = Rows(draw=lambda rows: os.urandom(1)[0] / 3), states()
    findings = data.check(rows, batches=4)
    assert findings.ids == ["uncontrolled-randomness"] and not findings.passed
    assert "content differs" in findings[0].evidence[0] and "os.urandom" in findings[0].fix
    assert "uncontrolled-randomness" in repr(findings) and findings.to_dict()["passed"] is False
    assert states() == before

    class Shuffled:
        def __iter__(self):
            return iter(sorted((np.array([index]) for index in range(6)), key=lambda _: os.urandom(8)))

    (finding,) = data.check(Shuffled())
    assert finding.id == "uncontrolled-randomness" and "order differs" in finding.evidence[0]


def test_seeded_randomness_needs_its_state():
    rows = Rows(draw=lambda rows: rows.own.random() + random.random() + np.random.rand())
    before = states(rows)
    findings = data.check(rows, batches=6)
    # Samples are made one after the other: skipping them draws, and the model draws in between.
    assert findings.ids == ["generator-moment"] and findings.passed
    outcomes = dict(findings.checked)
    assert outcomes["resumed by states of the start, then of the checkpoint"] == "the remaining batches are the same"
    assert "differ" in outcomes["resumed by states of the start of the epoch"]
    assert outcomes["generators"] == "python, numpy; the loader's own: 1 of numpy"
    assert states(rows) == before and rows.read == 0


def test_state_that_nothing_brings_back_is_wrong():
    class Counted:
        made = 0

        def __iter__(self):
            for _ in range(6):
                Counted.made += 1
                yield np.array([Counted.made])

    assert data.check(Counted()).ids == ["uncontrolled-randomness"]

    class Hidden:
        """Each batch holds something of all that was drawn before, and nobody can save that."""

        def __iter__(self):
            previous = 0.0
            for _ in range(6):
                previous = previous / 2 + random.random()
                yield np.array([previous])

    (finding,) = data.check(Hidden(), batches=6)
    assert finding.id == "generator-moment" and finding.level == "wrong" and "nothing does" in finding.sentence


def test_a_loader_that_cannot_begin_again_is_refused_or_made_by_a_function():
    with pytest.raises(reproof.UsageError, match="can be iterated once") as caught:
        data.check(iter([np.zeros(1)]))
    assert "a function that makes one" in caught.value.hint
    assert data.check(lambda: iter([np.zeros(1), np.ones(1)])).passed
    with pytest.raises(reproof.UsageError, match="delivers nothing"):
        data.check([])
    with pytest.raises(reproof.UsageError, match="below 1"):
        data.check([np.zeros(1)], batches=0)


def test_what_cannot_be_copied_is_shared_and_said():
    rows = Rows(draw=lambda rows: rows.own.random())
    rows.file = open(os.devnull)  # noqa: SIM115
    with rows.file:
        findings = data.check(rows, batches=4)
    assert findings.ids == ["generator-moment"]
    assert "cannot be copied" in dict(findings.checked)["fresh copies"]
