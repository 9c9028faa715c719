"""What recording a trajectory adds to a step of training: prints JSON, for a short step and a long one.

Bursts of recorded steps and of steps that nobody records alternate in one training, so that both see the same machine. What
is taken once per checkpoint, before the first recorded step and after the last, is told apart from the steps between.
"""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import reproof.torch
import torch

# Rows of a batch and layers, by the length of a step that they give on two cores.
SIZES = {"short": (16, 5), "long": (1024, 12)}
WIDTH, STEPS = 1024, 8


def measure(rows, depth, bursts, path):
    torch.manual_seed(0)
    layers = [layer for _ in range(depth) for layer in (torch.nn.Linear(WIDTH, WIDTH), torch.nn.ReLU())]
    model = torch.nn.Sequential(*layers, torch.nn.Linear(WIDTH, 10))
    optimizer = torch.optim.AdamW(model.parameters())
    batch = torch.randn(rows, WIDTH), torch.randint(0, 10, (rows,))
    plain, recorded, once, done = [], [], [], 0
    trajectory = reproof.torch.Trajectory(model, optimizer, steps=STEPS, contract=False)

    def step():
        nonlocal done
        trajectory.batch(batch)
        loss = torch.nn.functional.cross_entropy(model(batch[0]), batch[1])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        done += 1
        trajectory.step(done, loss=loss)

    def timed():
        begun = time.perf_counter()
        step()
        return time.perf_counter() - begun

    for burst in range(bursts + 1):
        steps = [timed() for _ in range(STEPS)]
        trajectory.saved(path, step=done)
        watched = [timed() for _ in range(STEPS)]
        # The first burst finds everything cold.
        if burst > 0:
            plain += steps
            # The first takes the state before it, the last the state after it.
            recorded += watched[1:-1]
            once.append(watched[0] + watched[-1] - 2 * statistics.median(steps))
    trajectory.close()
    return {"plain": statistics.median(plain), "recorded": statistics.median(recorded), "once": statistics.median(once)}


def main(bursts):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint.pt"
        torch.save({}, path)
        reproof.record(path, bytes_only=True)
        print(json.dumps({name: measure(*size, bursts, path) for name, size in SIZES.items()}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
