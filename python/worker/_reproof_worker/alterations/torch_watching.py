"""What a model calls while it runs once, and what it is given: this tells which alterations change something."""

import contextlib
import re

import torch

from . import torch_attention, torch_calls, torch_functions

CALLS = ("attention", "mask", "open", "dropout", "padding")

# Faults that name rows of a table.
_ROWS = (re.compile(r"rows=swapped:(.+):(\d+),(\d+)"), re.compile(r"weight=bit:\d+:(.+)\[(\d+)\]"))


class Seen:
    """What runs of a model showed."""

    def __init__(self, activations=(), calls=(), inputs=(), rows=None):
        self.activations = set(activations)
        # What `torch_attention` tells, `dropout`, and `padding`.
        self.calls = set(calls)
        # Which changes of inputs make a difference, and up to two rows of each table of embeddings that are read.
        self.inputs, self.rows = set(inputs), dict(rows or {})


def seen(model, wanted=None):
    """What runs showed; everything where none did, or where a fault is wanted whatever they showed."""
    if wanted is None and hasattr(model, "seen"):
        return model.seen
    named = next(filter(None, (pattern.fullmatch(wanted or "") for pattern in _ROWS)), None)
    rows = {named[1]: list(map(int, named.groups()[1:]))} if named else {}
    return Seen(torch_functions.ACTIVATIONS, CALLS, torch_calls.INPUTS, rows)


@contextlib.contextmanager
def watching(model):
    """Notes on the adapter's model what it calls and what it is given."""
    watch = _Watching(model.module)
    hooks = []
    if isinstance(model.module, torch.nn.Module) and not isinstance(model.module, torch.jit.ScriptModule):
        hooks.append(model.module.register_forward_pre_hook(watch.given, with_kwargs=True))
    try:
        with watch:
            yield
    finally:
        for hook in hooks:
            hook.remove()
    before, now = getattr(model, "seen", Seen()), watch.seen
    # A fault of one case is one of the model; rows are those of the first case.
    activations, calls, inputs = (
        before.activations | now.activations,
        before.calls | now.calls,
        before.inputs | now.inputs,
    )
    model.seen = Seen(activations, calls, inputs, before.rows or now.rows)


class _Watching(torch_functions.Calls):
    def __init__(self, module):
        super().__init__()
        self.seen = Seen()
        named = getattr(module, "named_parameters", tuple)
        self._names = {tensor.data_ptr(): name for name, tensor in named()}

    def given(self, _, arguments, keywords):
        """What the whole module is called with."""
        tensors = []
        torch_calls.mapped((arguments, dict(keywords)), lambda tensor: tensors.append(tensor) or tensor)
        for name, change in torch_calls.INPUTS.items():
            if any(not torch.equal(change(tensor), tensor) for tensor in tensors):
                self.seen.inputs.add(name)
        mask = keywords.get(torch_calls.PADDING)
        if isinstance(mask, torch.Tensor) and not bool(mask.all()):
            self.seen.calls.add("padding")

    def changed(self, function, arguments, keywords):
        name = torch_functions.spelled(function)
        called = torch_functions.activation(function, keywords)
        self.seen.activations.update([called] if called else [])
        self.seen.calls |= torch_attention.told(function, arguments, keywords)
        if "dropout" in name and (keywords.get("p") or (arguments[1:] and arguments[1])):
            self.seen.calls.add("dropout")
        if name == "embedding" and len(arguments) > 1:
            self._look_up(arguments[0], arguments[1])
        return function, arguments, keywords

    def _look_up(self, rows, table):
        # The operator of a graph takes them in the other order.
        rows, table = (table, rows) if rows.is_floating_point() else (rows, table)
        name = self._names.get(table.data_ptr())
        if name is not None and name not in self.seen.rows:
            self.seen.rows[name] = rows.flatten().unique()[:2].tolist()
