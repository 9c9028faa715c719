"""A network of any size, for benchmarks."""

import numpy as np
from onnx import ModelProto

from .graph import Array, Graph, tensor_info

WIDTH = 1024
LARGEST = 1900
"""Megabytes: a file above 2 GiB is not a valid protocol buffer."""


def large(megabytes: int) -> ModelProto:
    """Square layers with ReLU, float32 [batch, 1024] in and out, of about that size."""
    if not 1 <= megabytes <= LARGEST:
        raise SystemExit(f"{megabytes} MB: expected 1 to {LARGEST}")
    generator = np.random.default_rng(5)
    graph = Graph()
    value = "numbers"
    for layer in range(max(1, round(megabytes * 1e6 / (4 * WIDTH * WIDTH)))):
        shape = (WIDTH, WIDTH)
        weights = generator.standard_normal(shape, dtype=np.float32)
        weights *= np.sqrt(2 / WIDTH, dtype=np.float32)
        bias = generator.standard_normal(WIDTH, dtype=np.float32) / 10
        matrix = graph.weight(f"{layer}.weight", weights)
        product = graph.node("MatMul", value, matrix)
        value = graph.node("Add", product, graph.weight(f"{layer}.bias", bias))
        value = graph.node("Relu", value)
    graph.node("Identity", value, output="result")
    return graph.model(
        [tensor_info("numbers", np.float32, ("batch", WIDTH))],
        [tensor_info("result", np.float32, ("batch", WIDTH))],
    )


def large_inputs(batch: int = 4) -> Array:
    """Normal numbers, float32 [batch, 1024]."""
    generator = np.random.default_rng(6)
    return generator.standard_normal((batch, WIDTH), dtype=np.float32)
