"""`onnxruntime`: an ONNX model in the interpreter's own ONNX Runtime, whatever build that is."""

import os

import onnxruntime

from .. import detect, loader
from ..failure import Unsupported
from . import base

# Providers by the kind of device.
_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}

# Types of tensors as ONNX Runtime spells them and NumPy does.
_TYPES = {
    "float": "float32", "double": "float64", "float16": "float16", "bool": "bool", "string": "object",
    "int8": "int8", "int16": "int16", "int32": "int32", "int64": "int64",
    "uint8": "uint8", "uint16": "uint16", "uint32": "uint32", "uint64": "uint64",
}  # fmt: skip


def load(session):
    if session.float64:
        raise Unsupported(
            "float64 in ONNX Runtime, which lacks kernels of that type for most operators",
            "record the model without --python: the built-in engine is its referee",
        )
    kind, _, index = session.device.partition(":")
    provider = _PROVIDERS.get(kind)
    if provider not in onnxruntime.get_available_providers():
        raise Unsupported(
            "the device {} in this ONNX Runtime".format(session.device),
            "it offers {}".format(", ".join(onnxruntime.get_available_providers())),
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = session.threads or 1
    options.inter_op_num_threads = 1
    provided = [(provider, {"device_id": index or "0"})] if kind == "cuda" else [provider]
    path = detect.only_file(session.artifact)
    opened = onnxruntime.InferenceSession(path, options, providers=provided)
    return Graph(opened, options, session, path, provided)


class Graph(base.Model):
    """A graph, which names its inputs and outputs."""

    ENGINE = "onnxruntime"
    IS_GRAPH = True

    def __init__(self, opened, options, session, path, provided):
        self._path = path
        self._provided = provided
        self._session = opened
        self._options = options
        self._class = "cuda" if session.device.startswith("cuda") else None

    def run(self, inputs):
        given = loader.by_name([one.name for one in self._session.get_inputs()], inputs)
        names = [one.name for one in self._session.get_outputs()]
        return dict(zip(names, self._session.run(names, given)))

    def tapped(self, inputs, taps):
        from . import onnx_taps

        with open(self._path, "rb") as file:
            model = file.read()
        names = [one.name for one in self._session.get_outputs()]
        given = loader.by_name([one.name for one in self._session.get_inputs()], inputs)
        steps = onnx_taps.steps(model)
        wanted = sorted({name for _, _, made in steps for name in made if name not in names and taps.wants(name)})
        # Weights beside a model that comes from memory are looked for here.
        place = "session.model_external_initializers_file_folder_path"
        self._options.add_session_config_entry(place, os.path.dirname(os.path.abspath(self._path)))
        whole = onnx_taps.with_outputs(model, wanted)
        opened = onnxruntime.InferenceSession(whole, self._options, providers=self._provided)
        found = dict(zip(names + wanted, opened.run(names + wanted, given)))
        known = dict(given, **found)
        for kind, took, made in steps:
            inside = taps.digests([known[name] for name in took if name in known])
            for name in made:
                if name in found:
                    taps.add(name, kind, inside, found[name])
        return {name: found[name] for name in names}

    def inputs(self):
        ports = []
        for one in self._session.get_inputs():
            kind = one.type[len("tensor(") : -1] if one.type.startswith("tensor(") else ""
            if kind not in _TYPES:
                return "the input `{}` is a {}".format(one.name, one.type)
            ports.append(base.described(one.name, _TYPES[kind], one.shape))
        return [base.signature("graph", *ports)]

    def settings(self):
        return {
            "onnxruntime.providers": ",".join(self._session.get_providers()),
            "onnxruntime.threads": self._options.intra_op_num_threads,
            "onnxruntime.optimization": self._options.graph_optimization_level,
            "onnxruntime.deterministic": self._options.use_deterministic_compute,
        }

    def environment_class(self):
        return self._class or super().environment_class()
