"""Bits of numbers in arrays of NumPy: how one is changed without arithmetic that could round it away."""

import numpy

# Bits of the mantissa, and the integer of the same width.
_LAYOUTS = {"float16": (10, "uint16"), "float32": (23, "uint32"), "float64": (52, "uint64")}


def is_known(array):
    """Whether values can be changed in place, and their bits are known here."""
    plain = isinstance(array, numpy.ndarray) and array.dtype.name in _LAYOUTS and array.dtype.isnative
    return plain and array.size > 0 and array.flags.writeable


def significant(array):
    """Bits from the least to the most telling: last and first of the mantissa, last of the exponent, sign."""
    mantissa = _LAYOUTS[array.dtype.name][0]
    return [0, mantissa - 1, mantissa, array.dtype.itemsize * 8 - 1]


def flip(array, bit):
    """One bit of the element of largest magnitude: the one that most outputs depend on."""
    place = numpy.unravel_index(numpy.abs(array).argmax(), array.shape)
    bits = array.view(_LAYOUTS[array.dtype.name][1])
    bits[place] ^= bits.dtype.type(1 << bit)


def step(array):
    """Every element by one unit in its last place nearer to zero, which overflows nowhere."""
    bits = array.view(_LAYOUTS[array.dtype.name][1])
    bits -= (numpy.isfinite(array) & (array != 0)).astype(bits.dtype)
