"""Taps of PyTorch: modules by their paths, and below each the operators that it runs (`encoder.0:aten.addmm.default`).

Operators are seen by the dispatcher, so that functions of a module, programs of torch.export and TorchScript show
theirs as well.
"""

import contextlib

import torch

from .torch_dispatch import Dispatch


@contextlib.contextmanager
def watch(module, taps):
    """Tells `taps` of everything that runs meanwhile."""
    operators = _Operators(taps, _weights(module))
    handles = []
    for name, part in _modules(module):
        before, after = operators.hooks(name, part)
        handles.append(part.register_forward_pre_hook(before, with_kwargs=True))
        handles.append(part.register_forward_hook(after, with_kwargs=True))
    try:
        with operators:
            yield
    finally:
        for handle in handles:
            handle.remove()


def _modules(module):
    """Modules below the whole, which has no path and whose outputs are told anyway."""
    if not isinstance(module, torch.nn.Module) or isinstance(module, torch.jit.ScriptModule):
        # What is scripted calls its parts without Python.
        return []
    return [(name, part) for name, part in module.named_modules() if name]


def _weights(module):
    if not isinstance(module, torch.nn.Module):
        return set()
    tensors = [*module.parameters(), *module.buffers()]
    return {place for place in map(_place, tensors) if place is not None}


def _place(tensor):
    """Where the values of a tensor lie; nothing for one without."""
    try:
        return tensor.untyped_storage().data_ptr() or None
    except (RuntimeError, NotImplementedError):
        return None


class _Operators(Dispatch):
    def __init__(self, taps, weights):
        super().__init__()
        self._taps = taps
        self._weights = weights
        # Paths of the modules that run, and what they took.
        self._running = []

    def hooks(self, name, part):
        """What a module calls before and after it runs."""
        kind = type(part).__name__

        def before(_, arguments, keywords):
            self._running.append((name, self._digests((arguments, keywords))))

        def after(_, arguments, keywords, given):
            # What raised in between left its entries behind.
            while self._running:
                path, inputs = self._running.pop()
                if path == name:
                    with _unwatched():
                        self._taps.add(name, kind, inputs, given)
                    return

        return before, after

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        keywords = keywords or {}
        if _only_looks(function):
            return function(*arguments, **keywords)
        name = "{}:{}".format(self._running[-1][0], function) if self._running else str(function)
        inputs = self._digests((arguments, keywords)) if self._taps.wants(name) else []
        given = function(*arguments, **keywords)
        # A weight in another shape is no step.
        self._taps.add(name, str(function), inputs, _without(given, self._weights))
        return given

    def _digests(self, taken):
        """Of what was computed: that weights are the same is told by their own digests."""
        with _unwatched():
            return self._taps.digests(_without(taken, self._weights))


def _unwatched():
    """Looking at a tensor takes operators of its own."""
    return torch.utils._python_dispatch._disable_current_modes()


def _without(value, weights):
    if isinstance(value, torch.Tensor):
        return None if _place(value) in weights else value
    if isinstance(value, (list, tuple)):
        return [_without(item, weights) for item in value]
    if isinstance(value, dict):
        return {key: _without(item, weights) for key, item in value.items()}
    return value


# Operators that give their input as it is. Those that give it in another shape are steps: what comes next takes that shape.
_GIVEN_BACK = ("aten::alias", "aten::detach", "aten::lift_fresh")


def _only_looks(function):
    """Whether an operator gives its input back, memory with nothing in it, or nothing at all."""
    name = function._schema.name
    return not function._schema.returns or "empty" in name or name.startswith(_GIVEN_BACK)
