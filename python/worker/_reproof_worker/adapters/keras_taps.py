"""Taps of Keras: layers by their paths below the model (`encoder/dense_1`), on every backend."""

import contextlib


@contextlib.contextmanager
def watch(model, taps):
    """Tells `taps` of every layer and operation of the model that runs meanwhile."""
    import keras

    layer, operation = keras.layers.Layer, keras.Operation
    originals = layer.__call__, operation.__call__
    running = []

    def watched(original):
        def call(self, *arguments, **keywords):
            # The whole is no step of itself, and a layer is an operation, which has been told.
            if self is model or (running and running[-1] is self) or not _is_eager(keras):
                return original(self, *arguments, **keywords)
            running.append(self)
            try:
                inputs = taps.digests((arguments, keywords))
                given = original(self, *arguments, **keywords)
                name = "/".join(part.name for part in running)
                taps.add(name, type(self).__name__, inputs, given)
                return given
            finally:
                running.pop()

        return call

    layer.__call__, operation.__call__ = map(watched, originals)
    try:
        yield
    finally:
        layer.__call__, operation.__call__ = originals


def _is_eager(keras):
    """Whether values are there: not while a function is traced."""
    if keras.backend.backend() != "tensorflow":
        return True
    import tensorflow

    return tensorflow.executing_eagerly()
