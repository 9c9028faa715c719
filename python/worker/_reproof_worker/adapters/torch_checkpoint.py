"""`torch`: weights in a checkpoint, and a loader that builds the module which takes them."""

import os
import re

import torch

from .. import detect, loader
from ..failure import NoLoader, Refused, Unsupported
from . import call, torch_module

# Keys under which trainers put the model, in the order in which they are tried.
_MODEL_KEYS = ("state_dict", "model_state_dict", "model", "module", "net", "network", "weights")

# The first version whose restricted loading holds for every format of torch.save.
_RESTRICTED = (2, 6)


def load(session):
    path = detect.only_file(session.artifact)
    if not session.loader:
        return without_loader(path, session)
    function = loader.find(session)
    torch_module.prepare(session)
    if loader.takes_artifact(function):
        # It reads the artifact itself.
        return call.adopt(function(session.artifact), session)
    module = function()
    if not isinstance(module, torch.nn.Module):
        raise Unsupported(
            "a torch module from the loader: it returned a {}".format(type(module).__name__),
            "return the module that takes these weights, or take the path as an argument and load it yourself",
        )
    weights = state_dict(read(path, session))
    # Names and shapes that do not fit are refused by torch itself, all of them in one message.
    module.load_state_dict(weights, strict=True)
    return torch_module.Module(module, session)


def fill(made, artifact):
    """Puts the weights of safetensors into a module whose loader took no path, unless it has read them already."""
    found = _safetensors(artifact)
    if not found or not isinstance(made, torch.nn.Module):
        return
    try:
        from safetensors.torch import load_file
    except ModuleNotFoundError:
        raise Unsupported(
            "the package safetensors for {}".format(found[0]),
            "install it, or let the loader take the path as an argument and load the weights itself",
        ) from None
    weights = {}
    for path in found:
        weights.update(load_file(path))
    own = made.state_dict()
    known = [name for name in weights if name in own]
    if known and not all(_is_same(own[name], weights[name]) for name in known):
        made.load_state_dict(weights, strict=True)


def _is_same(own, saved):
    return own.shape == saved.shape and torch.equal(own.cpu(), saved.to(own.dtype))


def _safetensors(artifact):
    """The files of an artifact whose names say that they are safetensors."""
    if not os.path.isdir(artifact):
        return [artifact] if artifact.endswith(".safetensors") else []
    return sorted(entry.path for entry in os.scandir(artifact) if entry.name.endswith(".safetensors"))


def without_loader(path, session):
    content = read(path, session)
    if isinstance(content, torch.nn.Module):
        return torch_module.Module(content, session)
    raise NoLoader(
        "the code of the model: the file holds weights alone",
        "name a function that builds the module: --loader MODULE:FUNCTION",
    )


def read(path, session):
    """What a checkpoint holds; code runs only with trust."""
    if not session.trust and _release(torch.__version__) < _RESTRICTED:
        raise Unsupported(
            "a torch that reads weights without running what is pickled beside them: {} can be tricked "
            "(CVE-2025-32434)".format(torch.__version__),
            "use torch 2.6 or newer (--python), or give --trust if you know where the file is from",
        )
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        if session.trust:
            return torch.load(path, map_location="cpu", weights_only=False)
        if "weights_only" in str(error) or "Unsupported" in str(error):
            raise Unsupported(
                "leave to run what is pickled in the file{}".format(_named(str(error))),
                "look at it with `reproof scan`, then give --trust; or save the state_dict alone",
            ) from None
        raise Refused("{}: {}".format(type(error).__name__, error)) from error


def _release(version):
    found = re.match(r"(\d+)\.(\d+)", version)
    return tuple(map(int, found.groups())) if found else (0, 0)


def _named(message):
    """What the pickle wants to call, as torch tells it."""
    found = re.search(r"GLOBAL (\S+)", message)
    return ": {}".format(found.group(1)) if found else ""


def state_dict(content):
    """The model's tensors in a checkpoint."""
    if isinstance(content, torch.nn.Module):
        return content.state_dict()
    if not isinstance(content, dict):
        raise Refused("the checkpoint is a {}, not a dictionary of tensors".format(type(content).__name__))
    if any(isinstance(value, torch.Tensor) for value in content.values()):
        return content
    for key in _MODEL_KEYS:
        inner = content.get(key)
        if isinstance(inner, torch.nn.Module):
            return inner.state_dict()
        if isinstance(inner, dict) and any(isinstance(value, torch.Tensor) for value in inner.values()):
            return inner
    raise Unsupported(
        "a known key of the model in the checkpoint, which has {}".format(", ".join(map(str, content))),
        "let the loader take the path as an argument and load it itself",
    )
