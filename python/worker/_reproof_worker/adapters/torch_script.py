"""`torchscript`: a scripted or traced module, which carries its own code for its own interpreter."""

import torch

from .. import detect
from . import torch_module


def load(session):
    torch_module.prepare(session)
    module = torch.jit.load(detect.only_file(session.artifact), map_location="cpu")
    return Script(module, session)


class Script(torch_module.Module):
    def _bind(self, inputs):
        names = [argument.name for argument in self._module.forward.schema.arguments[1:]]
        if all(name in names for name, _ in inputs):
            return [], dict(inputs)
        if len(inputs) <= len(names):
            return [value for _, value in inputs], {}
        from ..failure import Refused

        raise Refused("the model takes {}, and got {}".format(", ".join(names), ", ".join(name for name, _ in inputs)))
