"""What a Keras file would run if it were loaded, read from its configuration and before Keras sees it.

Keras refuses some of this itself, in its safe mode and depending on its version and the file's format. The rule here
is one for all: layers with code of their own, and classes from outside of Keras, need the user's leave.
"""

import json
import zipfile

from ..failure import Refused, Unsupported

# A configuration of the largest published models has a few MiB.
_LONGEST = 64 << 20


# Classes of Keras that run Python code, unpickle a module of torch, or load another model from any place.
_CODE = ("Lambda", "__lambda__", "TorchModuleWrapper", "TFSMLayer")


def read(path):
    """The configuration of a whole model; nothing for weights alone."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            member = archive.getinfo("config.json")
            if member.file_size > _LONGEST:
                raise Refused("config.json has {} bytes, expected at most {}".format(member.file_size, _LONGEST))
            return _parsed(archive.read(member))
    import h5py

    with h5py.File(path, "r") as file:
        text = file.attrs.get("model_config")
    return None if text is None else _parsed(text)


def _parsed(text):
    try:
        return json.loads(text)
    except ValueError as error:
        raise Refused("the configuration of the model is not JSON: {}".format(error)) from error


def check(configuration, known=()):
    """Refuses what runs code, or comes from outside of Keras and is not among the `known` registered names."""
    for node in _nodes(configuration):
        name = node.get("class_name")
        if name in _CODE:
            raise Unsupported(
                "leave to run the code in {}".format(_told(node)),
                "replace it by a layer of your own and name its module with --loader, or give --trust",
            )
        module = node.get("module")
        # Files of Keras 2 name no modules: only what is registered is found by name.
        if not isinstance(name, str) or not isinstance(module, str):
            continue
        own = module.partition(".")[0] in ("keras", "keras_core", "tf_keras", "builtins", "tensorflow")
        if module == "builtins" and node.get("registered_name") not in (None, name, "function", "type"):
            own = False
        if not own and node.get("registered_name") not in known:
            raise Unsupported(
                "leave to import {}.{}, which the file names".format(module, name),
                "import it in a function and name that with --loader MODULE:FUNCTION, or give --trust",
            )


def _told(node):
    inner = node.get("config")
    name = inner.get("name") if isinstance(inner, dict) else None
    kind = "Lambda layer" if node.get("class_name") in _CODE[:2] else node.get("class_name")
    return "the {} `{}`".format(kind, name) if name else "a function"


def _nodes(value):
    """Every object of a configuration."""
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(reversed(list(node.values())))
        elif isinstance(node, list):
            waiting.extend(reversed(node))
