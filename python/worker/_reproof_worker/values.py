"""Trees of values: read from a case's folder, written for the parent.

A leaf is a tensor, a text, a number, a truth value or nothing; branches are lists and dictionaries. What a framework
calls its tensors is the adapter's affair: it turns a `Raw` into its own kind (`take`) and back (`give`).
"""

import collections.abc
import dataclasses
import json
import os

from . import raw
from .failure import Unsupported

# As deep as the parent reads.
_DEPTH = 30

_REAL = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def read(folder, take):
    """The named inputs in `folder`, in order."""
    with open(os.path.join(folder, "inputs.json"), encoding="utf-8") as file:
        document = json.load(file)
    tensors = raw.read(os.path.join(folder, "inputs.safetensors"))

    def value(node):
        if node == "optional":
            return None
        ((kind, content),) = node.items()
        if kind == "tensor":
            return take(tensors[content["key"]])
        if kind == "strings":
            return _shaped(content["values"], content["shape"])
        if kind == "sequence":
            return [value(item) for item in content]
        if kind == "map":
            return {_key(key): value(item) for key, item in content}
        if kind == "optional":
            return None if content is None else value(content)
        if kind == "integer":
            return int(content)
        if kind == "real":
            return float(_REAL.get(content, content))
        return content

    return [(named["name"], value(named["value"])) for named in document["values"]]


def _key(node):
    return int(node["integer"]) if "integer" in node else node["text"]


def _shaped(texts, shape):
    """Texts as nested lists."""
    if len(shape) <= 1:
        return texts if shape else texts[0]
    rows, inner = shape[0], shape[1:]
    length = len(texts) // rows if rows else 0
    return [_shaped(texts[row * length : (row + 1) * length], inner) for row in range(rows)]


def write(folder, outputs, give):
    """Writes what a model gave as `outputs.json` and `outputs.safetensors` in `folder`."""
    tensors = {}

    def node(path, value, depth):
        if depth > _DEPTH:
            raise Unsupported("outputs nested deeper than {} levels".format(_DEPTH), "return fewer levels")
        if value is None:
            return {"optional": None}
        if isinstance(value, bool):
            return {"boolean": value}
        if isinstance(value, int) and type(value) is int:
            return {"integer": str(value)}
        if isinstance(value, float) and type(value) is float:
            return {"real": value if value - value == 0 else special(value)}
        if isinstance(value, str):
            return {"text": str(value)}
        leaf = give(value)
        if isinstance(leaf, raw.Raw):
            key = path
            while key in tensors or key == "__metadata__":
                key += "#"
            tensors[key] = leaf
            return {"tensor": {"key": key}}
        if leaf is not None:
            return leaf
        items = entries(value)
        if items is not None:
            return {"map": [[_key_node(key), node("{}.{}".format(path, key), item, depth + 1)] for key, item in items]}
        if isinstance(value, (list, tuple)):
            return {"sequence": [node("{}[{}]".format(path, i), item, depth + 1) for i, item in enumerate(value)]}
        raise unknown(value)

    nodes = [{"name": name, "value": node(name, value, 1)} for name, value in named(outputs)]
    raw.write(os.path.join(folder, "outputs.safetensors"), tensors)
    with open(os.path.join(folder, "outputs.json"), "w", encoding="utf-8") as file:
        json.dump({"values": nodes}, file, allow_nan=False)


def unknown(value):
    kind = type(value)
    return Unsupported(
        "an output of the type {}.{}, which is neither a tensor nor a list, a dictionary, a text or a number".format(
            kind.__module__, kind.__qualname__
        ),
        "wrap the model with --loader so that it returns tensors",
    )


def special(value):
    return "NaN" if value != value else ("Infinity" if value > 0 else "-Infinity")


def _key_node(key):
    return {"integer": str(key)} if isinstance(key, int) else {"text": str(key)}


def entries(value):
    """The entries of what is a dictionary in one dress or another."""
    if isinstance(value, collections.abc.Mapping):
        return list(value.items())
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return list(zip(value._fields, value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
    return None


def named(outputs):
    """Names for what a model returned: its own where it has them."""
    items = entries(outputs)
    if items:
        return [(str(key), value) for key, value in items]
    if isinstance(outputs, (list, tuple)):
        return [("output_{}".format(index), value) for index, value in enumerate(outputs)]
    return [("output", outputs)]
