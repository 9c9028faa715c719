"""`flax`: weights in a msgpack file of Flax, and a loader that builds what takes them."""

from .. import detect, loader
from ..failure import NoLoader, Refused, Unsupported
from . import call, flax_module, jax_function


def load(session):
    jax_function.prepare(session)
    path = detect.only_file(session.artifact)
    return build(session, lambda: _read(path))


def _read(path):
    from flax import serialization

    with open(path, "rb") as file:
        content = file.read()
    try:
        # Its own extension types are arrays and numbers: nothing in it runs.
        return serialization.msgpack_restore(content)
    except Exception as error:
        raise Refused("not a msgpack file of Flax: {}: {}".format(type(error).__name__, error)) from error


def build(session, read):
    """The model for the weights that `read` gives, in what the loader builds."""
    if not session.loader:
        raise NoLoader(
            "the code of the model: the file holds weights alone",
            "name a function that builds the module: --loader MODULE:FUNCTION",
        )
    function = loader.find(session)
    if loader.takes_artifact(function):
        # It reads the artifact itself.
        return call.adopt(function(session.artifact), session)
    made = function()
    module = flax_module.adopt(made, read, session)
    if module is not None:
        return module
    if not callable(made):
        raise Unsupported(
            "a module of Flax from the loader: it returned a {}".format(type(made).__name__),
            "return the module that takes these weights, or a function of weights and inputs",
        )
    # Compiled or not, as the user left it.
    return jax_function.Function(made, read(), session, compiled=False)
