"""Faults that can be planted in a fitted estimator: each is a mistake that a suite of recorded outputs should see.

Tables that are prepared in another way come first, then settings, then what was lost or mixed up, then single bits.
"""

import functools

import numpy

from . import array_bits, keeping, sklearn_estimators, sklearn_parts, sklearn_tables, sklearn_words


def faults(model, wanted=None):
    """By text, what makes the context; `model` is the adapter's, and was watched while it ran."""
    estimator = model.estimator
    found = {}
    mistakes = {**sklearn_tables.INPUTS, **sklearn_tables.MISTAKES}
    for name, change in sklearn_tables.that_matter(model, mistakes, wanted).items():
        found["inputs=" + name] = functools.partial(sklearn_tables.given, model, change)
    found.update(sklearn_estimators.skipped(estimator))
    found.update(sklearn_estimators.parameters(estimator))
    found.update(_neighbours(estimator))
    found.update(sklearn_estimators.classes(estimator, "swapped", _exchanged))
    found.update(sklearn_words.faults(estimator))
    found.update(_lost(estimator))
    found.update(_rounded(estimator))
    found.update(_bits(estimator))
    found.update(_trees(estimator))
    return found


def _exchanged(values):
    return numpy.concatenate([values[1::-1], values[2:]])


def _neighbours(estimator):
    """One neighbour more and one less, and what was learned of each row in the next one's place."""
    found = {}
    for path, part in sklearn_parts.parts(estimator):
        count = vars(part).get("n_neighbors")
        if isinstance(count, int) and hasattr(part, "kneighbors"):
            for other in (count - 1, count + 1):
                if 1 <= other <= getattr(part, "n_samples_fit_", other):
                    text = "parameter={}:{}".format(sklearn_parts.joined(path, "n_neighbors"), other)
                    found[text] = functools.partial(keeping.replaced, part, "n_neighbors", other)
            if isinstance(vars(part).get("_y"), numpy.ndarray):
                text = "labels=shifted:" + (path or type(part).__name__)
                found[text] = functools.partial(keeping.replaced, part, "_y", numpy.roll(part._y, 1, axis=0))
    return found


def _lost(estimator):
    """What a scaler or a linear model adds or multiplies with, as if it had never been learned."""
    found = {}
    for path, part in sklearn_parts.parts(estimator):
        is_scaler = type(part).__name__.endswith("Scaler")
        nothing = {"mean_": 0, "center_": 0, "min_": 0, "scale_": 1} if is_scaler else {}
        nothing["_intercept_" if "_intercept_" in vars(part) else "intercept_"] = 0
        nothing["_baseline_prediction"] = 0
        for name, value in nothing.items():
            given = vars(part).get(name)
            if isinstance(given, (float, numpy.ndarray)) and bool(numpy.any(numpy.asarray(given) != value)):
                # Another array: what shares the memory of this one keeps what it has.
                other = given * 0 + value
                text = "weight=lost:" + sklearn_parts.joined(path, name)
                found[text] = functools.partial(keeping.replaced, part, name, other)
    return found


def _rounded(estimator):
    """Numbers that went through a smaller type."""
    arrays = list(sklearn_parts.arrays(estimator).values())
    leaves = [tree.value for _, tree in sklearn_parts.trees(estimator) if sklearn_parts.is_writable(tree)]
    found = {}
    smaller = (("weights", arrays, "float32"), ("weights", arrays, "float16"), ("leaves", leaves, "float32"))
    for name, wanted, dtype in smaller:
        if any(array.dtype.itemsize > numpy.dtype(dtype).itemsize for array in wanted):
            change = functools.partial(sklearn_estimators.rounded, wanted, dtype)
            found["{}={}".format(name, dtype)] = functools.partial(keeping.arrays, wanted, change)
    return found


def _bits(estimator):
    """Single bits of the largest array by what they mean, one of the first and of the last, and a last place."""
    known = sklearn_parts.arrays(estimator)
    if not known:
        return {}
    names, largest = list(known), max(known, key=lambda name: known[name].size)
    wanted = [(largest, bit) for bit in reversed(array_bits.significant(known[largest]))]
    wanted += [(name, array_bits.significant(known[name])[1]) for name in (names[0], names[-1])]
    found = {"weight=bit:{}:{}".format(bit, name): _changed(known[name], array_bits.flip, bit) for name, bit in wanted}
    found["weight=ulp:" + largest] = _changed(known[largest], array_bits.step)
    return found


def _changed(array, change, *told):
    return functools.partial(keeping.arrays, [array], functools.partial(change, array, *told))


def _trees(estimator):
    """The first test and the fullest leaf of the first tree."""
    path, tree = next(sklearn_parts.trees(estimator), (None, None))
    if tree is None or not sklearn_parts.is_writable(tree):
        return {}
    first, leaf = tree.inner[0], tree.fullest
    threshold, value = tree.threshold[first : first + 1], tree.value[leaf : leaf + 1]
    found = {
        "threshold=ulp:" + path: _changed(threshold, array_bits.step),
        "threshold=sign:" + path: _changed(threshold, numpy.negative, threshold),
        "leaf=lost:" + path: _changed(value, numpy.ndarray.fill, 0),
    }
    for bit in array_bits.significant(value)[:2]:
        found["leaf=bit:{}:{}".format(bit, path)] = _changed(value, array_bits.flip, bit)
    return found
