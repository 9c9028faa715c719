"""What every adapter gives."""

import contextlib
import copy
import platform

from .. import arrays
from ..failure import Unsupported


def signature(name, *ports):
    """One way to call a model: a word that tells it from others, and what it takes."""
    return {"name": name, "inputs": list(ports)}


def port(name, dtype, *dims, below=None):
    """One input. A dim is a size; else the name of an open one, or its name and largest size. Texts have no dtype."""
    return {"name": name, "dtype": dtype, "dims": [_dim(dim) for dim in dims], "below": below}


def _dim(dim):
    if isinstance(dim, int):
        return {"size": dim}
    named, at_most = dim if isinstance(dim, tuple) else (dim, None)
    return {"name": named, "at_most": at_most}


def described(name, dtype, shape):
    """One input by what frameworks tell: a type of NumPy or its name, and sizes of which the open ones are no numbers
    above 0. The first open dim is the batch."""
    dims = []
    for place, size in enumerate(shape):
        is_open = not isinstance(size, int) or size < 1
        dims.append(("batch" if place == 0 else "dim_{}".format(place)) if is_open else size)
    return port(name, arrays.named(dtype), *dims)


class Model:
    """A loaded model. What follows suits models of arrays that remember nothing."""

    # The package that computes.
    ENGINE = "python"

    # Whether the artifact itself is a graph.
    IS_GRAPH = False

    def run(self, inputs):
        """Executes one case of named inputs."""
        raise NotImplementedError

    def tapped(self, inputs, taps):
        """Executes one case, tells `taps` of every step on the way, and gives the outputs."""
        raise Unsupported(
            "taps of this model: {} shows nothing of what it computes on its way".format(self.ENGINE),
            "ask for the outputs alone",
        )

    def alterations(self):
        """What can be altered for an experiment: by text, a function that makes the context in which it is."""
        return {}

    def faults(self, wanted=None):
        """What can be planted to see whether anyone notices: by text, a function that makes the context in which it is.

        These are the faults that make a difference for what was seen of the model. With a text that is `wanted`, that
        one is among them whatever was seen, if the model can have it at all.
        """
        return {}

    def snapshot(self):
        """What puts back all that runs change in the model."""
        return lambda: None

    def watching(self):
        """A context in which a run tells what can be altered."""
        return contextlib.nullcontext()

    def take(self, tensor):
        """A tensor of the framework from a raw one."""
        return arrays.to_numpy(tensor)

    def give(self, value):
        """A raw tensor, or the node of a tensor of texts, from a value of the framework; nothing for anything else."""
        return arrays.from_any(value)

    def copy(self, value):
        return copy.deepcopy(value)

    def prepared(self, inputs):
        """What the model itself gets of the inputs of a case, behind every stage of preprocessing."""
        return inputs

    def freeze(self, form, cases, folder):
        """Writes the graph that computes these cases, each a list of named inputs, into a folder.

        `form` is `onnx`, `native` for the framework's own, or nothing for the better one. Gives what was written:
        `form`, `entry` (the file in the folder, or nothing for all of it) and `exporter`.
        """
        raise self.graphless()

    def graphless(self):
        """Why no graph of it can be written, whatever its cases are, as an error; nothing where `freeze` may."""
        if self.IS_GRAPH:
            return Unsupported("a graph to freeze: the artifact is one already", "leave out --freeze")
        if type(self).freeze is not Model.freeze:
            return None
        return Unsupported(
            "a graph of this model: {} computes step by step and exports none".format(self.ENGINE),
            "leave out --freeze",
        )

    def inputs(self):
        """Ways to call the model, the usual one first, each a dictionary as `signature` makes it; or, as a text, why
        they are not known."""
        return "{} does not tell what its model takes".format(self.ENGINE)

    def sources(self):
        """Files beside the weights that have a part in what it computes: role and path."""
        return []

    def settings(self):
        """Settings in force that can move bits."""
        return {}

    def environment_class(self):
        return "cpu-{}".format(platform.machine())

    def state(self):
        """Digests of what the model remembers, by name."""
        return {}

    def initialised(self):
        """Names of what was initialised instead of loaded."""
        return []

    def training(self):
        """What behaves as in training, by name."""
        return []
