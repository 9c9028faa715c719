"""Other tables in place of those that an estimator is given."""

import contextlib

import numpy


@contextlib.contextmanager
def given(model, change):
    """Tables changed on their way in; what was entered first changes them first, so that a later one can undo it."""
    model.table_changes.append(change)
    try:
        yield
    finally:
        model.table_changes.remove(change)


@contextlib.contextmanager
def watching(model):
    """Notes what kinds of numbers tables hold."""
    seen = set()

    def look(table):
        values = _values(table)
        if values is not None:
            seen.update({values.dtype.name, "numbers"})
            seen.update({"missing"} if values.dtype.kind == "f" and bool(numpy.isnan(values).any()) else ())
            seen.update({"columns"} if values.ndim == 2 and values.shape[1] > 1 else ())
        return table

    with given(model, look):
        yield
    model.tables_seen = getattr(model, "tables_seen", set()) | seen


def _values(table):
    """The numbers of a table; nothing for texts and sparse ones."""
    values = table.to_numpy() if hasattr(table, "to_numpy") else table
    return values if isinstance(values, numpy.ndarray) and values.dtype.kind in "fiu" else None


def _numbers(change):
    """A change of numbers, for arrays and for tables with names."""

    def changed(table):
        values = _values(table)
        if values is None:
            return table
        made = change(values)
        return made if values is table else type(table)(made, columns=table.columns, index=table.index)

    return changed


def _real(change):
    return _numbers(lambda values: change(values) if values.dtype.kind == "f" else values)


def _exchanged(values):
    if values.ndim != 2 or values.shape[1] < 2:
        return values
    return values[:, [1, 0, *range(2, values.shape[1])]]


# Changes with what a table must have for them to make a difference.
INPUTS = {
    "float32": ("float64", _real(lambda values: values.astype("float32"))),
    "float64": ("float32", _real(lambda values: values.astype("float64"))),
    "reversed-columns": ("columns", _numbers(lambda values: values[..., ::-1].copy())),
    "divided-by-255": ("numbers", _numbers(lambda values: values / 255)),
    "times-255": ("numbers", _numbers(lambda values: values * 255)),
    "missing-as-0": ("missing", _real(lambda values: numpy.where(numpy.isnan(values), values.dtype.type(0), values))),
}

MISTAKES = {
    "float16": ("numbers", _real(lambda values: values.astype("float16").astype(values.dtype))),
    "swapped-columns": ("columns", _numbers(_exchanged)),
}


def that_matter(model, changes, wanted=None):
    """Changes that make a difference for the tables that were seen; all of them where none was, or one is wanted."""
    seen = getattr(model, "tables_seen", None) if wanted is None else None
    return {name: change for name, (needed, change) in changes.items() if seen is None or needed in seen}
