"""Loops written by hand, with and without a recorder; each gives all that a recorder must not change."""

import pathlib
import random
import sys

import numpy as np
import reproof.torch
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "python" / "training"))
import small  # noqa: E402


class Loop:
    """Dropout, running means, AdamW, a cosine schedule, two workers that augment, mixup in the main process."""

    def __init__(self, workers=2):
        small.sow(7)
        self.net = small.Net()
        self.optimizer = torch.optim.AdamW(self.net.parameters(), lr=0.01)
        self.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, 40)
        self.generator = torch.Generator().manual_seed(8)
        self.loader = torch.utils.data.DataLoader(
            small.Augmented(), batch_size=small.ROWS, shuffle=True, num_workers=workers, generator=self.generator,
            worker_init_fn=small.seed_worker,
        )  # fmt: skip
        self.losses = []

    def recorder(self, **options):
        given = {"scheduler": self.scheduler, "loader": self.loader, "inputs": small.examples(), "steps": 4}
        return reproof.torch.Trajectory(self.net, self.optimizer, **given | options)

    def run(self, steps, trajectory=None, told="batch", saving=None):
        """Trains; `saving` is called after each step, with its number."""
        done = 0
        while done < steps:
            for x, y in trajectory.watch(self.loader) if told == "watch" else self.loader:
                if told == "batch" and trajectory is not None:
                    trajectory.batch((x, y))
                inputs, *targets = small.mixed(x, y)
                self.optimizer.zero_grad()
                loss = small.loss_of(self.net(inputs), *targets)
                loss.backward()
                self.optimizer.step()
                self.scheduler.step()
                done += 1
                self.losses.append(loss.item())
                if trajectory is not None:
                    trajectory.step(done, loss=loss)
                if saving is not None:
                    saving(done)
                if done == steps:
                    return

    def state(self):
        """Every bit that decides how this goes on, as text or tensors."""
        numbers = np.random.get_state(legacy=False)
        return {
            "losses": self.losses,
            "python": random.getstate(),
            "numpy": str(numbers["state"]["key"].tolist()) + str(numbers["state"]["pos"]),
            "torch": torch.get_rng_state(),
            "generator": self.generator.get_state(),
            **self.net.state_dict(),
            **{f"grad.{name}": weight.grad for name, weight in self.net.named_parameters()},
            **{f"mode.{name}": module.training for name, module in self.net.named_modules()},
            **{
                f"optimizer.{index}.{key}": value
                for index, moments in self.optimizer.state_dict()["state"].items()
                for key, value in moments.items()
            },
            "groups": repr(self.optimizer.state_dict()["param_groups"]),
        }


def different(one, other):
    """The names of what is not the same to the bit."""
    same = {
        name: torch.equal(value, other[name]) if isinstance(value, torch.Tensor) else value == other[name]
        for name, value in one.items()
    }
    return [name for name, equal in same.items() if not equal] + sorted(set(other) - set(one))
