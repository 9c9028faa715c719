"""What `reproof.data.check` finds in loaders, each finding with a real loader that has it."""

import os
import time

import numpy as np
import pytest
import torch
from loaders import Rows, Stream, by_itself, by_numpy, by_python, by_the_system, by_torch, by_worker_count, loader, states
from reproof import data
from torch.utils.data import DataLoader, TensorDataset, get_worker_info


def ids(batches, workers=(0, 2)):
    before = states(batches)
    findings = data.check(batches, workers=workers)
    assert states(batches) == before
    # One line of the table names each of them.
    assert all(finding.id in repr(findings) and finding.evidence and finding.fix for finding in findings)
    return {finding.id: finding for finding in findings}


def test_what_is_the_same_in_every_way_has_no_findings():
    assert ids(DataLoader(Rows(), 4, num_workers=2), (0, 1, 2)) == {}
    assert ids(DataLoader(TensorDataset(torch.arange(9.0)), 4), (0,)) == {}


@pytest.mark.parametrize(("workers", "generator"), [(0, True), (0, False), (2, True), (2, False)])
def test_a_shuffled_loader_needs_the_state_of_the_start_of_its_epoch(workers, generator):
    found = ids(loader(None, workers, generator), ())
    assert list(found) == ["generator-moment"]
    finding = found["generator-moment"]
    assert finding.level == "caution" and "those of the start of the epoch do" in finding.sentence
    checkpoint, start = finding.evidence
    assert "states of the checkpoint: batch 4 differs first" in checkpoint
    assert start.endswith("states of the start of the epoch: the remaining batches are the same")


def test_augmentation_depends_on_workers_and_on_the_moment():
    inside, outside = ids(loader(by_numpy, 2), (0, 1, 2)), ids(loader(by_numpy, 0, generator=False))
    assert list(inside) == list(outside) == ["depends-on-workers", "generator-moment"]
    assert all(finding.level == "caution" for finding in [*inside.values(), *outside.values()])
    evidence = inside["depends-on-workers"].evidence
    assert evidence[0].startswith("2 workers against 0 workers: content differs: batch 0 differs first, in x;")
    assert evidence[1].startswith("2 workers against 1 worker: content differs: batch 1 differs first, in x;")
    # Workers draw from generators of their own, which begin anew with each epoch; here a model draws as well.
    assert "those of the start of the epoch do" in inside["generator-moment"].sentence
    assert "both together do, one after the other" in outside["generator-moment"].sentence


@pytest.mark.parametrize("draw", [by_torch, by_python])
def test_augmentation_in_this_process_needs_both_states(draw):
    found = ids(loader(draw), (0,))
    assert list(found) == ["generator-moment"] and len(found["generator-moment"].evidence) == 3
    assert "both together do" in found["generator-moment"].sentence


def test_the_order_of_the_next_epoch_may_depend_on_workers():
    found = ids(loader(by_torch, 0, generator=False))["depends-on-workers"]
    assert "0 workers against 2 workers: the order of the next epoch differs" in found.evidence
    found = ids(loader(by_torch, 0), (1,))["depends-on-workers"]
    assert not any("order" in seen for seen in found.evidence)


def test_a_generator_of_the_data_set_draws_the_same_in_all_workers_and_epochs():
    found = ids(loader(by_itself, 2), ())
    assert found["duplicate-augmentation"].level == "wrong" and found["repeated-augmentation"].level == "wrong"
    assert "workers 0, 1 make the same x of the same samples" in found["duplicate-augmentation"].evidence[0]
    # Without workers there is nothing wrong, yet.
    assert ids(loader(by_itself, 0), (2,))["duplicate-augmentation"].level == "caution"
    # Workers that persist go on with theirs.
    persistent = ids(loader(by_itself, 2, persistent_workers=True), ())
    assert "duplicate-augmentation" in persistent and "repeated-augmentation" not in persistent


def same_in_all(worker):
    np.random.seed(1)


def by_the_clock(worker):
    np.random.seed(time.time_ns() % 2**32)


def test_workers_that_are_seeded_badly():
    found = ids(loader(by_numpy, 2, worker_init_fn=same_in_all), ())
    assert found["duplicate-augmentation"].level == found["repeated-augmentation"].level == "wrong"
    found = ids(loader(by_numpy, 2, worker_init_fn=by_the_clock))
    assert found["unseeded-workers"].level == "wrong" and "generator-moment" not in found
    assert ids(loader(by_numpy, 0, worker_init_fn=by_the_clock))["unseeded-workers"].level == "caution"


@pytest.mark.parametrize("workers", [0, 2])
def test_randomness_of_the_system_is_controlled_by_nobody(workers):
    found = ids(loader(by_the_system, workers), (0,))
    assert list(found) == ["uncontrolled-randomness"]
    finding = found["uncontrolled-randomness"]
    assert finding.level == "wrong"
    assert all("content differs: batch 0 differs first, in x" in seen for seen in finding.evidence)

    class Shuffled(torch.utils.data.Sampler):
        def __iter__(self):
            return iter(sorted(range(40), key=lambda _: os.urandom(8)))

        def __len__(self):
            return 40

    found = ids(DataLoader(Rows(), 4, sampler=Shuffled(), num_workers=workers), ())
    assert list(found) == ["uncontrolled-randomness"]
    assert "order differs: batch 0 is made of samples [" in found["uncontrolled-randomness"].evidence[0]


def test_content_that_depends_on_the_number_of_workers():
    found = ids(DataLoader(Rows(by_worker_count), 4, num_workers=2), (0, 1))
    assert list(found) == ["depends-on-workers"] and len(found["depends-on-workers"].evidence) == 2
    assert ids(DataLoader(Rows(by_worker_count), 4, num_workers=2), ()) == {}


def test_streams_are_divided_among_workers_or_come_several_times():
    found = ids(DataLoader(Stream(divided=False), 4, num_workers=2))
    assert found["duplicate-data"].level == "wrong" and "get_worker_info" in found["duplicate-data"].fix
    assert ids(DataLoader(Stream(divided=False), 4), (0, 1)) == {}
    # Divided, all come once, in an order that depends on the number.
    found = ids(DataLoader(Stream(divided=True), 4, num_workers=2))
    assert list(found) == ["depends-on-workers"]
    assert "order differs" in found["depends-on-workers"].evidence[0]


def test_what_is_delivered_as_it_becomes_ready_has_no_order():
    found = ids(DataLoader(Rows(), 4, num_workers=2, in_order=False), ())
    assert "in_order=False" in found["uncontrolled-randomness"].evidence[-1]


def test_a_loader_that_is_being_iterated_is_left_alone():
    batches = loader(by_torch, 2, persistent_workers=True)
    iterator = iter(batches)
    next(iterator)
    workers = [worker.pid for worker in iterator._workers]
    data.check(batches, batches=2, workers=())
    assert batches._iterator is iterator and [worker.pid for worker in iterator._workers] == workers
    assert len(list(iterator)) == 9


def test_the_state_of_a_loader_itself_is_tried_first():
    class Stateful(DataLoader):
        """Keeps its place, as torchdata's does."""

        done, begin = 0, 0

        def __iter__(self):
            self.done, begin = self.begin, self.begin
            for index in range(begin, 10):
                self.done = index + 1
                yield self.dataset[index]["x"]

        def state_dict(self):
            return {"done": self.done}

        def load_state_dict(self, state):
            self.begin = state["done"]

    findings = data.check(Stateful(Rows(by_torch), 4))
    assert dict(findings.checked)["resumed by the loader's state_dict()"] == "the remaining batches are the same"
    assert "generator-moment" not in findings.ids
