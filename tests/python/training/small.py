"""A small training with everything that can be forgotten when one resumes: shared by the scripts of this folder."""

import random

import numpy as np
import torch

# Three epochs of twelve batches; the checkpoint is in the middle of the second.
STEPS, CHECKPOINT, BATCHES, ROWS = 36, 18, 12, 16
WIDTH, CLASSES = 12, 4


class Net(torch.nn.Module):
    """Running means, dropout, and two layers of one shape that can be taken for each other."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(WIDTH, 24)
        self.norm = torch.nn.BatchNorm1d(24)
        self.left = torch.nn.Linear(24, 24)
        self.right = torch.nn.Linear(24, 24)
        self.drop = torch.nn.Dropout(0.2)
        self.layer = torch.nn.LayerNorm(24)
        self.head = torch.nn.Linear(24, CLASSES)

    def forward(self, x):
        x = torch.relu(self.norm(self.first(x)))
        x = self.drop(torch.relu(self.right(torch.relu(self.left(x)))))
        return self.head(self.layer(x))


class Augmented(torch.utils.data.Dataset):
    """Rows that come out differently each time, by three generators of random numbers.

    With `seeded` they are the row's own, and how it comes out depends on nothing but the epoch.
    """

    def __init__(self, rows=BATCHES * ROWS, seeded=False):
        self.seeded, self.epoch = seeded, 0
        generator = torch.Generator().manual_seed(5)
        self.x = torch.randn(rows, WIDTH, generator=generator)
        self.y = (self.x[:, :CLASSES] + 0.3 * self.x[:, CLASSES : 2 * CLASSES]).argmax(1)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        generator, numbers, chance = None, np.random, random
        if self.seeded:
            number = 1_000_000 * self.epoch + index
            generator = torch.Generator().manual_seed(number)
            numbers, chance = np.random.default_rng(number), random.Random(number)
        x = self.x[index] + 0.1 * torch.randn(WIDTH, generator=generator)
        x = x * float(numbers.uniform(0.9, 1.1))
        return (x.flip(0) if chance.random() < 0.1 else x), self.y[index]


def seed_worker(worker):
    """As many do it: what torch gives to the worker sows the others."""
    number = torch.initial_seed() % 2**32
    np.random.seed(number)
    random.seed(number)


def mixed(x, y):
    """Mixup in the main process: its weight from NumPy, its partners from Python."""
    weight = float(np.random.beta(0.4, 0.4))
    order = list(range(len(x)))
    random.shuffle(order)
    return weight * x + (1 - weight) * x[order], y, y[order], weight


def loss_of(logits, y, other, weight):
    criterion = torch.nn.functional.cross_entropy
    return weight * criterion(logits, y) + (1 - weight) * criterion(logits, other)


def sow(number):
    random.seed(number)
    np.random.seed(number)
    torch.manual_seed(number)


def examples():
    """Inputs whose outputs are compared in evaluation."""
    return torch.randn(8, WIDTH, generator=torch.Generator().manual_seed(6))
