"""A PyTorch module, wherever it came from: how it runs, in float64 too, and what it remembers."""

import hashlib
import platform
import re

import torch

from .. import frameworks, loader
from ..alterations import torch_compiled
from ..failure import Unsupported
from . import base, torch_tensor
from .torch_wide import Watch

# Modules that do something else in training than in use: what is here is left in training by mistake.
_DROPS = re.compile(r"(Dropout|BatchNorm|InstanceNorm|RReLU|DropPath|StochasticDepth)")


class Module(base.Model):
    """A module that is called with tensors."""

    ENGINE = "torch"

    def __init__(self, module, session, initialised=()):
        prepare(session)
        self._module = move(module, session)
        self._session = session
        self._initialised = list(initialised)

    @property
    def module(self):
        return self._module

    @property
    def is_wide(self):
        return self._session.float64

    def run(self, inputs):
        return self.forward(inputs)

    def tapped(self, inputs, taps):
        from . import torch_taps

        with torch_taps.watch(self._module, taps):
            return self.run(inputs)

    def alterations(self):
        from ..alterations import torch_modules

        return torch_modules.alterations(self)

    def faults(self, wanted=None):
        from ..alterations import torch_faults

        return torch_faults.faults(self, wanted)

    def snapshot(self):
        buffers = getattr(self._module, "named_buffers", tuple)
        kept = [(buffer, buffer.detach().clone()) for _, buffer in buffers()]

        def restore():
            with torch.no_grad():
                for buffer, value in kept:
                    buffer.copy_(value)

        return restore

    def watching(self):
        from ..alterations import torch_watching

        return torch_watching.watching(self)

    def forward(self, inputs):
        """The module itself, behind every stage of preprocessing."""
        arguments, keywords = self._bind(inputs)
        with torch.no_grad():
            if not self._session.float64:
                return self._module(*arguments, **keywords)
            with Watch() as watch:
                outputs = self._module(*arguments, **keywords)
            watch.check()
            return outputs

    def _bind(self, inputs):
        return loader.bind(getattr(self._module, "forward", self._module), inputs)

    def take(self, tensor):
        taken = torch_tensor.take(tensor)
        if self._session.float64 and taken.is_floating_point():
            taken = taken.double()
        return taken.to(self._session.device)

    def give(self, value):
        return torch_tensor.give(value)

    def copy(self, value):
        return value.clone() if isinstance(value, torch.Tensor) else super().copy(value)

    def freeze(self, form, cases, folder):
        from . import torch_freeze

        return torch_freeze.freeze(self, form, cases, folder)

    def settings(self):
        found = settings()
        if torch_compiled.is_compiled(self._module):
            found["torch.compiled"] = True
        return found

    def environment_class(self):
        return environment_class(self._session)

    def state(self):
        return digests(_named(self._module))

    def initialised(self):
        return self._initialised

    def training(self):
        modules = getattr(self._module, "named_modules", None)
        return [_told(name, part) for name, part in modules() if _is_training(part)] if modules else []


def prepare(session):
    """Threads and arithmetic of every run with PyTorch."""
    torch.set_num_threads(session.threads or 1)
    if session.float64:
        # What a module makes while it is built or runs follows.
        torch.set_default_dtype(torch.float64)
    if session.device.startswith("cuda") and not torch.cuda.is_available():
        raise Unsupported("CUDA in this torch ({})".format(torch.__version__), "use --device cpu")


def move(module, session):
    """The module on its device, and wide if asked."""
    if session.float64:
        module = module.double()
    return module.to(session.device) if session.device != "cpu" else module


def settings():
    """What moves bits and can be asked for."""
    found = {
        "torch.deterministic": torch.are_deterministic_algorithms_enabled(),
        "torch.matmul_precision": frameworks.matmul_precision(torch),
        "torch.mkldnn": torch.backends.mkldnn.is_available() and torch.backends.mkldnn.enabled,
        "torch.threads": torch.get_num_threads(),
    }
    if hasattr(torch.backends, "cpu"):
        found["torch.cpu_capability"] = torch.backends.cpu.get_cpu_capability()
    if torch.version.cuda and torch.cuda.is_available():
        found["torch.cuda"] = torch.version.cuda
        found["torch.cudnn"] = torch.backends.cudnn.version()
        found["torch.cudnn.benchmark"] = torch.backends.cudnn.benchmark
    return found


def environment_class(session):
    """Device kind and architecture."""
    if session.device.startswith("cuda"):
        major, minor = torch.cuda.get_device_capability(session.device)
        return "cuda-sm{}{}".format(major, minor)
    return "{}-{}".format(session.device.partition(":")[0], platform.machine())


def digests(tensors):
    """SHA-256 of named tensors."""
    found = {}
    for name, tensor in tensors:
        try:
            dtype, shape, data = torch_tensor.content(tensor)
        except Unsupported:
            # Quantised and sparse ones are compared by what they give.
            continue
        digest = hashlib.sha256("{} {} ".format(dtype, shape).encode())
        digest.update(data)
        found[name] = digest.hexdigest()
    return found


def _named(module):
    if not isinstance(module, torch.nn.Module):
        return []
    return list(module.named_parameters()) + list(module.named_buffers())


def drops(part):
    """Whether a part does something else in training."""
    name = getattr(part, "original_name", None) or type(part).__name__
    # Dropout of nothing, and norms that keep no statistics, are the same in training.
    return bool(_DROPS.search(name)) and getattr(part, "p", None) != 0.0


def _is_training(part):
    return getattr(part, "training", False) and drops(part)


def _told(name, part):
    kind = getattr(part, "original_name", None) or type(part).__name__
    return "{} ({})".format(name or "the model", kind)
