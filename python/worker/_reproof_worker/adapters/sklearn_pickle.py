"""Unpickling of estimators that can name nothing but estimators, arrays and trees.

A pickle calls what it names. Without the user's trust it may name classes that only store what they are given. A
function is never among them: some of scikit-learn's own would run a program.
"""

import _compat_pickle
import pickle

from ..failure import Unsupported

_FUNCTIONS = {
    ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"), ("numpy._core.multiarray", "scalar"),
    ("numpy._core.numeric", "_frombuffer"), ("numpy.core.numeric", "_frombuffer"),
    ("numpy", "ndarray"), ("numpy", "dtype"), ("copyreg", "_reconstructor"), ("builtins", "object"),
    ("builtins", "set"), ("builtins", "frozenset"), ("builtins", "slice"), ("builtins", "bytearray"),
    ("collections", "OrderedDict"), ("collections", "defaultdict"), ("builtins", "list"), ("builtins", "dict"),
    ("numpy.random._pickle", "__randomstate_ctor"), ("numpy.random._mt19937", "MT19937"),
    ("numpy.random._pickle", "__bit_generator_ctor"), ("_codecs", "encode"),
}  # fmt: skip

# Classes of scikit-learn that are no estimators and hold what those have learned.
_PARTS = {
    ("sklearn.tree._tree", "Tree"), ("sklearn.neighbors._kd_tree", "KDTree"),
    ("sklearn.neighbors._ball_tree", "BallTree"), ("sklearn.utils._bunch", "Bunch"),
    ("sklearn.neighbors._kd_tree", "newObj"), ("sklearn.neighbors._ball_tree", "newObj"),
    ("sklearn.ensemble._hist_gradient_boosting.predictor", "TreePredictor"),
}  # fmt: skip


def read(path, trust):
    """The object in a file of pickle or joblib."""
    if trust:
        import joblib

        return joblib.load(path)
    try:
        return _joblib(path)
    except ModuleNotFoundError as error:
        if error.name != "joblib":
            raise
    with open(path, "rb") as file:
        return _Plain(file).load()


def _find(unpickler_find, module, name):
    # Protocols before 3 use the names of Python 2.
    module, name = _compat_pickle.NAME_MAPPING.get((module, name), (module, name))
    module = _compat_pickle.IMPORT_MAPPING.get(module, module)
    if (module, name) in _FUNCTIONS or (module, name) in _PARTS:
        return unpickler_find(module, name)
    # numpy scalar types and dtypes: `numpy.float64`, `numpy.dtypes.Float64DType`.
    if module == "numpy" or module == "numpy.dtypes":
        found = unpickler_find(module, name)
        if isinstance(found, type):
            return found
    if module.partition(".")[0] == "sklearn":
        found = unpickler_find(module, name)
        if isinstance(found, type) and _is_inert(found):
            return found
    raise Unsupported(
        "leave to load what the pickle names: {}.{}".format(module, name),
        "look at it with `reproof scan`, then give --trust if you know where the file is from",
    )


def _is_inert(found):
    """Whether making an instance only stores."""
    from sklearn.base import BaseEstimator

    if issubclass(found, BaseEstimator):
        return True
    # Losses and links: plain values with methods.
    return found.__module__.startswith(("sklearn._loss", "sklearn.ensemble._gb_losses"))


class _Plain(pickle.Unpickler):
    def find_class(self, module, name):
        return _find(super().find_class, module, name)


def _joblib(path):
    from joblib import numpy_pickle
    from joblib.numpy_pickle_utils import _validate_fileobject_and_memmap

    class Wrapper(numpy_pickle.NumpyArrayWrapper):
        """An array beside the pickle; one of objects would be another pickle, read without our rules."""

        def read_array(self, unpickler, *arguments):
            if self.dtype.hasobject:
                raise Unsupported(
                    "leave to load an array of Python objects",
                    "give --trust if you know where the file is from",
                )
            return super().read_array(unpickler, *arguments)

    class Limited(numpy_pickle.NumpyUnpickler):
        def find_class(self, module, name):
            if (module, name) == ("joblib.numpy_pickle", "NumpyArrayWrapper"):
                return Wrapper
            return _find(super().find_class, module, name)

    with open(path, "rb") as file:
        with _validate_fileobject_and_memmap(file, path, None) as (opened, _):
            return Limited(path, opened, True).load()
