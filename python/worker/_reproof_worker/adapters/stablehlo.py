"""`stablehlo`: a function of JAX as its exporter writes it, a graph with its weights and the types of its inputs."""

import os

from .. import arrays, detect, freezing, loader
from ..failure import Refused, Unsupported
from . import base, jax_function


def load(session):
    if session.float64:
        raise Unsupported(
            "float64 in a graph of StableHLO, which fixes the type of every value", "it is judged without a referee"
        )
    if not session.trust:
        # Such a graph may call any function that is registered in the process, with addresses of its own choice.
        raise Unsupported(
            "leave to run a graph of StableHLO, which may call functions of the process",
            "give --trust if you know where the file is from",
        )
    jax = jax_function.prepare(session)
    from jax import export

    with open(detect.only_file(session.artifact), "rb") as file:
        content = bytearray(file.read())
    try:
        exported = export.deserialize(content)
    except Exception as error:
        raise Refused("the file is no function that JAX exported: {}".format(error)) from error
    return Exported(exported, jax)


def write(function, form, cases, folder):
    """Exports a function of named inputs, one dictionary, with everything that it holds."""
    if form == "onnx":
        raise Unsupported("a graph of JAX as ONNX", "freeze with --freeze=native")
    import jax
    from jax import export

    freezing.check(cases[0])
    sample = freezing.largest(cases)
    shapes = {}
    for (name, value), opened in zip(sample, freezing.open_dims(cases)):
        shapes[name] = ", ".join(opened.get(axis, str(size)) for axis, size in enumerate(value.shape))
    try:
        specs = export.symbolic_args_specs(dict(sample), shapes)

        def flat(inputs):
            return dict(freezing.leaves(function(inputs), lambda value: isinstance(value, jax.Array)))

        exported = export.export(jax.jit(flat))(specs)
    except Exception as error:
        what = str(error).strip().splitlines() or [type(error).__name__]
        raise Unsupported("a graph of this function: {}".format(what[0]), "leave out --freeze") from error
    with open(os.path.join(folder, "model.stablehlo"), "wb") as file:
        file.write(exported.serialize())
    return {"form": "stablehlo", "entry": "model.stablehlo", "exporter": "jax.export of jax " + jax.__version__}


class Exported(base.Model):
    """The exported function, called with a dictionary of its inputs."""

    ENGINE = "jax"
    IS_GRAPH = True

    def __init__(self, exported, jax):
        self._exported = exported
        self._jax = jax
        count = len(exported.in_avals)
        (inputs,), _ = jax.tree.unflatten(exported.in_tree, range(count))
        self._places = inputs

    def run(self, inputs):
        given = loader.by_name(list(self._places), inputs)
        return self._jax.block_until_ready(self._exported.call(given))

    def take(self, tensor):
        return self._jax.numpy.asarray(arrays.to_numpy(tensor))

    def copy(self, value):
        # Arrays of JAX never change.
        return value

    def inputs(self):
        ports = []
        for name, place in self._places.items():
            aval = self._exported.in_avals[place]
            dims = [size if isinstance(size, int) else str(size) for size in aval.shape]
            ports.append(base.port(name, arrays.named(aval.dtype), *dims))
        return [base.signature("function", *ports)]

    def settings(self):
        return {"jax.backend": self._jax.default_backend(), "jax.threads": os.environ["NPROC"]}

    def environment_class(self):
        return jax_function.environment_class(self._jax)
