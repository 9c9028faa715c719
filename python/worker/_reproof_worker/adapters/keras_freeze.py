"""The graph of a Keras model: a SavedModel with the signature that serving calls."""

from .. import freezing
from ..failure import Unsupported


def freeze(model, backend, forward, form, cases, folder):
    """`forward` computes named inputs."""
    if form == "onnx" or backend != "tensorflow":
        raise Unsupported(
            "a graph of Keras on {} as {}".format(backend, "ONNX" if form == "onnx" else "a SavedModel"),
            "freeze on TensorFlow with --freeze=native, or leave it out",
        )
    import keras
    import tensorflow

    freezing.check(cases[0])
    signature = {}
    for (name, value), opened in zip(freezing.largest(cases), freezing.open_dims(cases)):
        shape = [None if axis in opened else size for axis, size in enumerate(value.shape)]
        signature[name] = tensorflow.TensorSpec(shape, value.dtype, name=name)

    def serve(inputs):
        outputs = forward(list(inputs.items()))
        return dict(freezing.leaves(outputs, tensorflow.is_tensor))

    try:
        archive = keras.export.ExportArchive()
        archive.track(model)
        archive.add_endpoint("serving_default", serve, input_signature=[signature])
        archive.write_out(folder, verbose=False)
    except Exception as error:
        what = str(error).strip().splitlines() or [type(error).__name__]
        raise Unsupported("a SavedModel of this model: {}".format(what[0]), "leave out --freeze") from error
    return {"form": "savedmodel", "entry": None, "exporter": "keras.export of keras " + keras.__version__}
