"""`callable`: whatever a loader returns that can be called with arrays."""

from .. import loader
from ..failure import Unsupported
from . import base


def load(session):
    if not session.loader:
        raise Unsupported("a loader", "name the function that makes the model: --loader MODULE:FUNCTION")
    function = loader.find(session)
    if loader.takes_artifact(function):
        return adopt(function(session.artifact), session)
    made = function()
    if "torch" in _kinds(made):
        from . import torch_checkpoint

        torch_checkpoint.fill(made, session.artifact)
    return adopt(made, session)


def _kinds(made):
    """The packages that its class and those above it come from."""
    return {kind.__module__.partition(".")[0] for kind in type(made).__mro__}


def adopt(made, session):
    """The model for an object of whichever framework."""
    kinds = _kinds(made)
    if "torch" in kinds:
        import torch

        if isinstance(made, torch.nn.Module):
            from . import torch_module

            return torch_module.Module(made, session)
    if "keras" in kinds:
        import keras

        if isinstance(made, keras.Model):
            from .keras import Network

            return Network(made, session)
    if "sklearn" in kinds and not callable(made):
        from . import sklearn

        return sklearn.Estimator(made, session)
    if not callable(made):
        raise Unsupported(
            "a way to call the {} that the loader returned".format(type(made).__name__),
            "return a function or a module from the loader",
        )
    return Callable(made, session)


class Callable(base.Model):
    """A function of arrays."""

    def __init__(self, function, session):
        if session.float64:
            raise Unsupported("float64 for a callable", "return a torch module from the loader to get a referee")
        if session.device != "cpu":
            raise Unsupported("the device {} for a callable".format(session.device), "choose it in the loader")
        self._function = function
        self._session = session
        self.ENGINE = _engine(function)

    def run(self, inputs):
        arguments, keywords = loader.bind(self._function, inputs)
        return self._function(*arguments, **keywords)

    def tapped(self, inputs, taps):
        if self.ENGINE != "torch":
            return super().tapped(inputs, taps)
        from . import torch_taps

        with torch_taps.watch(self._function, taps):
            return self.run(inputs)

    def give(self, value):
        kind = type(value).__module__.partition(".")[0]
        if kind == "torch":
            from . import torch_tensor

            return torch_tensor.give(value)
        return super().give(value)


def _engine(function):
    """The framework that is loaded, most particular first; the interpreter where there is none."""
    import sys

    known = ("torch", "jax", "tensorflow", "onnxruntime", "xgboost", "lightgbm", "sklearn", "numpy")
    return next((name for name in known if name in sys.modules), "python")
