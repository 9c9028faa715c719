"""`orbax`: a checkpoint folder of Orbax, and a loader that builds what takes its weights."""

import os

from .. import detect
from ..failure import Refused, Unsupported
from . import flax, jax_function

# Items of a step that hold the model, in the order in which they are tried.
_ITEMS = ("default", "state", "params", "model", "train_state")


def load(session):
    jax_function.prepare(session)
    folder = _tree(_step(session.artifact))
    return flax.build(session, lambda: _read(folder, session))


def _step(folder):
    """The folder of one step: the one given, or the only one in it."""
    if detect.is_orbax(folder):
        return folder
    steps = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and detect.is_orbax(entry.path))
    if len(steps) != 1:
        raise Unsupported(
            "one step in {}: it holds {}".format(os.path.basename(folder), ", ".join(steps) or "none"),
            "name the folder of a step",
        )
    return os.path.join(folder, steps[0])


def _tree(step):
    """The tree of arrays in a step: itself, or the item that is the model."""
    is_tree = lambda folder: os.path.isfile(os.path.join(folder, "_METADATA"))
    if is_tree(step):
        return step
    items = sorted(entry.name for entry in os.scandir(step) if entry.is_dir() and is_tree(entry.path))
    known = [name for name in _ITEMS if name in items]
    if not known and len(items) != 1:
        raise Unsupported(
            "a known item of the model in the step, which has {}".format(", ".join(items) or "none"),
            "name the folder of the item",
        )
    return os.path.join(step, (known or items)[0])


def _read(folder, session):
    import numpy
    from orbax import checkpoint

    # As arrays of NumPy: where the arrays lay when they were saved does not matter here.
    handler = checkpoint.PyTreeCheckpointHandler()
    try:
        with checkpoint.Checkpointer(handler) as checkpointer:
            path = os.path.abspath(folder)
            structure = checkpointer.metadata(path).item_metadata
            as_arrays = lambda _: checkpoint.RestoreArgs(restore_type=numpy.ndarray)
            import jax

            arguments = jax.tree.map(as_arrays, getattr(structure, "tree", structure))
            return checkpointer.restore(path, args=checkpoint.args.PyTreeRestore(restore_args=arguments))
    except (ValueError, FileNotFoundError, KeyError) as error:
        raise Refused("not a checkpoint of Orbax: {}: {}".format(type(error).__name__, error)) from error
