"""Makes real models of Keras, TensorFlow and TFLite, their inputs, and a module of loaders: `frameworks_tf.py OUT`."""

import json
import os
import shutil
import sys
import zipfile
from pathlib import Path

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")

import h5py
import keras
import numpy
import tensorflow as tf

out = Path(sys.argv[1]).absolute()
out.mkdir(parents=True)
shutil.copy(Path(__file__).parent / "frameworks/keras_loaders.py", out / "keras_loaders.py")
sys.path.insert(0, str(out))
import keras_loaders  # noqa: E402

# Ten classes: a bar in one of five rows, of one of ten lengths, with noise.
random = numpy.random.default_rng(7)
labels = random.integers(0, 10, 600)
images = random.normal(0, 0.05, (600, 8, 8, 1)).astype("float32")
for image, label in zip(images, labels):
    image[label % 5 + 1, 1 : 4 + label // 2, 0] += 1

keras.utils.set_random_seed(7)
model = keras_loaders.build()
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.Adam(1e-2), loss, metrics=["accuracy"])
model.fit(images[:500], labels[:500], batch_size=50, epochs=8, verbose=0)
right = model.evaluate(images[500:], labels[500:], verbose=0)[1]
assert right > 0.8, right
model.save(out / "digits.keras")
model.save(out / "whole.h5")
model.save_weights(out / "digits.weights.h5")
model.export(out / "savedmodel", format="tf_saved_model", verbose=False)

# The same archive with another epsilon in its configuration.
with zipfile.ZipFile(out / "digits.keras") as archive, zipfile.ZipFile(out / "epsilon.keras", "w") as planted:
    for name in archive.namelist():
        content = archive.read(name)
        if name == "config.json":
            assert b'"epsilon": 0.001' in content
            content = content.replace(b'"epsilon": 0.001', b'"epsilon": 0.002')
        planted.writestr(name, content)

halves = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Lambda(lambda x: x / 2), keras.layers.Flatten()])
halves.save(out / "lambda.keras")
halves.save(out / "lambda.h5")
scaled = keras.Sequential([keras.Input((8, 8, 1)), keras_loaders.Scale(3.0), keras.layers.Flatten()])
scaled.save(out / "custom.keras")
# What a hostile archive asks for: a function of the standard library in the place of a layer.
with zipfile.ZipFile(out / "digits.keras") as archive, zipfile.ZipFile(out / "hostile.keras", "w") as hostile:
    for name in archive.namelist():
        content = archive.read(name)
        if name == "config.json":
            configuration = json.loads(content)
            layer = configuration["config"]["layers"][1]
            layer.update(module="subprocess", class_name="run", registered_name=None)
            content = json.dumps(configuration).encode()
        hostile.writestr(name, content)


class Reads(tf.Module):
    """A graph that reads a file while it runs."""

    @tf.function(input_signature=[tf.TensorSpec([None, 8], tf.float32, name="x")])
    def serve(self, x):
        size = tf.strings.length(tf.io.read_file("/etc/hostname"))
        return {"y": x + tf.cast(size, tf.float32)}


class Counts(tf.Module):
    """A graph that remembers how often it ran."""

    def __init__(self):
        super().__init__()
        self.calls = tf.Variable(0.0, name="calls")

    @tf.function(input_signature=[tf.TensorSpec([None, 8, 8, 1], tf.float32, name="image")])
    def serve(self, image):
        return {"y": tf.reduce_sum(image, axis=[1, 2, 3]) + self.calls.assign_add(1.0)}


for name, made in (("reads", Reads()), ("counts", Counts())):
    tf.saved_model.save(made, str(out / name), signatures={"serving_default": made.serve})

converter = tf.lite.TFLiteConverter.from_saved_model(str(out / "savedmodel"))
(out / "digits.tflite").write_bytes(converter.convert())
converter.optimizations = [tf.lite.Optimize.DEFAULT]
converter.representative_dataset = lambda: ([image[None]] for image in images[:64])
converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
converter.inference_input_type = converter.inference_output_type = tf.int8
(out / "quantised.tflite").write_bytes(converter.convert())
broken = bytearray((out / "digits.tflite").read_bytes())
broken[8:64] = b"\xff" * 56
(out / "broken.tflite").write_bytes(broken)
with h5py.File(out / "other.h5", "w") as file:
    file["table"] = images[0]

for kind in ("images", "bytes", "rows"):
    (out / kind).mkdir()
for number in range(2):
    rows = images[500 + 4 * number : 504 + 4 * number]
    numpy.savez(out / f"images/digits-{number}.npz", image=rows)
    # As the quantised model takes them: one image, signed bytes.
    numpy.savez(out / f"bytes/digits-{number}.npz", image=numpy.clip(rows[:1] * 100, -128, 127).astype("int8"))
    numpy.savez(out / f"rows/digits-{number}.npz", x=rows[:, :, 0, 0])
