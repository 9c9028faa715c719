"""Loaders of Keras that the tests name, and a layer of a user's own."""

import keras


@keras.saving.register_keras_serializable(package="tests")
class Scale(keras.layers.Layer):
    """Multiplies by a constant."""

    def __init__(self, factor=2.0, **options):
        super().__init__(**options)
        self.factor = factor

    def call(self, inputs):
        return inputs * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


def net(epsilon=1e-3):
    """Reads digits."""
    image = keras.Input((8, 8, 1), name="image")
    x = keras.layers.Conv2D(8, 3, padding="same", activation="gelu", name="conv")(image)
    x = keras.layers.MaxPooling2D(name="pool")(x)
    x = keras.layers.BatchNormalization(epsilon=epsilon, name="norm")(x)
    x = keras.layers.Dropout(0.2, name="drop")(keras.layers.Flatten(name="flat")(x))
    return keras.Model(image, keras.layers.Dense(10, name="digit")(x))


def build():
    return net()


def build_epsilon():
    return net(epsilon=1e-2)


def custom():
    """Nothing to build: with `Scale` imported, the archive can be read."""
