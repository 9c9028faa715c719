"""Turns scanned digits into the input that the model expects.

The data set was made the same way: a 32x32 bitmap is cut into 4x4 blocks, and each
block becomes the number of its black pixels, 0 to 16. The division by 16 is inside the
model, so that nobody can forget it.
"""

import numpy as np
import numpy.typing as npt

BLOCK = 4
"""Side of a block, in bitmap pixels."""

SIDE = 8
"""Side of a model input, in blocks."""


def count_blocks(bitmap: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Counts the black pixels of each block.

    `bitmap` is bool [32, 32] with black as true; the result float32 [8, 8] in 0..16.
    """
    blocks = bitmap.reshape(SIDE, BLOCK, SIDE, BLOCK)
    return blocks.sum(axis=(1, 3)).astype(np.float32)


def to_input(counts: npt.NDArray[np.number]) -> npt.NDArray[np.float32]:
    """Shapes block counts as a model input.

    `counts` is [8, 8] or [batch, 8, 8] in 0..16, the result float32 [batch, 1, 8, 8].
    """
    return np.ascontiguousarray(counts, dtype=np.float32).reshape(-1, 1, SIDE, SIDE)
