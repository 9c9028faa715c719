"""Digests of what about fifty operators give on fixed inputs: which of them move tells which library moved, without
any model."""

import importlib.util

# The probe's own version: digests of two versions do not compare.
VERSION = 1

_FRAMEWORKS = ("torch", "jax", "numpy")


def take(frameworks, threads):
    """The operators of these frameworks, or of all that the probe knows, as far as they are installed here."""
    found = {}
    for name in _FRAMEWORKS:
        if frameworks and name not in frameworks:
            continue
        if importlib.util.find_spec(name) is not None:
            try:
                found[name] = _framework(name, threads)
            except ImportError as error:
                # Installed and broken, which is not what is asked here.
                found[name] = {"version": "does not import: {}".format(error), "operators": {}}
    return {"probe": VERSION, "threads": threads, "frameworks": found}


def _framework(name, threads):
    import importlib

    operators = importlib.import_module("{}.{}_operators".format(__name__, name))
    return {"version": importlib.import_module(name).__version__, "operators": operators.digests(threads)}
