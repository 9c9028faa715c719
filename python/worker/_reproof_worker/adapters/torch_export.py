"""`torch-export`: a program of torch.export, a graph with its weights and the constraints on its inputs."""

import torch

from .. import detect, loader
from ..failure import Unsupported
from . import base, torch_module, torch_tensor


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
        self._graph = program.graph
        self._ranges = program.range_constraints
        spec = program.call_spec.in_spec
        _, keywords = torch.utils._pytree.tree_unflatten(list(range(spec.num_leaves)), spec)
        # Inputs that it was exported with by name are taken by no other way.
        self._keywords = list(keywords)
        super().__init__(program.module(), session)

    def _bind(self, inputs):
        names = [name for name, _ in inputs]
        if self._keywords and len(self._keywords) == len(self._inputs):
            return [], loader.by_name(self._keywords, inputs)
        if sorted(names) == sorted(map(str, self._inputs)):
            given = dict(inputs)
            return [given[name] for name in self._inputs], {}
        return super()._bind(inputs)

    def inputs(self):
        nodes = {node.name: node for node in self._graph.nodes if node.op == "placeholder"}
        ports = []
        for name in map(str, self._inputs):
            value = nodes[name].meta.get("val") if name in nodes else None
            if not isinstance(value, torch.Tensor):
                return "the input `{}` of the program is no tensor".format(name)
            dtype = torch_tensor.name_of(value.dtype)
            dims = [self._dim(size) for size in value.shape]
            ports.append(base.port(name, dtype, *dims, below=_table(nodes[name])))
        return [base.signature("tensors", *ports)]

    def _dim(self, size):
        if isinstance(size, int):
            return size
        allowed = self._ranges.get(size.node.expr)
        upper = getattr(allowed, "upper", None)
        bounded = upper is not None and getattr(upper, "is_number", False) and upper.is_finite
        return str(size), int(upper) if bounded and upper < 1 << 31 else None

    def training(self):
        # Fixed in the graph when it was exported.
        return []


def _table(node):
    """The rows of the table that an input indexes, directly or through a copy."""
    sizes = []
    for user in node.users:
        target = str(user.target)
        if target.startswith("aten.embedding.") and user.args[1] is node:
            sizes.append(int(user.args[0].meta["val"].shape[0]))
        elif target.startswith(("aten._to_copy.", "aten.to.", "aten.clone.", "aten._assert_tensor_metadata.")):
            sizes.extend(size for size in [_table(user)] if size)
    return min(sizes) if sizes else None
