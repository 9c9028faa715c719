"""`savedmodel`: a folder of TensorFlow's SavedModel, through its signature `serving_default`."""

import hashlib
import os

from .. import loader
from ..failure import Refused, Unsupported
from . import base, tensorflow_setup

# Operations that reach beyond the graph: files, other libraries, the interpreter.
_REACHING = {
    "ReadFile", "WriteFile", "MatchingFiles", "PyFunc", "PyFuncStateless", "EagerPyFunc", "WholeFileReader",
    "WholeFileReaderV2", "TextLineDataset", "TFRecordDataset", "FixedLengthRecordDataset", "PrintV2",
    "TextLineReader", "TextLineReaderV2", "TFRecordReader", "TFRecordReaderV2", "FixedLengthRecordReader",
    "FixedLengthRecordReaderV2", "LMDBReader", "LMDBDataset", "CSVDataset", "SqlDataset", "ImmutableConst", "Save",
    "SaveSlices", "DebugIdentity", "DebugIdentityV2", "DebugNanCount", "DebugNumericSummary", "CreateSummaryFileWriter",
    "CreateSummaryDbWriter", "WriteSummary", "WriteScalarSummary", "WriteRawProtoSummary", "WriteGraphSummary",
    "WriteHistogramSummary", "WriteImageSummary", "WriteAudioSummary",
}  # fmt: skip

_SIGNATURE = "serving_default"


def load(session):
    if session.float64:
        raise Unsupported(
            "float64 in a SavedModel, whose graph fixes the type of every value", "it is judged without a referee"
        )
    folder = session.artifact
    if not session.trust:
        _check(folder)
    tensorflow = tensorflow_setup.prepare(session)
    # Held for as long as the signature, which does not keep its variables alive.
    loaded = tensorflow.saved_model.load(folder)
    if _SIGNATURE not in loaded.signatures:
        raise Unsupported(
            "the signature {}: the model has {}".format(_SIGNATURE, ", ".join(loaded.signatures) or "none"),
            "load it in a function of your own and name that: --loader MODULE:FUNCTION",
        )
    return Signature(loaded, tensorflow, session)


def _check(folder):
    """Refuses a graph that would reach beyond itself; loading alone runs some of it."""
    from tensorflow.core.protobuf import saved_model_pb2

    document = saved_model_pb2.SavedModel()
    with open(os.path.join(folder, "saved_model.pb"), "rb") as file:
        try:
            document.ParseFromString(file.read())
        except Exception as error:
            raise Refused("saved_model.pb is not a SavedModel: {}".format(error)) from error
    for graph in document.meta_graphs:
        nodes = list(graph.graph_def.node)
        for function in graph.graph_def.library.function:
            nodes.extend(function.node_def)
        for node in nodes:
            if node.op in _REACHING:
                raise Unsupported(
                    "leave to run the operation {} of the graph (`{}`)".format(node.op, node.name),
                    "give --trust if you know where the model is from",
                )


class Signature(base.Model):
    """The function that serving would call."""

    ENGINE = "tensorflow"
    IS_GRAPH = True

    def __init__(self, loaded, tensorflow, session):
        self._tensorflow = tensorflow
        self._loaded = loaded
        self._function = loaded.signatures[_SIGNATURE]
        self._session = session

    def run(self, inputs):
        return self._function(**self._converted(inputs))

    def tapped(self, inputs, taps):
        from . import savedmodel_taps

        given = self._converted(inputs)
        savedmodel_taps.run(self._function, given, taps)
        return self._function(**given)

    def _converted(self, inputs):
        """The inputs of the signature by name."""
        wanted = self._function.structured_input_signature[1]
        given = loader.by_name(sorted(wanted), inputs)
        converted = {name: self._tensorflow.constant(value) for name, value in given.items()}
        for name, value in converted.items():
            if value.dtype != wanted[name].dtype:
                expected, got = wanted[name].dtype.name, value.dtype.name
                raise Refused("the input `{}` is {}, and got {}".format(name, expected, got))
        return converted

    def inputs(self):
        wanted = self._function.structured_input_signature[1]
        unknown = [name for name, spec in wanted.items() if spec.shape.rank is None]
        if unknown:
            return "the signature does not tell the rank of {}".format(", ".join(sorted(unknown)))
        # Of texts, NumPy has objects.
        ports = [
            base.described(name, spec.dtype.as_numpy_dtype, spec.shape.as_list())
            for name, spec in sorted(wanted.items())
        ]
        return [base.signature(_SIGNATURE, *ports)]

    def settings(self):
        return dict(tensorflow_setup.settings(self._tensorflow), **{"savedmodel.signature": _SIGNATURE})

    def environment_class(self):
        return tensorflow_setup.environment_class(self._tensorflow, self._session)

    def state(self):
        return digests(self._function.variables)


def digests(variables):
    """SHA-256 of variables; names may repeat, their order does not change."""
    found = {}
    for index, variable in enumerate(variables):
        name = getattr(variable, "path", None) or variable.name
        array = variable.numpy()
        digest = hashlib.sha256("{} {} ".format(array.dtype, array.shape).encode())
        digest.update(array.tobytes())
        found[name if name not in found else "{}#{}".format(name, index)] = digest.hexdigest()
    return found
