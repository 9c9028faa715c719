"""Collects nodes and weights into a model."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import (
    ModelProto,
    NodeProto,
    TensorProto,
    ValueInfoProto,
    helper,
    numpy_helper,
)

Array = npt.NDArray[Any]

OPSET = 17
IR_VERSION = 8


class Graph:
    """Nodes and stored weights, in the order in which they are added."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.weights: dict[str, Array] = {}

    def weight(self, name: str, values: Array) -> str:
        """Stores an array under a name; the same name again means the same array."""
        self.weights[name] = values
        return name

    def node(
        self, operator: str, *inputs: str, output: str | None = None, **fields: Any
    ) -> str:
        """Adds a node and returns its output; `fields` are attributes or a domain."""
        name = output or f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], **fields))
        return name

    def initializers(self) -> list[TensorProto]:
        """The stored weights as tensors."""
        return [
            numpy_helper.from_array(values, name)
            for name, values in self.weights.items()
        ]

    def model(
        self,
        inputs: Sequence[ValueInfoProto],
        outputs: Sequence[ValueInfoProto],
        domains: Sequence[str] = (),
    ) -> ModelProto:
        """The finished model; `domains` are further operator sets, at version 1."""
        graph = helper.make_graph(
            self.nodes, "planted", inputs, outputs, self.initializers()
        )
        opsets = [helper.make_opsetid("", OPSET)]
        opsets += [helper.make_opsetid(domain, 1) for domain in domains]
        return helper.make_model(
            graph,
            opset_imports=opsets,
            ir_version=IR_VERSION,
            producer_name="planting",
        )


def tensor_info(
    name: str, dtype: npt.DTypeLike, shape: Sequence[int | str]
) -> ValueInfoProto:
    """An input or output tensor; a text in `shape` is a free dimension."""
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return helper.make_tensor_value_info(name, kind, shape)
