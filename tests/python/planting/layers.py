"""Layers in the spelling that a variant asks for."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import helper

from .graph import Array, Graph
from .variants import Variant


class Layers(Graph):
    """A graph of layers whose weights are given by name, `<layer>.<role>`.

    Every constant is rounded to `stored`, the dtype of the file, and then computed with
    in `computed`. The two are equal in models that are written; float64 over the
    rounded constants serves as a check that needs no engine's rounding.
    """

    def __init__(
        self,
        variant: Variant,
        arrays: dict[str, Array],
        stored: npt.DTypeLike,
        computed: npt.DTypeLike,
    ) -> None:
        super().__init__()
        self.variant = variant
        self.arrays = arrays
        self.stored = np.dtype(stored)
        self.computed = np.dtype(computed)

    def parameter(self, name: str) -> str:
        """A weight of the network, by name."""
        return self.weight(name, self.arrays[name].astype(self.computed))

    def constant(self, name: str, value: float) -> str:
        """A scalar of the model's dtype."""
        rounded = np.array(value, dtype=self.stored)
        return self.weight(name, rounded.astype(self.computed))

    def integers(self, name: str, values: list[int]) -> str:
        """A list of 64-bit integers, such as a shape."""
        return self.weight(name, np.array(values, dtype=np.int64))

    def add(self, left: str, right: str, output: str | None = None) -> str:
        """The sum, in the order of operands that the variant asks for."""
        operands = (right, left) if self.variant.swap_add else (left, right)
        return self.node("Add", *operands, output=output)

    def scale(self, value: str) -> str:
        """Multiplies by the reciprocal of the divisor of pixels."""
        return self.node(
            "Mul", value, self.constant("reciprocal", 1 / self.variant.divisor)
        )

    def linear(
        self, value: str, layer: str, rank: int = 2, output: str | None = None
    ) -> str:
        """`value @ weight + bias`, of a value with `rank` dims."""
        weight, bias = self.parameter(f"{layer}.weight"), f"{layer}.bias"
        if self.variant.use_gemm and rank == 2:
            return self.node("Gemm", value, weight, self.parameter(bias), output=output)
        product = self.node("MatMul", value, weight)
        return self.add(product, self.parameter(bias), output=output)

    def first_linear(self, pixels: str, layer: str, rank: int = 2) -> str:
        """A linear layer over scaled pixels."""
        if not self.variant.scale_late:
            return self.linear(self.scale(pixels), layer, rank)
        product = self.node("MatMul", pixels, self.parameter(f"{layer}.weight"))
        return self.add(self.scale(product), self.parameter(f"{layer}.bias"))

    def gelu(self, value: str) -> str:
        """GELU spelled out: exact with Erf, or the approximation with Tanh."""
        inner = (
            self.erf_term(value)
            if self.variant.gelu == "erf"
            else self.tanh_term(value)
        )
        shifted = self.add(inner, self.constant("one", 1))
        halved = self.node("Mul", value, self.constant("half", 0.5))
        return self.node("Mul", halved, shifted)

    def erf_term(self, value: str) -> str:
        """`erf(value / sqrt(2))`."""
        root = self.constant("sqrt_two", math.sqrt(2))
        return self.node("Erf", self.node("Div", value, root))

    def tanh_term(self, value: str) -> str:
        """`tanh(sqrt(2 / pi) * (value + 0.044715 * value ** 3))`."""
        cube = self.node("Mul", self.node("Mul", value, value), value)
        cubic = self.node("Mul", cube, self.constant("cubic", 0.044715))
        factor = self.constant("sqrt_two_over_pi", math.sqrt(2 / math.pi))
        return self.node("Tanh", self.node("Mul", self.add(value, cubic), factor))

    def layer_norm(self, value: str, layer: str) -> str:
        """Normalises the last axis, then scales and shifts it."""
        gain, bias = self.parameter(f"{layer}.gain"), self.parameter(f"{layer}.bias")
        if not self.variant.spell_layer_norm:
            epsilon = self.variant.epsilon
            return self.node(
                "LayerNormalization", value, gain, bias, axis=-1, epsilon=epsilon
            )
        return self.add(self.node("Mul", self.normalised(value), gain), bias)

    def normalised(self, value: str) -> str:
        """`(value - mean) / sqrt(variance + epsilon)` in single precision or better.

        The operator computes half precision in single precision too, and its epsilon
        is a single-precision attribute: anything else would be another function.
        """
        inner = np.dtype(max(self.computed, np.dtype(np.float32)))
        wide = self.cast(value, self.computed, inner)
        mean = self.node("ReduceMean", wide, axes=[-1])
        centred = self.node("Sub", wide, mean)
        square = self.node("Mul", centred, centred)
        variance = self.node("ReduceMean", square, axes=[-1])
        epsilon = np.array(np.float32(self.variant.epsilon), dtype=inner)
        shifted = self.add(variance, self.weight("epsilon", epsilon))
        ratio = self.node("Div", centred, self.node("Sqrt", shifted))
        return self.cast(ratio, inner, self.computed)

    def cast(self, value: str, source: npt.DTypeLike, target: npt.DTypeLike) -> str:
        """Casts between dtypes; nothing where they are equal."""
        if np.dtype(source) == np.dtype(target):
            return value
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(target))
        return self.node("Cast", value, to=kind)

    def convolution(
        self, value: str, layer: str, stride: int = 1, bias: bool = True
    ) -> str:
        """A 3x3 convolution, padded by one on each side."""
        inputs = [value, self.parameter(f"{layer}.weight")]
        if bias:
            inputs.append(self.parameter(f"{layer}.bias"))
        fields: dict[str, Any] = {"kernel_shape": [3, 3], "strides": [stride, stride]}
        if self.variant.explicit_pad:
            pads = self.integers("pads", [0, 0, 1, 1, 0, 0, 1, 1])
            inputs[0] = self.node("Pad", value, pads, mode="constant")
            return self.node("Conv", *inputs, **fields)
        return self.node("Conv", *inputs, pads=[1, 1, 1, 1], **fields)

    def first_convolution(self, pixels: str, layer: str) -> str:
        """A convolution over scaled pixels."""
        if not self.variant.scale_late:
            return self.convolution(self.scale(pixels), layer)
        product = self.convolution(pixels, layer, bias=False)
        bias = self.arrays[f"{layer}.bias"].reshape(1, -1, 1, 1).astype(self.computed)
        return self.add(self.scale(product), self.weight(f"{layer}.bias", bias))

    def batch_norm(self, value: str, layer: str) -> str:
        """Normalises each channel by its stored mean and variance."""
        roles = ("gain", "bias", "mean", "variance")
        stored = [self.parameter(f"{layer}.{role}") for role in roles]
        return self.node(
            "BatchNormalization", value, *stored, epsilon=self.variant.epsilon
        )
