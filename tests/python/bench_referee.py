"""Models and peers that the built-in engine is measured against.

`bench_referee.py make FOLDER` writes a convolutional and a transformer model with inputs for
some calls. `bench_referee.py run ENGINE MODEL FOLDER` loads a model, runs every `.npz` file of a
folder and prints the seconds of the quickest call. Engines: `reference` (onnx.reference) and
`onnxruntime` (one thread).
"""

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CALLS = 3
CHANNELS = 48
SIZE = 56
WIDTH = 256
LENGTH = 128
HEADS = 4
BLOCKS = 4

RANDOM = np.random.default_rng(0)


class Builder:
    """A graph that grows node by node."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def weight(self, *shape: int) -> str:
        """Trained-looking weights."""
        fan_in = int(np.prod(shape[1:])) if len(shape) > 2 else shape[0]
        values = RANDOM.normal(0, 1 / np.sqrt(fan_in), shape).astype(np.float32)
        return self.constant(values)

    def constant(self, values: Any) -> str:
        """A stored tensor."""
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """One more node; its output."""
        output = f"n{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(operator, inputs, [output], **attributes)
        )
        return output

    def save(self, path: Path, shape: list[int], output: str) -> None:
        """The model, whose only input is `x`."""
        ports = [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, shape),
            helper.make_tensor_value_info(output, TensorProto.FLOAT, None),
        ]
        graph = helper.make_graph(
            self.nodes, "g", ports[:1], ports[1:], self.weights
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10
        )
        onnx.save(model, path)


def convolutional(path: Path) -> list[int]:
    """Convolutions over all channels and by channel, as mobile networks have them."""
    graph, shape = Builder(), [1, 3, SIZE, SIZE]
    value, channels = "x", 3
    for block in range(4):
        weights = graph.weight(CHANNELS, channels, 3, 3)
        value = graph.node("Conv", value, weights, pads=[1, 1, 1, 1])
        value = graph.node("Relu", value)
        by_channel = graph.weight(CHANNELS, 1, 3, 3)
        value = graph.node("Conv", value, by_channel, pads=[1, 1, 1, 1], group=CHANNELS)
        value = graph.node("Conv", value, graph.weight(CHANNELS, CHANNELS, 1, 1))
        value = graph.node("Relu", value)
        if block % 2:
            value = graph.node("MaxPool", value, kernel_shape=[2, 2], strides=[2, 2])
        channels = CHANNELS
    value = graph.node("Flatten", graph.node("GlobalAveragePool", value))
    graph.save(path, shape, graph.node("MatMul", value, graph.weight(CHANNELS, 10)))
    return shape


def attention(graph: Builder, value: str) -> str:
    """Heads of attention, before the residual addition."""
    split = graph.constant(np.array([1, LENGTH, HEADS, WIDTH // HEADS]))
    whole = graph.constant(np.array([1, LENGTH, WIDTH]))
    scale = graph.constant(np.float32((WIDTH / HEADS) ** -0.5))

    def part(perm: list[int]) -> str:
        projected = graph.node("MatMul", value, graph.weight(WIDTH, WIDTH))
        return graph.node("Transpose", graph.node("Reshape", projected, split), perm=perm)

    query, key, content = part([0, 2, 1, 3]), part([0, 2, 3, 1]), part([0, 2, 1, 3])
    scores = graph.node("Mul", graph.node("MatMul", query, key), scale)
    mixed = graph.node("MatMul", graph.node("Softmax", scores, axis=-1), content)
    joined = graph.node("Reshape", graph.node("Transpose", mixed, perm=[0, 2, 1, 3]), whole)
    return graph.node("MatMul", joined, graph.weight(WIDTH, WIDTH))


def transformer(path: Path) -> list[int]:
    """Blocks of attention and feed-forward layers with pre-normalisation."""
    graph, shape, value = Builder(), [1, LENGTH, WIDTH], "x"

    def normalised(value: str) -> str:
        ones = graph.constant(np.ones(WIDTH, np.float32))
        zeros = graph.constant(np.zeros(WIDTH, np.float32))
        return graph.node("LayerNormalization", value, ones, zeros, axis=-1)

    for _ in range(BLOCKS):
        value = graph.node("Add", value, attention(graph, normalised(value)))
        wide = graph.node("MatMul", normalised(value), graph.weight(WIDTH, 4 * WIDTH))
        active = graph.node("Gelu", wide)
        narrow = graph.node("MatMul", active, graph.weight(4 * WIDTH, WIDTH))
        value = graph.node("Add", value, narrow)
    graph.save(path, shape, normalised(value))
    return shape


def make(folder: Path) -> None:
    """Writes both models and their inputs."""
    for name, build in (("convolutional", convolutional), ("transformer", transformer)):
        shape = build(folder / f"{name}.onnx")
        inputs = folder / name
        inputs.mkdir(exist_ok=True)
        for call in range(CALLS):
            values = RANDOM.normal(size=shape).astype(np.float32)
            np.savez(inputs / f"call-{call}.npz", x=values)


def engine(name: str, path: Path) -> Any:
    """What runs a model: inputs to outputs."""
    if name == "reference":
        from onnx.reference import ReferenceEvaluator  # noqa: PLC0415

        return ReferenceEvaluator(str(path)).run
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        path, options, providers=["CPUExecutionProvider"]
    )
    return session.run


def run(name: str, path: Path, folder: Path) -> None:
    """Runs every call and prints the seconds of the quickest."""
    execute, seconds = engine(name, path), []
    for inputs in sorted(folder.glob("*.npz")):
        given = dict(np.load(inputs))
        start = time.perf_counter()
        execute(None, given)
        seconds.append(time.perf_counter() - start)
    print(min(seconds))


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]))
    else:
        run(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
