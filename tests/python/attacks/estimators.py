"""Pickles for whoever unpickles estimators: each would run a program, write a file or crash, past a careless list of
what is harmless. `{}` in a text is where a sign would appear if it worked."""

from .assembler import Code, Value, apply, call, dictionary, glob, instance, program, stack_global

TOUCH = "touch {}"


def pickles() -> dict[str, bytes]:
    """Whole pickles by name; a dot in what they name leads from one module to another."""
    four: dict[str, Value] = {
        "system": call("os system", (TOUCH,), 4),
        "evaluated": call("builtins eval", ("open('{}', 'w')",), 4),
        "through numpy": call("numpy ctypeslib.ctypes.CDLL", ("{}",), 4),
        "through numpy's testing": call("numpy testing._private.utils.os.system", (TOUCH,), 4),
        "through scikit-learn": call("sklearn.base inspect.os.system", (TOUCH,), 4),
        "a module of scikit-learn": glob("sklearn.base inspect", 4),
        "a function of scikit-learn": call("sklearn.datasets load_files", ("/",), 4),
        "a function of its tests": call("sklearn.utils._testing check_skip_network", (), 4),
        "a file as an array": call("numpy memmap", ("{}", "uint8", "w+", 0, (1,)), 4),
        "an array written": call("numpy save", ("{}", 1), 4),
        "wrapped by numpy": call("numpy vectorize", ("posix.system",), 4),
        "an attribute": call("builtins getattr", (glob("builtins list", 4), "__class__"), 4),
        "a partial call": apply(call("functools partial", (glob("os system", 4), TOUCH), 4), (), 4),
        "a transformer of a function": instance(
            "sklearn.preprocessing FunctionTransformer",
            dictionary([("func", glob("os system", 4)), ("validate", False)], 4),
            4,
        ),
        "another codec": call("_codecs encode", ("text", "zlib"), 4),
        "joblib itself": call("joblib load", ("{}",), 4),
        "a wrapped array of objects": stack_global("joblib.numpy_pickle", "NumpyArrayWrapper.read"),
        "a tree that leads out of itself": tree(7, 1),
        "a tree that leads back": tree(0, 1),
    }
    whole = {name: program(value, 4) for name, value in four.items()}
    for protocol in (0, 2):
        whole[f"system, protocol {protocol}"] = program(call("os system", (TOUCH,), protocol), protocol)
    whole["system, by the name of Python 2"] = program(call("commands getoutput", (TOUCH,), 2), 2)
    whole["an instance"] = b"(V" + TOUCH.encode() + b"\nios\nsystem\n."
    whole["an object"] = b"(" + glob("os system", 2).content + b"V" + TOUCH.encode() + b"\no."
    whole["an extension"] = b"\x80\x02\x82\x01."
    whole["a name elsewhere"] = b"Pos.system\n."
    return whole


def tree(left: int, right: int) -> Code:
    """A decision tree of three nodes, the first with these children, as bytes of numpy's own layout."""
    import numpy

    names = ("left_child", "right_child", "feature", "threshold", "impurity", "n_node_samples")
    names += ("weighted_n_node_samples", "missing_go_to_left")
    kinds = ("<i8", "<i8", "<i8", "<f8", "<f8", "<i8", "<f8", "u1")
    layout = numpy.dtype({"names": list(names), "formats": list(kinds), "itemsize": 64})
    nodes = numpy.zeros(3, layout)
    nodes["left_child"], nodes["right_child"] = (left, -1, -1), (right, -1, -1)
    nodes["feature"] = (0, -2, -2)
    state = [
        ("max_depth", 1),
        ("node_count", 3),
        ("nodes", array(nodes)),
        ("values", array(numpy.zeros((3, 1, 1)))),
    ]
    made = call("sklearn.tree._tree Tree", (1, array(numpy.ones(1, "<i8")), 1), 4)
    return Code(made.content + dictionary(state, 4).content + b"b")


def array(content) -> Code:
    """An array: its pickle by numpy, without head and end."""
    import pickle

    return Code(pickle.dumps(content, protocol=2)[2:-1])
