"""What every adapter gives."""

import copy
import platform

from .. import arrays


class Model:
    """A loaded model. What follows suits models of arrays that remember nothing."""

    # The package that computes.
    ENGINE = "python"

    def run(self, inputs):
        """Executes one case of named inputs."""
        raise NotImplementedError

    def take(self, tensor):
        """A tensor of the framework from a raw one."""
        return arrays.to_numpy(tensor)

    def give(self, value):
        """A raw tensor, or the node of a tensor of texts, from a value of the framework; nothing for anything else."""
        return arrays.from_any(value)

    def copy(self, value):
        return copy.deepcopy(value)

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
