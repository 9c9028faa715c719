"""One module per framework. Each has `load(session)`, which gives a model with the methods of `base.Model`."""

import importlib

from ..failure import Unsupported

# Adapter names with their modules, imported when they are asked for.
NAMES = {
    "callable": "call",
    "flax": "flax",
    "keras": "keras",
    "lightgbm": "lightgbm",
    "onnxruntime": "onnxruntime",
    "orbax": "orbax",
    "savedmodel": "savedmodel",
    "sentence-transformers": "sentence_transformers",
    "skops": "skops",
    "sklearn": "sklearn",
    "stablehlo": "stablehlo",
    "tflite": "tflite",
    "torch": "torch_checkpoint",
    "torch-export": "torch_export",
    "torch-module": "torch_whole",
    "torchscript": "torch_script",
    "transformers": "transformers",
    "transformers-generate": "transformers_generate",
    "xgboost": "xgboost",
}


def load(name, session):
    """Loads the artifact of a session with the adapter of a name."""
    if name not in NAMES:
        raise Unsupported("an adapter called `{}`".format(name), "there is {}".format(", ".join(sorted(NAMES))))
    return importlib.import_module("." + NAMES[name], __name__).load(session)
