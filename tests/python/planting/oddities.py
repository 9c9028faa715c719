"""Models that should be refused, stopped or noticed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, TensorProto, helper

from .graph import Array, Graph, tensor_info

Expectation = Literal["runs", "refused", "out-of-memory", "endless"]

COLUMNS = 6
HUGE_ELEMENTS = 2**44
"""Elements of a float32 tensor that no machine can hold: 64 TiB."""
LARGE_ELEMENTS = 2**31
"""Elements of a float32 tensor that a machine may try to hold: 8 GiB."""


@dataclass(frozen=True)
class Oddity:
    """An odd model and what ONNX Runtime is expected to make of it."""

    name: str
    build: Callable[[], ModelProto]
    inputs: dict[str, Array | None]
    """One call, by input name; `None` where an optional input is left empty."""
    expected: Expectation = "runs"


def numbers() -> dict[str, Array | None]:
    """The input of most of them: `numbers`, float32 [2, 6], nothing special."""
    values = np.linspace(-2.5, 3, 2 * COLUMNS, dtype=np.float32).reshape(2, COLUMNS)
    return {"numbers": values}


def scalar(graph: Graph, name: str, value: float, dtype: npt.DTypeLike) -> str:
    """Stores one value without dims."""
    return graph.weight(name, np.array(value, dtype=dtype))


def of_numbers(
    graph: Graph, shape: tuple[int | str, ...] = ("n", COLUMNS)
) -> ModelProto:
    """A model from `numbers`, float32 [n, 6], to `result`, float32 of `shape`."""
    return graph.model(
        [tensor_info("numbers", np.float32, ("n", COLUMNS))],
        [tensor_info("result", np.float32, shape)],
    )


def nondeterministic() -> ModelProto:
    """Adds normal noise without a seed: every run gives other numbers."""
    graph = Graph()
    noise = graph.node("RandomNormalLike", "numbers")
    graph.node("Add", "numbers", noise, output="result")
    return of_numbers(graph)


def nondeterministic_fixed_shape() -> ModelProto:
    """Adds normal noise of a stored shape: tract has no RandomNormalLike."""
    graph = Graph()
    noise = graph.node("RandomNormal", shape=[1, COLUMNS])
    graph.node("Add", "numbers", noise, output="result")
    return of_numbers(graph)


def input_blind() -> ModelProto:
    """Multiplies its input away: the result never changes."""
    graph = Graph()
    nothing = graph.node("Mul", "numbers", scalar(graph, "zero", 0, np.float32))
    graph.node("Add", nothing, scalar(graph, "answer", 42, np.float32), output="result")
    return of_numbers(graph)


def nan_output() -> ModelProto:
    """Divides zero by zero on every ordinary input."""
    graph = Graph()
    zero = graph.node("Sub", "numbers", "numbers")
    graph.node("Div", zero, zero, output="result")
    return of_numbers(graph)


def sequence() -> ModelProto:
    """Gives a sequence of two tensors."""
    graph = Graph()
    double = graph.node("Add", "numbers", "numbers")
    graph.node("SequenceConstruct", "numbers", double, output="parts")
    parts = helper.make_tensor_sequence_value_info("parts", TensorProto.FLOAT, None)
    return graph.model([tensor_info("numbers", np.float32, ("n", COLUMNS))], [parts])


def optional() -> ModelProto:
    """Takes a tensor or nothing, tells which, and hands it on."""
    graph = Graph()
    graph.node("OptionalHasElement", "maybe", output="present")
    graph.node("Identity", "maybe", output="same")
    tensor = helper.make_tensor_type_proto(TensorProto.FLOAT, ("n", COLUMNS))
    kind = helper.make_optional_type_proto(tensor)
    return graph.model(
        [helper.make_value_info("maybe", kind)],
        [
            tensor_info("present", np.bool_, ()),
            helper.make_value_info("same", kind),
        ],
    )


def strings() -> ModelProto:
    """Hands texts on, and gives them in capitals without stop words."""
    graph = Graph()
    graph.node("Identity", "texts", output="same")
    graph.node(
        "StringNormalizer",
        "texts",
        output="normal",
        case_change_action="UPPER",
        is_case_sensitive=0,
        stopwords=["the"],
        locale="C",
    )
    info = helper.make_tensor_value_info
    return graph.model(
        [info("texts", TensorProto.STRING, ["n"])],
        [
            info("same", TensorProto.STRING, ["n"]),
            info("normal", TensorProto.STRING, ["m"]),
        ],
    )


def integers() -> ModelProto:
    """Gives decisions: the largest column, and the three largest with their places."""
    graph = Graph()
    graph.node("ArgMax", "numbers", output="best", axis=1, keepdims=0)
    count = graph.weight("count", np.array([3], dtype=np.int64))
    graph.nodes.append(
        helper.make_node("TopK", ["numbers", count], ["values", "places"], axis=1)
    )
    return graph.model(
        [tensor_info("numbers", np.float32, ("n", COLUMNS))],
        [
            tensor_info("best", np.int64, ("n",)),
            tensor_info("values", np.float32, ("n", 3)),
            tensor_info("places", np.int64, ("n", 3)),
        ],
    )


def allocation(elements: int) -> ModelProto:
    """Fills a tensor of so many elements, in rows of `numbers`, and averages it.

    The shape depends on the input, so that nothing can be folded when loading.
    """
    graph = Graph()
    rows = graph.node("Shape", "numbers", start=0, end=1)
    ones = graph.node("Div", rows, rows)
    huge = graph.weight("elements", np.array([elements], dtype=np.int64))
    filled = graph.node("ConstantOfShape", graph.node("Mul", ones, huge))
    mean = graph.node("ReduceMean", filled, keepdims=0)
    graph.node("Add", "numbers", mean, output="result")
    return of_numbers(graph)


def endless_loop() -> ModelProto:
    """Counts up to the largest 64-bit integer, one step at a time."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go_on"], ["still"]),
            helper.make_node("Add", ["total", "step"], ["next_total"]),
        ],
        "body",
        [
            tensor_info("round", np.int64, ()),
            tensor_info("go_on", np.bool_, ()),
            tensor_info("total", np.float32, ("n", COLUMNS)),
        ],
        [
            tensor_info("still", np.bool_, ()),
            tensor_info("next_total", np.float32, ("n", COLUMNS)),
        ],
    )
    graph = Graph()
    scalar(graph, "step", 1, np.float32)
    rounds = scalar(graph, "rounds", np.iinfo(np.int64).max, np.int64)
    always = scalar(graph, "always", 1, np.bool_)
    graph.node("Loop", rounds, always, "numbers", output="result", body=body)
    return of_numbers(graph)


def custom_operator() -> ModelProto:
    """Asks for an operator that only its author has."""
    graph = Graph()
    graph.node("Mystery", "numbers", output="result", domain="com.example.unknown")
    return graph.model(
        [tensor_info("numbers", np.float32, ("n", COLUMNS))],
        [tensor_info("result", np.float32, ("n", COLUMNS))],
        domains=["com.example.unknown"],
    )


def unsupported_built_in() -> ModelProto:
    """Bends with an operator of ONNX Runtime's own, which no other engine has."""
    graph = Graph()
    graph.node(
        "QuickGelu", "numbers", output="result", domain="com.microsoft", alpha=2.0
    )
    return graph.model(
        [tensor_info("numbers", np.float32, ("n", COLUMNS))],
        [tensor_info("result", np.float32, ("n", COLUMNS))],
        domains=["com.microsoft"],
    )


def external() -> ModelProto:
    """A product with a stored matrix, which the writer puts into a file of its own."""
    graph = Graph()
    matrix = np.random.default_rng(4).normal(size=(COLUMNS, 64)).astype(np.float32)
    graph.node("MatMul", "numbers", graph.weight("matrix", matrix), output="result")
    return of_numbers(graph, ("n", 64))


TEXTS = np.array(["the", "plain", "Grüße", "", "a\nb"], dtype=object)

ODDITIES = (
    Oddity("nondeterministic", nondeterministic, numbers()),
    Oddity("nondeterministic-fixed-shape", nondeterministic_fixed_shape, numbers()),
    Oddity("input-blind", input_blind, numbers()),
    Oddity("nan-output", nan_output, numbers()),
    Oddity("sequence", sequence, numbers()),
    Oddity("optional", optional, {"maybe": numbers()["numbers"]}),
    Oddity("strings", strings, {"texts": TEXTS}),
    Oddity("integers", integers, numbers()),
    Oddity("external", external, numbers()),
    Oddity("unsupported-built-in", unsupported_built_in, numbers()),
    Oddity("custom-operator", custom_operator, numbers(), "refused"),
    Oddity(
        "big-allocation", lambda: allocation(HUGE_ELEMENTS), numbers(), "out-of-memory"
    ),
    Oddity(
        "slow-allocation",
        lambda: allocation(LARGE_ELEMENTS),
        numbers(),
        "out-of-memory",
    ),
    Oddity("endless-loop", endless_loop, numbers(), "endless"),
)
