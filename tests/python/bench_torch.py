"""A PyTorch model of 100 million parameters, and the bare script that verification is measured against.

`bench_torch.py make FOLDER` writes `weights.pt` and the inputs of two cases. `bench_torch.py run FOLDER` imports torch,
loads the weights and runs the same cases on one thread; it prints a checksum, so that nothing can be skipped.
`bench_torch:build` is the loader of both.
"""

import sys
import zlib
from pathlib import Path

import numpy as np
import torch

# Square layers of this width: 24 of them have 100,712,448 parameters.
WIDTH = 2048
LAYERS = 24


class Stack(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.ModuleList(torch.nn.Linear(WIDTH, WIDTH) for _ in range(LAYERS))

    def forward(self, x):
        for layer in self.layers:
            x = x + torch.nn.functional.gelu(layer(x)) / LAYERS
        return x


def build():
    return Stack().eval()


def make(folder):
    torch.manual_seed(1)
    torch.save(Stack().state_dict(), folder / "weights.pt")
    generator = np.random.default_rng(1)
    (folder / "cases").mkdir()
    for name in ("one", "two"):
        np.savez(folder / "cases" / f"{name}.npz", x=generator.normal(size=(4, WIDTH)).astype("float32"))


def run(folder):
    torch.set_num_threads(1)
    model = build()
    model.load_state_dict(torch.load(folder / "weights.pt", weights_only=True))
    total = 0
    with torch.no_grad():
        for path in sorted((folder / "cases").glob("*.npz")):
            with np.load(path, allow_pickle=False) as inputs:
                total = zlib.crc32(model(torch.from_numpy(inputs["x"])).numpy().tobytes(), total)
    print(f"{total:08x}")


if __name__ == "__main__":
    {"make": make, "run": run}[sys.argv[1]](Path(sys.argv[2]))
