"""The three networks, their weights and their graphs."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from onnx import ModelProto

from .graph import Array, tensor_info
from .layers import Layers
from .variants import FAULTS, REWRITES, Variant

CLASSES = 10
TOKENS, WIDTH, HEADS = 8, 32, 2


@dataclass(frozen=True)
class Network:
    """A network: pixels 0..255 in, logits `[batch, 10]` out."""

    name: str
    pixels: tuple[int, ...]
    """Shape of one input, without the batch."""
    shapes: dict[str, tuple[int, ...]]
    """Shape of each weight, `<layer>.<role>`."""
    hidden: dict[str, int]
    """Weights with an axis over the hidden units that may change places."""
    rewrites: tuple[str, ...]
    """The harmless rewrites that change something here."""
    build: Callable[[Layers], str]
    """Adds the layers from `pixels` to `logits`."""

    def variants(self) -> dict[str, Variant]:
        """Faults and rewrites of this network, by name."""
        return FAULTS | {name: REWRITES[name] for name in self.rewrites}

    def model(
        self,
        variant: Variant,
        stored: npt.DTypeLike,
        computed: npt.DTypeLike | None = None,
    ) -> ModelProto:
        """The network with weights rounded to `stored`, in `computed` if given."""
        computed = stored if computed is None else computed
        arrays = self.arrays(variant, stored)
        layers = Layers(variant, arrays, stored, computed)
        self.build(layers)
        return layers.model(
            [tensor_info("pixels", computed, ("batch", *self.pixels))],
            [tensor_info("logits", computed, ("batch", CLASSES))],
        )

    def arrays(self, variant: Variant, stored: npt.DTypeLike) -> dict[str, Array]:
        """The weights by name, rounded to `stored`, with the variant's changes."""
        generator = np.random.default_rng(1)
        arrays = {
            name: draw(generator, name, shape).astype(stored)
            for name, shape in self.shapes.items()
        }
        if variant.flip_weight_bit:
            flip_lowest_bit(arrays["head.weight"])
        if variant.nudge_bias:
            bias = arrays["head.bias"]
            largest = np.abs(bias).argmax()
            bias[largest] = np.nextafter(bias[largest], np.inf, dtype=bias.dtype)
        if variant.permute_hidden:
            permute(arrays, self.hidden)
        return arrays

    def inputs(self, dtype: npt.DTypeLike, batch: int = 4) -> Array:
        """Whole pixel values 0..255, `[batch, *pixels]`."""
        generator = np.random.default_rng(3)
        return generator.integers(0, 256, (batch, *self.pixels)).astype(dtype)


def draw(
    generator: np.random.Generator, name: str, shape: tuple[int, ...]
) -> npt.NDArray[np.float64]:
    """Plausible trained values of a weight, by the role at the end of its name."""
    match name.rsplit(".", 1)[1]:
        case "gain":
            return generator.normal(1, 0.1, shape)
        case "variance":
            return generator.uniform(0.1, 0.6, shape)
        case "bias" | "mean":
            return generator.normal(0, 0.1, shape)
        case _:
            fan_in = shape[0] if len(shape) == 2 else int(np.prod(shape[1:]))
            return generator.normal(0, 1 / np.sqrt(fan_in), shape)


def flip_lowest_bit(weights: Array) -> None:
    """Inverts the lowest mantissa bit of the largest weight, in place."""
    bits = weights.reshape(-1).view(f"u{weights.itemsize}")
    bits[np.abs(weights).argmax()] ^= 1


def permute(arrays: dict[str, Array], axes: dict[str, int]) -> None:
    """Puts the units along the named axes into another order, the same for all."""
    first, axis = next(iter(axes.items()))
    order = np.random.default_rng(2).permutation(arrays[first].shape[axis])
    for name, axis in axes.items():
        arrays[name] = np.take(arrays[name], order, axis=axis)


def linear_shapes(layer: str, rows: int, columns: int) -> dict[str, tuple[int, ...]]:
    """Weight and bias of a linear layer."""
    return {f"{layer}.weight": (rows, columns), f"{layer}.bias": (columns,)}


def norm_shapes(layer: str, width: int, *further: str) -> dict[str, tuple[int, ...]]:
    """Gain and bias of a normalisation, and `further` roles."""
    return {f"{layer}.{role}": (width,) for role in ("gain", "bias", *further)}


def feed_forward(layers: Layers, value: str, rank: int) -> str:
    """Two linear layers around a GELU."""
    wide = layers.gelu(layers.linear(value, "expand", rank))
    return layers.linear(wide, "contract", rank)


def build_perceptron(layers: Layers) -> str:
    """A residual block between two linear layers."""
    embedded = layers.gelu(layers.first_linear("pixels", "embed"))
    block = feed_forward(layers, layers.layer_norm(embedded, "norm"), 2)
    residual = layers.add(embedded, block)
    normed = layers.layer_norm(residual, "last_norm")
    return layers.linear(normed, "head", output="logits")


def attention(layers: Layers, value: str) -> str:
    """Multi-head attention over the tokens."""
    query, key, mixed = (
        heads(layers, value, layer) for layer in ("query", "key", "value")
    )
    turned = layers.node("Transpose", key, perm=[0, 1, 3, 2])
    scores = layers.node("MatMul", query, turned)
    scale = layers.constant("attention_scale", (WIDTH // HEADS) ** -0.5)
    weights = layers.node("Softmax", layers.node("Mul", scores, scale), axis=-1)
    joined = layers.node(
        "Transpose", layers.node("MatMul", weights, mixed), perm=[0, 2, 1, 3]
    )
    shape = layers.integers("joined_shape", [0, TOKENS, WIDTH])
    return layers.linear(layers.node("Reshape", joined, shape), "project", 3)


def heads(layers: Layers, value: str, layer: str) -> str:
    """A linear layer split into heads, `[batch, head, token, unit]`."""
    shape = layers.integers("split_shape", [0, TOKENS, HEADS, WIDTH // HEADS])
    split = layers.node("Reshape", layers.linear(value, layer, 3), shape)
    return layers.node("Transpose", split, perm=[0, 2, 1, 3])


def build_transformer(layers: Layers) -> str:
    """One pre-norm block over eight tokens, averaged and classified."""
    embedded = layers.first_linear("pixels", "embed", 3)
    placed = layers.add(embedded, layers.parameter("position.bias"))
    attended = layers.add(placed, attention(layers, layers.layer_norm(placed, "norm")))
    block = feed_forward(layers, layers.layer_norm(attended, "middle_norm"), 3)
    normed = layers.layer_norm(layers.add(attended, block), "last_norm")
    pooled = layers.node("ReduceMean", normed, axes=[1], keepdims=0)
    return layers.linear(pooled, "head", output="logits")


def build_convolution(layers: Layers) -> str:
    """Two convolutions with batch normalisation, averaged and classified."""
    first = layers.batch_norm(layers.first_convolution("pixels", "first"), "first_norm")
    second = layers.convolution(layers.gelu(first), "second", stride=2)
    features = layers.gelu(layers.batch_norm(second, "second_norm"))
    pooled = layers.node("GlobalAveragePool", features)
    return layers.linear(layers.node("Flatten", pooled), "head", output="logits")


FEED_FORWARD_UNITS = {"expand.weight": 1, "expand.bias": 0, "contract.weight": 0}

PERCEPTRON = Network(
    name="perceptron",
    pixels=(64,),
    shapes=linear_shapes("embed", 64, 48)
    | norm_shapes("norm", 48)
    | linear_shapes("expand", 48, 96)
    | linear_shapes("contract", 96, 48)
    | norm_shapes("last_norm", 48)
    | linear_shapes("head", 48, CLASSES),
    hidden=FEED_FORWARD_UNITS,
    rewrites=(
        "benign-swapped-add",
        "benign-gemm",
        "benign-layer-norm",
        "benign-late-scale",
        "benign-permuted",
    ),
    build=build_perceptron,
)

TRANSFORMER = Network(
    name="transformer",
    pixels=(TOKENS, WIDTH),
    shapes=linear_shapes("embed", WIDTH, WIDTH)
    | {"position.bias": (TOKENS, WIDTH)}
    | norm_shapes("norm", WIDTH)
    | linear_shapes("query", WIDTH, WIDTH)
    | linear_shapes("key", WIDTH, WIDTH)
    | linear_shapes("value", WIDTH, WIDTH)
    | linear_shapes("project", WIDTH, WIDTH)
    | norm_shapes("middle_norm", WIDTH)
    | linear_shapes("expand", WIDTH, 64)
    | linear_shapes("contract", 64, WIDTH)
    | norm_shapes("last_norm", WIDTH)
    | linear_shapes("head", WIDTH, CLASSES),
    hidden=FEED_FORWARD_UNITS,
    rewrites=PERCEPTRON.rewrites,
    build=build_transformer,
)

CONVOLUTION = Network(
    name="convolution",
    pixels=(3, 16, 16),
    shapes={"first.weight": (8, 3, 3, 3), "first.bias": (8,)}
    | norm_shapes("first_norm", 8, "mean", "variance")
    | {"second.weight": (16, 8, 3, 3), "second.bias": (16,)}
    | norm_shapes("second_norm", 16, "mean", "variance")
    | linear_shapes("head", 16, CLASSES),
    hidden={"first.weight": 0, "first.bias": 0, "second.weight": 1}
    | {f"first_norm.{role}": 0 for role in ("gain", "bias", "mean", "variance")},
    rewrites=(
        "benign-swapped-add",
        "benign-gemm",
        "benign-pad",
        "benign-late-scale",
        "benign-permuted",
    ),
    build=build_convolution,
)

NETWORKS = (PERCEPTRON, TRANSFORMER, CONVOLUTION)
