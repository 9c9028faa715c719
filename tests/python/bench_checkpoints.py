"""Writes the large checkpoints that reading is measured on.

`bench_checkpoints.py OUT GIGABYTES` writes `OUT/state.pt` (as `torch.save` does),
`OUT/sharded` (safetensors with an index, shards of 1 GB) and `OUT/small` (200 pickles of
training settings).
"""

import argparse
import json
import pickle
from pathlib import Path

import torch
from safetensors.torch import save_file

ROWS = 4096
"""Rows and columns of each matrix: 64 MiB of float32."""

PER_SHARD = 15


def main() -> None:
    """Reads the command line and writes."""
    parser = argparse.ArgumentParser(description="Write large checkpoints.")
    parser.add_argument("out", type=Path)
    parser.add_argument("gigabytes", type=int)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    count = arguments.gigabytes * 1_000_000_000 // (ROWS * ROWS * 4)
    state = {f"layers.{index:03}.weight": torch.randn(ROWS, ROWS) for index in range(count)}
    torch.save(state, arguments.out / "state.pt")
    sharded = arguments.out / "sharded"
    sharded.mkdir()
    names = sorted(state)
    groups = [names[start : start + PER_SHARD] for start in range(0, count, PER_SHARD)]
    weight_map = {}
    for number, group in enumerate(groups, 1):
        name = f"model-{number:05}-of-{len(groups):05}.safetensors"
        save_file({key: state[key] for key in group}, sharded / name)
        weight_map |= dict.fromkeys(group, name)
    index = {"metadata": {"total_size": count * ROWS * ROWS * 4}, "weight_map": weight_map}
    (sharded / "model.safetensors.index.json").write_text(json.dumps(index))
    small = arguments.out / "small"
    small.mkdir()
    for number in range(200):
        settings = {"lr": 1e-3 / (number + 1), "steps": list(range(number)), "name": f"run {number}"}
        (small / f"{number:03}.pkl").write_bytes(pickle.dumps(settings))


if __name__ == "__main__":
    main()
