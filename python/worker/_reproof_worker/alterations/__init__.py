"""A loaded model with one thing altered, for a while: an experiment that asks whether that one thing is what changed.

An alteration is a text, `name` or `name=value`. Each family says which make sense for a model and how one is made; leaving
the context undoes it.
"""

from ..failure import Unsupported


def catalogue(model):
    """Alterations that would change something in this model, the likeliest first."""
    return list(model.alterations())


def apply(model, text):
    """A context in which the model is altered so."""
    found = model.alterations().get(text)
    if found is None:
        raise Unsupported("the alteration `{}` of this model".format(text), "")
    return found()
