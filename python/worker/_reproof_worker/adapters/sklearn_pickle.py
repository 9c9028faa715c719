"""Unpickling of estimators that can name nothing but estimators, arrays and trees.

A pickle calls what it names. Without the user's trust it may name classes that only store what they are given, by the
name that they have in their own module: a name with dots in it would lead from any module to any other. A function is
never among them but for a few that rebuild arrays; some of scikit-learn's own would run a program.
"""

import _compat_pickle
import contextlib
import inspect
import pickle
import sys

from ..failure import Unsupported
from . import sklearn_tree

_FUNCTIONS = {
    ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"), ("numpy._core.multiarray", "scalar"),
    ("numpy._core.numeric", "_frombuffer"), ("numpy.core.numeric", "_frombuffer"),
    ("numpy", "ndarray"), ("numpy", "dtype"), ("copyreg", "_reconstructor"), ("builtins", "object"),
    ("builtins", "set"), ("builtins", "frozenset"), ("builtins", "slice"), ("builtins", "bytearray"),
    ("builtins", "list"), ("builtins", "dict"), ("builtins", "bytes"), ("collections", "OrderedDict"),
    ("collections", "defaultdict"), ("numpy.random._pickle", "__randomstate_ctor"),
    ("numpy.random._pickle", "__generator_ctor"), ("numpy.random._pickle", "__bit_generator_ctor"),
    ("numpy.random._mt19937", "MT19937"), ("numpy.random._pcg64", "PCG64"),
    ("numpy.random.bit_generator", "__pyx_unpickle_SeedSequence"), ("numpy.random.bit_generator", "SeedSequence"),
}  # fmt: skip

# Modules of plain values with methods: losses, links, what is left of a training.
_PLAIN = ("sklearn._loss.", "sklearn.linear_model._sgd_fast", "sklearn.neural_network._stochastic_optimizers")


def read(path, trust):
    """The object in a file of pickle or joblib."""
    if trust:
        return _trusted(path)
    trees = sklearn_tree.Trees()
    try:
        found = _joblib(path, trees)
    except ModuleNotFoundError as error:
        if error.name != "joblib":
            raise
        with open(path, "rb") as file:
            found = _plain(file, trees)
    trees.check()
    return found


def _trusted(path):
    try:
        import joblib
    except ModuleNotFoundError:
        with open(path, "rb") as file:
            return pickle.load(file)
    return joblib.load(path)


def _find(unpickler_find, module, name, trees):
    # Protocols before 3 use the names of Python 2.
    module, name = _compat_pickle.NAME_MAPPING.get((module, name), (module, name))
    module = _compat_pickle.IMPORT_MAPPING.get(module, module)
    if "." not in name:
        if (module, name) in _FUNCTIONS:
            return unpickler_find(module, name)
        if (module, name) == ("_codecs", "encode"):
            return _latin_1
        if (module, name) == ("sklearn.tree._tree", "Tree"):
            return trees.new
        # What makes the losses that Cython compiles.
        if module == "sklearn._loss._loss" and name.startswith("__pyx_unpickle_Cy"):
            return unpickler_find(module, name)
        if module.partition(".")[0] in ("numpy", "sklearn"):
            found = unpickler_find(module, name)
            if isinstance(found, type) and _is_inert(found):
                return found
    raise Unsupported(
        "leave to load what the pickle names: {}.{}".format(module, name),
        "look at it with `reproof scan`, then give --trust if you know where the file is from",
    )


def _latin_1(text, encoding):
    """How protocols before 3 write bytes."""
    if encoding != "latin1":
        raise Unsupported("leave to encode as {}".format(encoding), "give --trust if you know where the file is from")
    return text.encode("latin1")


def _is_inert(found):
    """Whether making an instance only stores."""
    import numpy

    package = found.__module__.partition(".")[0]
    # Numbers, and the classes of dtypes.
    if package == "numpy":
        return issubclass(found, (numpy.generic, numpy.dtype))
    if package != "sklearn":
        return False
    from sklearn.base import BaseEstimator
    from sklearn.utils import Bunch

    plain = found.__module__.startswith(_PLAIN)
    return plain or issubclass(found, (BaseEstimator, Bunch))


def _plain(file, trees):
    class Limited(pickle.Unpickler):
        def find_class(self, module, name):
            return _find(super().find_class, module, name, trees)

    return Limited(file).load()


def _joblib(path, trees):
    from joblib import numpy_pickle

    class Wrapper(numpy_pickle.NumpyArrayWrapper):
        """An array beside the pickle; one of objects is another pickle, to which the same rules apply."""

        def read_array(self, unpickler, *arguments):
            import numpy

            if isinstance(self.dtype, numpy.dtype) and not self.dtype.hasobject:
                return super().read_array(unpickler, *arguments)
            return _plain(unpickler.file_handle, trees)

    class Limited(numpy_pickle.NumpyUnpickler):
        def find_class(self, module, name):
            if (module, name) == ("joblib.numpy_pickle", "NumpyArrayWrapper"):
                return Wrapper
            return _find(super().find_class, module, name, trees)

    # An argument that newer versions have.
    told = {"ensure_native_byte_order": sys.byteorder == "little"}
    known = inspect.signature(numpy_pickle.NumpyUnpickler.__init__).parameters
    with open(path, "rb") as file, _expanded(file, path) as opened:
        if isinstance(opened, str):
            raise Unsupported("a file of joblib before 0.10", "save it again with a newer joblib, or give --trust")
        return Limited(path, opened, **{name: value for name, value in told.items() if name in known}).load()


@contextlib.contextmanager
def _expanded(file, path):
    """The file without its compression, which joblib knows by its first bytes."""
    from joblib import numpy_pickle_utils

    if hasattr(numpy_pickle_utils, "_validate_fileobject_and_memmap"):
        with numpy_pickle_utils._validate_fileobject_and_memmap(file, path, None) as (opened, _):
            yield opened
    else:
        with numpy_pickle_utils._read_fileobject(file, path, None) as opened:
            yield opened
