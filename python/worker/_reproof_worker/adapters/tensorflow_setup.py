"""Threads and devices of TensorFlow, which it takes before its first operation and not later."""

import os
import platform

from ..failure import Unsupported


def prepare(session):
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if session.device == "cpu":
        # Nothing is placed on a device that was not asked for.
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    import tensorflow

    threading = tensorflow.config.threading
    threading.set_intra_op_parallelism_threads(session.threads or 1)
    threading.set_inter_op_parallelism_threads(1)
    if session.device.startswith("cuda"):
        found = tensorflow.config.list_physical_devices("GPU")
        index = int(session.device.partition(":")[2] or 0)
        if index >= len(found):
            raise Unsupported("CUDA in this TensorFlow ({})".format(tensorflow.__version__), "use --device cpu")
        tensorflow.config.set_visible_devices(found[index], "GPU")
    elif session.device != "cpu":
        raise Unsupported("the device {} for TensorFlow".format(session.device), "use cpu or cuda:N")
    return tensorflow


def settings(tensorflow):
    """What moves bits and can be asked for."""
    threading = tensorflow.config.threading
    return {
        "tensorflow.intra_op_threads": threading.get_intra_op_parallelism_threads(),
        "tensorflow.inter_op_threads": threading.get_inter_op_parallelism_threads(),
        "tensorflow.op_determinism": _is_deterministic(tensorflow),
        "tensorflow.onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
        "tensorflow.tensor_float_32": tensorflow.config.experimental.tensor_float_32_execution_enabled(),
    }


def _is_deterministic(tensorflow):
    """Only a private module tells; where it moved, it is not known."""
    try:
        from tensorflow.python.framework import config

        return config.is_op_determinism_enabled()
    except (ImportError, AttributeError):
        return "unknown"


def environment_class(tensorflow, session):
    if session.device.startswith("cuda"):
        details = tensorflow.config.experimental.get_device_details(tensorflow.config.list_physical_devices("GPU")[0])
        return "cuda-sm{}{}".format(*details.get("compute_capability", ("?", "?")))
    return "cpu-{}".format(platform.machine())


def narrow_step(graph):
    """The first operation of a graph, or of a function that it calls, which gives a narrow float.

    Not a constant: it is the same number in every run, and what computes with it is looked at itself.
    """
    narrow = ("float32", "float16", "bfloat16")
    for operation in graph.get_operations():
        for output in operation.outputs if operation.type != "Const" else ():
            if output.dtype.base_dtype.name in narrow:
                return "{} ({})".format(operation.name, operation.type), output.dtype.base_dtype.name
    for function in graph._functions.values() if hasattr(graph, "_functions") else ():
        inner = getattr(function, "graph", None)
        found = narrow_step(inner) if inner is not None else None
        if found:
            return found
    return None
