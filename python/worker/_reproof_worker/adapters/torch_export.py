"""`torch-export`: a program of torch.export, a graph with its weights and the constraints on its inputs."""

import torch

from .. import detect
from ..failure import Unsupported
from . import torch_module


def load(session):
    if not session.trust:
        # Torch unpickles weights and constants of such a file as they are, and its graph may name any function.
        raise Unsupported(
            "leave to run what is in a program of torch.export, which torch loads as code",
            "look at it with `reproof scan`, then give --trust if you know where the file is from",
        )
    torch_module.prepare(session)
    program = torch.export.load(detect.only_file(session.artifact))
    return Program(program, session)


class Program(torch_module.Module):
    def __init__(self, program, session):
        self._inputs = list(program.graph_signature.user_inputs)
        super().__init__(program.module(), session)

    def _bind(self, inputs):
        names = [name for name, _ in inputs]
        if sorted(names) == sorted(map(str, self._inputs)):
            given = dict(inputs)
            return [given[name] for name in self._inputs], {}
        return super()._bind(inputs)

    def training(self):
        # Fixed in the graph when it was exported.
        return []
