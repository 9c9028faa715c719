"""Modules of Flax with weights from a file: Linen's, which are functions of variables, and NNX's, which are objects."""

from ..failure import Refused
from . import jax_function

# What a training state holds beside the variables of a module.
_NO_VARIABLES = ("opt_state", "step", "tx", "apply_fn", "epoch", "key", "rng", "opt", "optimizer")


def adopt(made, read, session):
    """The model for a module with the weights that `read` gives; nothing for anything else."""
    from flax import linen

    if isinstance(made, linen.Module):
        variables = _variables(read())
        function = lambda variables, *inputs, **named: made.apply(variables, *inputs, **named)
        return jax_function.Function(function, variables, session, made.__call__)
    try:
        from flax import nnx
    except ImportError:
        return None
    if isinstance(made, nnx.Module):
        return _object(nnx, made, read(), session)
    return None


def _variables(content):
    """The collections of a module in a file: its variables, its parameters alone, or a training state."""
    if not isinstance(content, dict):
        raise Refused("the checkpoint is a {}, not a dictionary".format(type(content).__name__))
    if "params" not in content:
        return {"params": content}
    inner = content["params"]
    if isinstance(inner, dict) and isinstance(inner.get("params"), dict):
        # A training state of all variables instead of the parameters.
        return inner
    return {name: value for name, value in content.items() if name not in _NO_VARIABLES and isinstance(value, dict)}


def _object(nnx, module, content, session):
    """A module of NNX whose variables, but for its random streams, come from a file."""
    content = content.get("params", content) if isinstance(content, dict) else content
    graph, streams, state = nnx.split(module, nnx.RngState, ...)
    wanted = dict(nnx.to_flat_state(state))
    found = dict(_leaves(content))
    stray = sorted("/".join(map(str, path)) for path in set(found) - set(map(_texts, wanted)))
    if stray:
        raise Refused("the module has no place for {}".format(", ".join(stray)))
    missing = []
    for path, variable in wanted.items():
        value = found.get(_texts(path))
        if value is None:
            missing.append("/".join(map(str, path)))
            continue
        if tuple(value.shape) != tuple(variable.get_value().shape):
            raise Refused(
                "`{}` has the shape {} in the file, and {} in the module".format(
                    "/".join(map(str, path)), tuple(value.shape), tuple(variable.get_value().shape)
                )
            )
        wanted[path] = variable.replace(value)
    state = nnx.from_flat_state(wanted)

    def function(state, *inputs, **named):
        return nnx.merge(graph, streams, state)(*inputs, **named)

    training = _training(nnx, module)
    # What draws random numbers cannot do so while it is compiled; it is refused for what it is.
    return jax_function.Function(function, state, session, module.__call__, missing, training, compiled=not training)


def _texts(path):
    """A path whose parts are texts: files write the numbers of layers so."""
    return tuple(map(str, path))


def _leaves(content, path=()):
    for key, value in content.items():
        if isinstance(value, dict):
            yield from _leaves(value, path + (str(key),))
        else:
            yield path + (str(key),), value


def _training(nnx, module):
    """Layers that do something else in training than in use, and were left in training."""
    found = []
    for path, part in nnx.iter_graph(module):
        dropout = isinstance(part, nnx.Dropout) and part.rate and not part.deterministic
        norm = isinstance(part, nnx.BatchNorm) and not part.use_running_average
        if dropout or norm:
            found.append("{} ({})".format(".".join(map(str, path)) or "the model", type(part).__name__))
    return found
