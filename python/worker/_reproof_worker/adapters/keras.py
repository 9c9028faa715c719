"""`keras`: a model in a `.keras` archive or a whole `.h5` file, or weights and a loader that builds their model."""

import importlib.util
import os
import tempfile

from .. import detect, loader
from ..failure import NoLoader, Refused, Unsupported
from . import base, call, keras_archive, tensorflow_setup


def load(session):
    path = detect.only_file(session.artifact)
    configuration = keras_archive.read(path)
    if configuration and not session.loader and not session.trust:
        # Before anything is imported that could act on it.
        keras_archive.check(configuration)
    prepare(session)
    function = loader.find(session) if session.loader else None
    if function is not None and loader.takes_artifact(function):
        # It reads the artifact itself.
        return call.adopt(function(session.artifact), session)
    import keras

    made = function() if function is not None else None
    if isinstance(made, keras.Model):
        # A file that holds a whole model has the same weights in it.
        made.load_weights(path)
        return Network(made, session)
    if configuration is None:
        raise NoLoader(
            "the code of the model: the file holds weights alone",
            "name a function that builds the model: --loader MODULE:FUNCTION",
        )
    if session.loader and not session.trust:
        keras_archive.check(configuration, keras.saving.get_custom_objects())
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=not session.trust)
    except (TypeError, ValueError) as error:
        # What has no class, or the wrong shape, is told at length by Keras.
        raise Refused("{}: {}".format(type(error).__name__, error)) from error
    return Network(model, session)


def prepare(session):
    """The backend, its threads, and a place for the settings that Keras writes when it finds none."""
    home = os.path.join(os.path.expanduser("~"), ".keras")
    if not os.path.isdir(home):
        os.environ.setdefault("KERAS_HOME", tempfile.mkdtemp(prefix="keras-"))
    if "KERAS_BACKEND" not in os.environ and not os.path.isfile(os.path.join(home, "keras.json")):
        # Keras asks for TensorFlow where nothing is set; it runs with the others as well.
        there = (name for name in ("tensorflow", "jax", "torch") if importlib.util.find_spec(name))
        os.environ["KERAS_BACKEND"] = next(there, "tensorflow")
    import keras

    backend = keras.backend.backend()
    if backend == "tensorflow":
        tensorflow_setup.prepare(session)
    elif backend == "jax":
        from . import jax_function

        jax_function.prepare(session)
    elif backend == "torch":
        from . import torch_module

        torch_module.prepare(session)


class Network(base.Model):
    """A model of Keras in use: as `model(inputs, training=False)` computes."""

    ENGINE = "keras"

    def __init__(self, model, session):
        import keras

        self._keras = keras
        self._backend = keras.backend.backend()
        self._session = session
        self._model = self._wide(model) if session.float64 else model

    def run(self, inputs):
        numbers = self._keras.ops.convert_to_numpy
        return self._keras.tree.map_structure(numbers, self.forward(inputs))

    def tapped(self, inputs, taps):
        from . import keras_taps

        with keras_taps.watch(self._model, taps):
            return self.run(inputs)

    def give(self, value):
        return super().give(self._keras.ops.convert_to_numpy(value) if self._keras.ops.is_tensor(value) else value)

    def forward(self, inputs):
        """The outputs as tensors of the backend."""
        names = [one.name for one in getattr(self._model, "inputs", None) or []]
        if not names:
            # A subclass names its inputs in its own method.
            positional, keywords = loader.bind(self._model.call, inputs)
            return self._call(*positional, **keywords)
        given = loader.by_name(names, inputs)
        ordered = [given[name] for name in names]
        # Functional models take what they were built with: a tensor, a list or a dictionary.
        form = getattr(self._model, "_inputs_struct", None)
        taken = given if isinstance(form, dict) else (ordered[0] if len(ordered) == 1 else ordered)
        return self._call(taken)

    def _call(self, *inputs, **named):
        if self._session.float64:
            self._check_wide(*inputs, **named)
        return self._model(*inputs, training=False, **named)

    def _wide(self, model):
        """The same model built in float64, with the same weights."""
        if self._backend != "tensorflow":
            raise Unsupported(
                "float64 in Keras on {}: only graphs of TensorFlow can be watched for narrow steps".format(
                    self._backend
                ),
                "it is judged without a referee",
            )
        self._keras.config.set_floatx("float64")
        try:
            made = type(model).from_config(_widened(model.get_config()))
            if not made.built:
                made.build(model.input_shape)
            made.set_weights(model.get_weights())
        except Exception as error:
            raise Unsupported(
                "float64 in this model, which cannot be built anew: {}".format(error), "it is judged without a referee"
            ) from error
        return made

    def _check_wide(self, *inputs, **named):
        import tensorflow

        traced = tensorflow.function(lambda *given: self._model(*given, training=False, **named))
        narrow = tensorflow_setup.narrow_step(traced.get_concrete_function(*inputs).graph)
        if narrow:
            raise Unsupported(
                "float64 throughout: {} gives {}, whatever its inputs".format(*narrow),
                "the model narrows by itself; it is judged without a referee",
            )

    def take(self, tensor):
        array = super().take(tensor)
        if self._session.float64 and array.dtype.kind == "f":
            array = array.astype("float64")
        return self._keras.ops.convert_to_tensor(array) if array.dtype.kind not in "OU" else array

    def copy(self, value):
        # Tensors of no backend are changed in place by a model in use.
        return value

    def inputs(self):
        known = getattr(self._model, "inputs", None)
        if not known:
            return "the model is a class of its own: its inputs are known to its code alone"
        standard = self._keras.backend.standardize_dtype
        names = [standard(one.dtype) for one in known]
        if any(name == "string" for name in names):
            ports = [base.port(one.name, None, "batch") for one in known]
        else:
            ports = [base.described(one.name, name, one.shape) for one, name in zip(known, names)]
        return [base.signature("model", *ports)]

    def freeze(self, form, cases, folder):
        from . import keras_freeze

        return keras_freeze.freeze(self._model, self._backend, self.forward, form, cases, folder)

    def settings(self):
        found = {"keras.backend": self._backend, "keras.floatx": self._keras.config.floatx()}
        if self._backend == "tensorflow":
            import tensorflow

            found.update(tensorflow_setup.settings(tensorflow))
        elif self._backend == "torch":
            from . import torch_module

            found.update(torch_module.settings())
        return found

    def state(self):
        from .savedmodel import digests

        # Random streams start anew with every load and are not part of the model in use.
        return digests(one for one in self._model.variables if not one.path.endswith("seed_generator_state"))


def _widened(configuration):
    """A configuration whose policies and types of floats are all float64."""
    if isinstance(configuration, dict):
        return {key: _widened(value) for key, value in configuration.items()}
    if isinstance(configuration, (list, tuple)):
        return type(configuration)(map(_widened, configuration))
    narrow = ("float32", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16")
    return "float64" if configuration in narrow else configuration
