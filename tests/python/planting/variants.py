"""What may differ from the original: faults and harmless rewrites."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Variant:
    """How a network is written down. The default is the original."""

    epsilon: float = 1e-5
    """Added to the variance by every normalisation."""
    gelu: Literal["erf", "tanh"] = "erf"
    """The exact form, or the usual approximation of it."""
    divisor: int = 255
    """Pixels are multiplied by its reciprocal, rounded to the model's dtype."""
    flip_weight_bit: bool = False
    """Whether the lowest mantissa bit of the largest weight is inverted."""
    nudge_bias: bool = False
    """Whether the largest bias is moved to the next larger number."""
    swap_add: bool = False
    """Whether the operands of every addition change places."""
    use_gemm: bool = False
    """Whether products of matrices and their biases become one Gemm."""
    spell_layer_norm: bool = False
    """Whether LayerNormalization is written as primitive nodes in single precision."""
    explicit_pad: bool = False
    """Whether convolutions are padded by a node of their own."""
    scale_late: bool = False
    """Whether pixels are scaled after the first product instead of before it."""
    permute_hidden: bool = False
    """Whether hidden units change places, so that sums run in another order."""


ORIGINAL = Variant()

FAULTS = {
    "epsilon": Variant(epsilon=1e-6),
    "gelu-tanh": Variant(gelu="tanh"),
    "scale-256": Variant(divisor=256),
    "weight-bit": Variant(flip_weight_bit=True),
    "bias-1ulp": Variant(nudge_bias=True),
}
"""Other functions: small changes that a verification must not excuse."""

REWRITES = {
    "benign-swapped-add": Variant(swap_add=True),
    "benign-gemm": Variant(use_gemm=True),
    "benign-layer-norm": Variant(spell_layer_norm=True),
    "benign-pad": Variant(explicit_pad=True),
    "benign-late-scale": Variant(scale_late=True),
    "benign-permuted": Variant(permute_hidden=True),
}
"""The same function in exact arithmetic, with other rounding."""
