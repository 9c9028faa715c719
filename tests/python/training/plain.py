"""A training loop as many write it, which resumes to the bit; `--without PIECE` forgets one piece of its state.

    python plain.py --out DIR                            # 36 steps, with DIR/step-18.pt and its contract
    python plain.py --resume DIR/step-18.pt              # the same 18 steps that followed
    python plain.py --resume DIR/step-18.pt --without ema

Prints the losses as JSON.
"""

import argparse
import itertools
import json
import random
from pathlib import Path

import numpy as np
import pieces
import reproof.torch
import small
import torch


class Training:
    """All that has a state."""

    def __init__(self, options, without):
        self.options, self.without = options, without
        self.net = small.Net()
        modules = [self.net.first, self.net.left, self.net.right, self.net.head, self.net.norm, self.net.layer]
        if without == "order":
            modules[1], modules[2] = modules[2], modules[1]
        if without == "order-of-shapes":
            modules[0], modules[1] = modules[1], modules[0]
        weights = [weight for module in modules for weight in module.parameters()]
        self.optimizer = torch.optim.AdamW(weights, lr=options["lr"], weight_decay=0.05)
        self.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, small.STEPS)
        self.scaler = torch.amp.GradScaler("cpu", enabled=options["half"], growth_interval=8, init_scale=1024.0)
        self.ema = {"updates": 0, "weights": {name: value.clone() for name, value in self.net.state_dict().items()}}
        self.generator = torch.Generator().manual_seed(options["seed"] + 1)
        workers = int(without[-1]) if without.startswith("workers-") else options["workers"]
        self.loader = torch.utils.data.DataLoader(
            small.Augmented(), batch_size=small.ROWS, shuffle=True, num_workers=workers, generator=self.generator,
            worker_init_fn=small.seed_worker,
        )  # fmt: skip
        self.step = self.position = 0
        self.at_epoch = self.generator.get_state()

    def state(self):
        return {
            "options": self.options,
            "model": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "scaler": self.scaler.state_dict(),
            "ema": self.ema,
            "random": {"python": random.getstate(), "numpy": np.random.get_state(), "torch": torch.get_rng_state()},
            # As it was before the order of this epoch was drawn; what it is now brings the next epoch.
            "generator": self.at_epoch,
            "generator-now": self.generator.get_state(),
            "position": self.position,
            "step": self.step,
            "gradients": [None if weight.grad is None else weight.grad.clone() for weight in self.net.parameters()],
        }

    def restore(self, state):
        self.net.load_state_dict(state["model"], strict=False)
        if "optimizer" in state:
            self.optimizer.load_state_dict(state["optimizer"])
        if "scheduler" in state:
            self.scheduler.load_state_dict(state["scheduler"])
        if "scaler" in state:
            self.scaler.load_state_dict(state["scaler"])
        self.ema = state.get("ema", self.ema)
        if "gradients" in state:
            for weight, gradient in zip(self.net.parameters(), state["gradients"], strict=True):
                weight.grad = gradient
        self.step = state["step"]
        if "generator" in state:
            self.generator.set_state(state["generator"])

    def resumed(self, state):
        """The batches that are left of the epoch; random states come last, as fetching draws from them."""
        self.at_epoch = self.generator.get_state()
        if self.without == "random-first":
            restore_random(state["random"])
        if self.without == "fetching":
            # The indices are right, and what workers draw is not.
            batches = self.skipping(state["position"])
        else:
            batches = iter(self.loader)
            for _ in range(state["position"]):
                next(batches)
        self.position = state["position"]
        if self.without != "random-first":
            restore_random(state["random"])
        return batches

    def skipping(self, position):
        left = itertools.islice(iter(self.loader.batch_sampler), position, None)
        loader = torch.utils.data.DataLoader(
            self.loader.dataset, batch_sampler=left, num_workers=self.loader.num_workers, generator=self.generator,
            worker_init_fn=small.seed_worker,
        )  # fmt: skip
        return iter(loader)

    def average(self):
        self.ema["updates"] += 1
        decay = min(0.9, (1 + self.ema["updates"]) / (10 + self.ema["updates"]))
        for name, value in self.net.state_dict().items():
            kept = self.ema["weights"][name]
            kept.copy_(decay * kept + (1 - decay) * value if value.is_floating_point() else value)


def restore_random(states):
    if "python" in states:
        random.setstate(states["python"])
    if "numpy" in states:
        np.random.set_state(states["numpy"])
    if "torch" in states:
        torch.set_rng_state(states["torch"])


def train(training, trajectory, out, batches=None):
    """Goes on to the last step; gives the losses."""
    losses, accumulated = [], training.options["accumulate"]
    casts = training.options["half"] and training.without != "autocast"
    while training.step < small.STEPS:
        if batches is None:
            training.at_epoch, training.position = training.generator.get_state(), 0
            batches = iter(training.loader)
        for x, y in batches:
            trajectory.batch((x, y))
            training.position += 1
            inputs, *targets = small.mixed(x, y)
            with torch.autocast("cpu", torch.float16, enabled=casts):
                loss = small.loss_of(training.net(inputs).float(), *targets)
            trajectory.loss(loss)
            training.scaler.scale(loss / accumulated).backward()
            losses.append(loss.item())
            waiting = training.position % accumulated
            if waiting == 0:
                training.scaler.step(training.optimizer)
                training.scaler.update()
                training.scheduler.step()
                training.optimizer.zero_grad()
                training.average()
                training.step += 1
                trajectory.step(training.step)
            # In the middle of an accumulation if there is one: two batches of four are over then.
            if training.step == small.CHECKPOINT and waiting == accumulated // 2 and out:
                path = out / f"step-{training.step}.pt"
                torch.save(training.state(), path)
                trajectory.saved(path, step=training.step)
            if training.step == small.STEPS:
                break
        batches = None
    return losses


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--resume", type=Path)
    parser.add_argument("--without", choices=sorted(pieces.PIECES), default="")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--steps", type=int, default=8, help="steps to record after the checkpoint")
    parser.add_argument("--half", action="store_true", help="automatic casts to float16, with a scaler of the loss")
    parser.add_argument("--accumulate", type=int, default=1, help="batches for each step")
    told = parser.parse_args(arguments)
    torch.set_num_threads(2 if told.without == "threads" else told.threads)
    state = torch.load(told.resume, weights_only=False) if told.resume else None
    options = state["options"] if state else dict(
        seed=3, lr=0.01, half=told.half, accumulate=told.accumulate, workers=told.workers
    )  # fmt: skip
    # A process that resumes begins with other random numbers: what is the same later was restored.
    small.sow(options["seed"] if state is None else 4711)
    training = Training(options, told.without)
    batches = None
    if state is not None:
        change = pieces.PIECES.get(told.without)
        if callable(change):
            change(state)
        training.restore(state)
        batches = training.resumed(state)
    if told.without == "modes":
        training.net.eval()
    if told.out:
        told.out.mkdir(parents=True, exist_ok=True)
    with reproof.torch.Trajectory(
        training.net, training.optimizer, scheduler=training.scheduler, scaler=training.scaler,
        ema=lambda: training.ema["weights"] | {"updates": training.ema["updates"]},
        loader=training.loader, inputs=small.examples(), steps=told.steps, seeds={"training": options["seed"]},
    ) as trajectory:  # fmt: skip
        losses = train(training, trajectory, None if trajectory.resuming else told.out, batches)
    print(json.dumps(losses))


if __name__ == "__main__":
    main()
