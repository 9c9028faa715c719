"""Data of PyTorch: what loaders deliver with and without being watched, and what their order depends on."""

import gc
import multiprocessing
import random
import time

import accelerate
import lightning
import pytest
import reproof
import torch
from loaders import Rows, by_itself, by_torch, loader, plainly, sow, states
from reproof import data
from torch.utils.data import DataLoader, IterableDataset, Subset, get_worker_info

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
        "dataset.dataset": f"{Rows.__module__}.Rows",
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
