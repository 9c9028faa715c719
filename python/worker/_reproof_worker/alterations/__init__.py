"""A loaded model with one thing altered, for a while: an experiment that asks whether that one thing is what changed.

An alteration is a text, `name` or `name=value`. Each family says which make sense for a model and how one is made;
leaving the context undoes it. Alterations undo what may have drifted; faults are planted to ask whether anyone would
notice.
"""

from ..failure import Unsupported
from . import chance

# What can be altered in any model, for who asks for it.
_EVERYWHERE = {"seed=0": chance.seeded}
# Made where it is asked for, as it takes long.
_NOT_TRIED = ("compile=on",)
# As many are named to who asked for another.
_NAMED = 8


def catalogue(model):
    """Alterations that would change something in this model, the likeliest first."""
    return [text for text in model.alterations() if text not in _NOT_TRIED]


def apply(model, text):
    """A context in which the model is altered so."""
    found = model.alterations().get(text) or _EVERYWHERE.get(text)
    if found is None:
        raise Unsupported("the alteration `{}` of this model".format(text), "")
    return found()


def faults(model):
    """Faults that can be planted in this model, one family after the other."""
    return list(model.faults())


def plant(model, text):
    """A context in which the model has a fault, or is altered."""
    known = model.faults(text)
    # What is no mistake that anyone makes can be asked for all the same.
    found = known.get(text) or model.alterations().get(text)
    if found is None:
        raise Unsupported("the fault `{}` in this model".format(text), _hint(faults(model)))
    return found()


def _hint(names):
    if not names:
        return "no faults are known for models of this kind"
    more = " and {} more".format(len(names) - _NAMED) if len(names) > _NAMED else ""
    return "it can have {}{}".format(", ".join(names[:_NAMED]), more)
