"""Estimators that count words.

All words weigh the same, or the commonest one, which most texts have, is weighed or counted no more.
"""

import functools

import numpy

from . import keeping, sklearn_parts

# No analyser makes a word of this.
_NO_WORD = "\0"


def unweighted(estimator):
    """Words that all weigh the same."""
    found = {}
    for path, part in sklearn_parts.parts(estimator):
        weights = _weights(part)
        if weights is not None and weights.flags.writeable:
            alike = functools.partial(weights.fill, 1)
            found["idf=unused:" + (path or type(part).__name__)] = functools.partial(keeping.arrays, [weights], alike)
    return found


def faults(estimator):
    """By text, what makes the context."""
    found = unweighted(estimator)
    for path, part in sklearn_parts.parts(estimator):
        weights = _weights(part)
        if weights is not None and weights.flags.writeable:
            lost = functools.partial(_lose, weights)
            found["idf=lost:" + (path or type(part).__name__)] = functools.partial(keeping.arrays, [weights], lost)
        words = vars(part).get("vocabulary_")
        if isinstance(words, dict) and words:
            text = "vocabulary=lost:" + (path or type(part).__name__)
            others = {_NO_WORD if index == _commonest(part, words) else word: index for word, index in words.items()}
            found[text] = functools.partial(keeping.replaced, part, "vocabulary_", others)
    return found


def _weights(part):
    """How rare each word is; older versions keep it as a diagonal."""
    weights = vars(part).get("idf_")
    if weights is None and "_idf_diag" in vars(part):
        weights = vars(part)["_idf_diag"].data
    return weights if isinstance(weights, numpy.ndarray) and weights.size else None


def _lose(weights):
    weights[weights.argmin()] = 0


def _commonest(part, words):
    weights = _weights(getattr(part, "_tfidf", part))
    return weights.argmin() if weights is not None else min(words.values())
