"""The graph of a PyTorch module: ONNX where its exporter is installed, else a program of torch.export."""

import importlib.util
import inspect
import keyword
import os

import torch

from .. import freezing
from ..failure import Unsupported

# What torch needs beside itself to write ONNX.
_EXPORTER = ("onnx", "onnxscript")


def freeze(model, form, cases, folder):
    """The graph of a `torch_module.Module`."""
    freezing.check(cases[0])
    lacking = [name for name in _EXPORTER if importlib.util.find_spec(name) is None]
    if form == "onnx" and lacking:
        raise Unsupported(
            "the Python package `{}`, with which torch writes ONNX".format(lacking[0]),
            "install onnx and onnxscript there, or freeze with --freeze=native",
        )
    graph = _Graph(model, freezing.largest(cases), freezing.open_dims(cases))
    if form == "native" or lacking:
        return graph.program(folder)
    try:
        return graph.onnx(folder)
    except Exception as error:
        if form == "onnx":
            raise _refused("ONNX", error) from error
        print("no graph of ONNX: {}: {}".format(type(error).__name__, error))
        return graph.program(folder)


def _refused(form, error):
    what = str(error).strip().splitlines() or [type(error).__name__]
    return Unsupported("a graph of this module as {}: {}".format(form, what[0]), "leave out --freeze")


class _Flat(torch.nn.Module):
    """A module of named tensors alone, which gives its outputs under the names of their paths."""

    def __init__(self, model, names):
        super().__init__()
        # Its weights become those of the graph.
        self.module = model.module

        def forward(*tensors):
            outputs = model.forward(list(zip(names, tensors)))
            return dict(freezing.leaves(outputs, lambda value: isinstance(value, torch.Tensor)))

        # The exporter names inputs as the parameters are named. What cannot be a parameter goes by its place.
        good = all(name.isidentifier() and not keyword.iskeyword(name) for name in names)
        told = names if good else ["input_{}".format(index) for index in range(len(names))]
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        forward.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in told])
        self.forward = forward


class _Graph:
    def __init__(self, model, sample, opened):
        self._names = [name for name, _ in sample]
        self._tensors = tuple(value for _, value in sample)
        # The exporter finds out by itself which of these are one.
        dims = [{axis: torch.export.Dim.DYNAMIC for axis in axes} or None for axes in opened]
        self._dims = tuple(dims) if any(dims) else None
        self._flat = _Flat(model, self._names).eval()
        with torch.no_grad():
            self._outputs = list(self._flat(*self._tensors))

    def program(self, folder):
        try:
            with torch.no_grad():
                program = torch.export.export(self._flat, self._tensors, dynamic_shapes=self._dims, strict=False)
        except Exception as error:
            raise _refused("a program of torch.export", error) from error
        torch.export.save(program, os.path.join(folder, "model.pt2"))
        return {"form": "torch-export", "entry": "model.pt2", "exporter": "torch.export of torch " + torch.__version__}

    def onnx(self, folder):
        with torch.no_grad():
            # Folded constants would be rounded once more: the graph holds the weights themselves.
            program = torch.onnx.export(
                self._flat, self._tensors, dynamo=True, dynamic_shapes=self._dims, verbose=False, optimize=False,
                input_names=self._names, output_names=self._outputs,
            )  # fmt: skip
        program.save(os.path.join(folder, "model.onnx"))
        return {"form": "onnx", "entry": "model.onnx", "exporter": "torch.onnx of torch " + torch.__version__}
