"""Where principal components subtract the mean: before the product until scikit-learn 1.5, then after it."""

import functools

import numpy

from . import keeping, sklearn_parts


def alterations(estimator):
    """By text, what makes the context."""
    found = {}
    for path, part in sklearn_parts.parts(estimator):
        if any(kind.__name__ == "_BasePCA" for kind in type(part).__mro__):
            for name, formula in (("first", _centred_first), ("last", _centred_last)):
                text = "transform=centred-{}:{}".format(name, path or type(part).__name__)
                transform = functools.partial(_projected, part, formula)
                found[text] = functools.partial(keeping.shadowed, part, "transform", transform)
    return found


def _projected(part, formula, table):
    values = numpy.asarray(table)
    if values.dtype.kind != "f":
        values = values.astype("float64")
    given = formula(part, values)
    if part.whiten:
        spread = numpy.sqrt(part.explained_variance_)
        given /= numpy.maximum(spread, numpy.finfo(spread.dtype).eps)
    return given


def _centred_first(part, values):
    return (values - part.mean_) @ part.components_.T


def _centred_last(part, values):
    return values @ part.components_.T - part.mean_.reshape(1, -1) @ part.components_.T
