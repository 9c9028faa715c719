"""The loop that a comparison of checkpoints is measured against.

`bench_assert_close.py A B` compares each tensor of two safetensors files as people do
with PyTorch: `torch.testing.assert_close`, then the same measures that `reproof diff`
gives: how many elements differ, the largest absolute difference, the relative L2
distance, units in the last place at most and at the 99th percentile, a histogram of
them, and a grid of 32 x 32 for a heat map. Prints one line, so that nothing can be
skipped.
"""

import argparse
from pathlib import Path

import torch
from safetensors import safe_open

INTEGERS = {
    torch.float64: torch.int64,
    torch.float32: torch.int32,
    torch.float16: torch.int16,
    torch.bfloat16: torch.int16,
}


def places(tensor: torch.Tensor) -> torch.Tensor:
    """Each float's place on the number line of its type."""
    kind = INTEGERS[tensor.dtype]
    bits = tensor.view(kind).to(torch.int64)
    lowest = torch.iinfo(kind).min
    return torch.where(bits < 0, lowest - bits, bits)


def compare(first: torch.Tensor, second: torch.Tensor) -> list[float]:
    """All measures of one pair of tensors."""
    try:
        torch.testing.assert_close(first, second)
        close = 1.0
    except AssertionError:
        close = 0.0
    kind = INTEGERS[first.dtype]
    differing = (first.view(kind) != second.view(kind)).sum().item()
    difference = (first - second).abs()
    distance = (
        torch.linalg.vector_norm(difference, dtype=torch.float64)
        / torch.linalg.vector_norm(first, dtype=torch.float64)
    ).item()
    steps = (places(first) - places(second)).abs()
    rank = max(1, -(-steps.numel() * 99 // 100))
    percentile = steps.flatten().kthvalue(rank).values.item()
    octaves = torch.bincount(torch.frexp(steps.double().flatten()).exponent.clamp(0, 64))
    plane = difference.reshape(1, -1, difference.shape[-1]).float()
    grid = torch.nn.functional.adaptive_max_pool2d(plane, 32)
    return [
        close,
        differing,
        difference.max().item(),
        distance,
        steps.max().item(),
        percentile,
        octaves.sum().item(),
        grid.sum().item(),
    ]


def main() -> None:
    """Compares every tensor and prints the sums of all measures."""
    parser = argparse.ArgumentParser(description="Compare checkpoints with PyTorch.")
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    arguments = parser.parse_args()
    total = [0.0] * 8
    with (
        safe_open(arguments.first, "pt") as first,
        safe_open(arguments.second, "pt") as second,
    ):
        for name in first.keys():  # noqa: SIM118, the file is no dictionary
            found = compare(first.get_tensor(name), second.get_tensor(name))
            total = [a + b for a, b in zip(total, found, strict=True)]
    print(" ".join(f"{value:.6g}" for value in total))


if __name__ == "__main__":
    main()
