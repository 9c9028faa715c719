"""Data of PyTorch: what loaders deliver with and without being watched, and what their order depends on."""

import gc
import multiprocessing
import os
import random
import time

import accelerate
import lightning
import numpy as np
import pytest
import reproof
import torch
from reproof import data
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset, get_worker_info


class Rows(Dataset):
    """Samples with something random added."""

    def __init__(self, draw=None, length=40):
        self.x = torch.arange(length * 3.0).reshape(length, 3)
        self.draw = draw
        self.own = np.random.default_rng(5)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        added = self.draw(self) if self.draw else 0.0
        return {"x": self.x[index] + added, "y": index % 2}


class Stream(IterableDataset):
    """Samples that nobody can ask for by index, divided among workers or not."""

    def __init__(self, divided):
        self.divided = divided

    def __iter__(self):
        worker = get_worker_info() if self.divided else None
        first, step = (worker.id, worker.num_workers) if worker else (0, 1)
        return (torch.tensor([float(index)]) for index in range(first, 24, step))


def by_torch(rows):
    return float(torch.rand(()))


def by_numpy(rows):
    return np.random.rand()


def by_python(rows):
    return random.random()


def by_itself(rows):
    return rows.own.random()


def by_the_system(rows):
    return os.urandom(1)[0]


def by_worker_count(rows):
    worker = get_worker_info()
    return worker.num_workers if worker else 0


def states(*loaders):
    own = [loader.generator.get_state() for loader in loaders if loader.generator is not None]
    rows = [loader.dataset.own.bit_generator.state for loader in loaders if hasattr(loader.dataset, "own")]
    tensors = [state.tolist() for state in [torch.random.get_rng_state(), *own]]
    return tensors, rows, random.getstate(), np.random.get_state()[1].tolist()


def loader(draw=None, workers=0, generator=True, **options):
    own = torch.Generator().manual_seed(3) if generator else None
    return DataLoader(Rows(draw), 4, shuffle=True, num_workers=workers, generator=own, **options)


def sow():
    random.seed(2), np.random.seed(2), torch.manual_seed(2)


def plainly(batches):
    return [{name: value.tolist() for name, value in batch.items()} for batch in batches]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("generator", [True, False])
def test_watched_batches_are_the_same_batches(workers, generator):
    told = []
    runs = []
    for watch in (lambda same: same, data.fingerprint, lambda same: data.fingerprint(same, ordered=True)):
        sow()
        batches = watch(loader(by_torch, workers, generator))
        if isinstance(batches, data.Fingerprint):
            batches.subscribe(lambda index, batch, worker, facts: told.append((index, worker, facts())))
        delivered = [plainly(batches), plainly(batches)]
        runs.append((delivered, states(batches)))
    assert runs[0] == runs[1] == runs[2]
    assert [index for index, _, _ in told] == 4 * list(range(10))
    assert told[20:] == told[:20]
    digests = {fact["x"]["digest"] for _, _, fact in told}
    assert len(digests) == 20 and told[0][2]["x"]["shape"] == [4, 3] and told[0][2]["y"]["dtype"] == "I64"
    makers = [worker and worker.id for _, worker, _ in told[:10]]
    assert makers == [index % 2 if workers else None for index in range(10)]


def test_the_worker_and_its_seed_are_those_that_it_has():
    class Told(Rows):
        def __getitem__(self, index):
            worker = get_worker_info()
            return torch.tensor([worker.id, worker.seed])

    for options in ({}, {"persistent_workers": True}):
        batches = data.fingerprint(DataLoader(Told(), 4, num_workers=2, **options))
        told = []
        batches.subscribe(lambda index, batch, worker, facts: told.append((worker, batch[0].tolist())))
        list(batches), list(batches)
        assert len(told) == 20 and all([worker.id, worker.seed] == seen for worker, seen in told)
    # Where one worker ends before the other, counting alone would go wrong.
    class Uneven(IterableDataset):
        def __iter__(self):
            worker = get_worker_info().id
            return (torch.tensor([worker]) for _ in range(2 + 4 * worker))

    batches, told = data.fingerprint(DataLoader(Uneven(), 1, num_workers=2)), []
    batches.subscribe(lambda index, batch, worker, facts: told.append((worker.id, int(batch))))
    list(batches)
    assert [one for one, _ in told] == [0, 1, 0, 1, 1, 1, 1, 1] and all(one == other for one, other in told)
    anyhow, told = data.fingerprint(DataLoader(Told(), 4, num_workers=2, in_order=False)), []
    anyhow.subscribe(lambda index, batch, worker, facts: told.append(worker))
    list(anyhow)
    assert told == [None] * 10


def test_workers_end_with_the_loop():
    gc.collect()
    before = set(multiprocessing.active_children())
    batches = data.fingerprint(loader(workers=2))
    batches.subscribe(lambda index, batch, worker, facts: facts())
    for _ in batches:
        started = set(multiprocessing.active_children()) - before
        assert len(started) == 2
        break
    deadline = time.monotonic() + 20
    while started.intersection(multiprocessing.active_children()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not started.intersection(multiprocessing.active_children())


def test_attributes_and_frameworks_see_the_loader():
    plain = loader(by_torch)
    watched = data.fingerprint(plain)
    assert (watched.dataset, watched.sampler, watched.batch_size) == (plain.dataset, plain.sampler, 4)
    assert len(watched) == 10 and not isinstance(watched, DataLoader)
    assert len(iter(watched)) == 10 and iter(watched)._base_seed
    ready = data.fingerprint(accelerate.Accelerator(cpu=True).prepare(loader(by_torch, workers=2)), ordered=True)
    told = []
    ready.subscribe(lambda index, batch, worker, facts: told.append(worker.id))
    # What Accelerate makes of the loader hides its iterator, and with it the seed.
    assert len(list(ready)) == 10 and told == [0, 1] * 5
    assert data.check(ready, workers=(1,)).ids == ["depends-on-workers", "generator-moment"]


def test_lightning_trains_the_same_bits():
    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.net, self.losses = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.2)), []

        def training_step(self, batch, index):
            loss = self.net(batch["x"]).square().mean()
            self.losses.append(loss.item())
            return loss

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.01)

    def fit(watch):
        sow()
        module, batches = Module(), watch(loader(by_torch, generator=False))
        lightning.Trainer(
            max_epochs=2, accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
            enable_checkpointing=False,
        ).fit(module, batches)  # fmt: skip
        return module.losses, torch.random.get_rng_state().tolist(), batches

    losses, random, watched = fit(data.fingerprint)
    assert fit(lambda batches: batches)[:2] == (losses, random)
    assert watched.epoch == 1 and len(losses) == 20


def test_a_description_of_a_loader():
    rows = Rows(by_itself)
    rows.transform = torch.nn.Sequential(torch.nn.Identity())
    batches = DataLoader(
        Subset(rows, [3, 1, 2]), 2, shuffle=True, drop_last=True, num_workers=2, persistent_workers=True,
        generator=torch.Generator().manual_seed(4),
    )  # fmt: skip
    before = states(batches), rows.own.bit_generator.state
    told = data.fingerprint(batches).describe()
    assert (states(batches), rows.own.bit_generator.state) == before
    expected = {
        "loader": "torch.utils.data.dataloader.DataLoader",
        "loader.batch_size": "2",
        "loader.drop_last": "True",
        "loader.num_workers": "2",
        "loader.persistent_workers": "True",
        "loader.prefetch_factor": "2",
        "loader.collate_fn": "torch.utils.data._utils.collate.default_collate",
        "sampler": "torch.utils.data.sampler.RandomSampler",
        "sampler.shuffles": "yes",
        "generator": "torch._C.Generator",
        "dataset": "torch.utils.data.dataset.Subset",
        "dataset.length": "3",
        "dataset.element.x": "F32 [3]",
        "dataset.element.y": "a value",
        "dataset.dataset": f"{__name__}.Rows",
        "dataset.dataset.length": "40",
    }
    assert told == {**told, **expected}
    assert told["dataset.indices"].startswith("3 sha256:") and "Identity" in told["dataset.dataset.transform"]
    # The seed is that of another loader exactly where the digest is.
    assert told["generator.seed_digest"] != data.describe(loader())["generator.seed_digest"]
    assert data.describe(DataLoader(rows, 2))["sampler.shuffles"] == "no"
    assert data.describe(DataLoader(rows, 2, shuffle=True))["generator"] == "global"


def test_what_can_only_be_iterated_is_not_touched_for_a_description():
    class Once(IterableDataset):
        def __iter__(self):
            raise AssertionError("somebody iterates")

        def __getitem__(self, index):
            raise AssertionError("somebody reads")

    told = data.describe(DataLoader(Once(), 2))
    assert told["dataset"].endswith("Once") and not any("element" in name for name in told)


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


def test_facts_are_those_of_live_tensors():
    tensor = torch.rand(2, 3, requires_grad=True)
    special = {"a": tensor, "b": tensor.t(), "c": tensor.to_sparse(), "d": tensor.bfloat16()}
    special["e"] = tensor.detach().numpy()
    watched, seen = data.fingerprint([special]), []
    watched.subscribe(lambda index, batch, worker, facts: seen.append(facts()))
    list(watched)
    digest = {entry["name"]: entry["digest"] for entry in reproof.digest({"a": tensor}).tensors}["a"]
    facts = seen[0]
    assert facts["a"]["digest"] == facts["c"]["digest"] == facts["e"]["digest"] == digest
    assert facts["b"]["shape"] == [3, 2] and facts["d"]["dtype"] == "BF16"
