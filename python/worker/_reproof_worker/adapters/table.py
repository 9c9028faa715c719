"""Tables for models that take one: given whole, or each column by its name."""

from .. import arrays
from ..failure import Refused


def gather(names, inputs):
    """One array of rows from named inputs, for a model whose columns have these names (if any)."""
    import numpy

    if len(inputs) == 1 and inputs[0][0] not in names:
        return inputs[0][1]
    if names and sorted(name for name, _ in inputs) == sorted(names):
        given = dict(inputs)
        return numpy.column_stack([given[name] for name in names])
    expected = "one table or the columns {}".format(", ".join(names)) if names else "one table"
    raise Refused("the model takes {}, and got {}".format(expected, ", ".join(name for name, _ in inputs)))


def numbers(tensor):
    """An array of a raw tensor; floats narrower than 32 bits have no table."""
    array = arrays.to_numpy(tensor)
    return array.astype("float32") if array.dtype.itemsize < 4 and array.dtype.kind not in "iub" else array
