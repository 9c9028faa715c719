"""Data sets and loaders, each with one way to draw random numbers."""

import os
import random

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info


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
