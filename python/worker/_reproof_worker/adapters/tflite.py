"""`tflite`: a model of TensorFlow Lite (LiteRT), in whichever interpreter is installed."""

import importlib

from .. import detect, loader
from ..failure import Refused, Unsupported
from . import base

# Where the interpreter is found: LiteRT, its predecessor, TensorFlow itself.
_INTERPRETERS = (
    ("ai_edge_litert", "ai_edge_litert.interpreter"),
    ("tflite_runtime", "tflite_runtime.interpreter"),
    ("tensorflow", "tensorflow.lite"),
)


def load(session):
    if session.device != "cpu":
        raise Unsupported("the device {} for TFLite".format(session.device), "use --device cpu")
    if session.float64:
        raise Unsupported(
            "float64 in TFLite, whose kernels are made for the types in the file", "it is judged without a referee"
        )
    engine, module = _interpreter()
    with open(detect.only_file(session.artifact), "rb") as file:
        content = file.read()
    threads = session.threads or 1

    def make(**options):
        return module.Interpreter(model_content=content, num_threads=threads, **options)

    return Flatbuffer(make, engine, threads)


def _interpreter():
    for package, name in _INTERPRETERS:
        try:
            return package, importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] != package:
                raise
    raise ModuleNotFoundError("No module named 'ai_edge_litert'", name="ai-edge-litert")


class Flatbuffer(base.Model):
    """A graph of tensors of fixed types; quantised ones are taken and given as they are stored."""

    def __init__(self, make, engine, threads):
        self.ENGINE = engine
        self.IS_GRAPH = True
        self._make = make
        self._threads = threads
        self._take_up(make())

    def _take_up(self, interpreter):
        self._interpreter = interpreter
        signatures = interpreter.get_signature_list()
        name = "serving_default" if "serving_default" in signatures else next(iter(signatures), None)
        self._signature = name
        self._runner = interpreter.get_signature_runner(name) if name else None
        if not self._runner:
            interpreter.allocate_tensors()

    def run(self, inputs):
        if self._runner:
            given = self._named(self._runner.get_input_details(), inputs)
            return self._runner(**given)
        details = self._interpreter.get_input_details()
        given = self._named({one["name"]: one for one in details}, inputs)
        for one in details:
            if tuple(one["shape"]) != given[one["name"]].shape:
                self._interpreter.resize_tensor_input(one["index"], given[one["name"]].shape, strict=True)
        self._interpreter.allocate_tensors()
        for one in details:
            self._interpreter.set_tensor(one["index"], given[one["name"]])
        self._interpreter.invoke()
        found = self._interpreter.get_output_details()
        return {one["name"]: self._interpreter.get_tensor(one["index"]) for one in found}

    def tapped(self, inputs, taps):
        # Without this option, memory of values that have been used is used again.
        self._take_up(self._make(experimental_preserve_all_tensors=True))
        outputs = self.run(inputs)
        details = {one["index"]: one for one in self._interpreter.get_tensor_details()}
        found = {index: value for index, value in ((index, self._value(index)) for index in details) if value is not None}
        for step in self._interpreter._get_ops_details():
            if step["op_name"] == "DELEGATE":
                # Steps of the graph, taken together, that are told one by one.
                continue
            took = taps.digests([found[index] for index in map(int, step["inputs"]) if index in found])
            for index in map(int, step["outputs"]):
                if index in found:
                    taps.add(details[index]["name"], step["op_name"], took, found[index])
        self._take_up(self._make())
        return outputs

    def _value(self, index):
        """A value of the graph; nothing for one that was never computed, such as inside of a delegate."""
        try:
            return self._interpreter.get_tensor(index)
        except ValueError:
            return None

    def _named(self, details, inputs):
        given = loader.by_name(list(details), inputs)
        for name, value in given.items():
            wanted = details[name]["dtype"]
            if value.dtype != wanted:
                raise Refused("the input `{}` is {}, and got {}".format(name, wanted.__name__, value.dtype))
        return given

    def inputs(self):
        # Of a signature by the names in it, else by the names of tensors.
        if self._runner:
            details = self._runner.get_input_details()
        else:
            details = {one["name"]: one for one in self._interpreter.get_input_details()}
        sized = {name: one.get("shape_signature", one["shape"]) for name, one in details.items()}
        ports = [base.described(name, one["dtype"], map(int, sized[name])) for name, one in details.items()]
        return [base.signature(self._signature or "tensors", *ports)]

    def settings(self):
        return {"tflite.threads": self._threads, "tflite.signature": self._signature or "none"}
