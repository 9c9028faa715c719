"""Files that look dangerous and are not."""

from .assembler import Code, Value, apply, call, dictionary, glob, instance, program
from .record import Record
from .tensors import FLOATS, state, tensor
from .zips import torch_zip

FAMILY = "benign"


def values(protocol: int) -> dict[str, Value]:
    """What checkpoints hold besides tensors."""
    builtins = "__builtin__" if protocol < 3 else "builtins"
    registry = "copy_reg" if protocol < 3 else "copyreg"
    float64 = call("numpy dtype", ("f8", False, True), protocol)
    reconstructed = call(
        f"{registry} _reconstructor",
        (
            glob("argparse Namespace", protocol),
            glob(f"{builtins} object", protocol),
            None,
        ),
        protocol,
    )
    settings = dictionary([("rate", 0.01), ("name", "os.system")], protocol)
    return {
        "ordered-dict": call("collections OrderedDict", ([("a", 1)],), protocol),
        "counter": call(
            "collections Counter", (dictionary([("a", 2)], protocol),), protocol
        ),
        "default-list": call(
            "collections defaultdict", (glob(f"{builtins} list", protocol),), protocol
        ),
        "default-dict": call(
            "collections defaultdict", (glob(f"{builtins} dict", protocol),), protocol
        ),
        "deque": call("collections deque", ([1, 2], 5), protocol),
        "set": call(f"{builtins} set", ([1, 2],), protocol),
        "frozenset": call(f"{builtins} frozenset", ([1, 2],), protocol),
        "complex": call(f"{builtins} complex", (1.0, 2.0), protocol),
        "slice": call(f"{builtins} slice", (1, 2, None), protocol),
        "bytes": b"os\nsystem\n",
        "numpy-scalar": call(
            "numpy._core.multiarray scalar", (float64, bytes(8)), protocol
        ),
        "numpy-scalar-old": call(
            "numpy.core.multiarray scalar", (float64, bytes(8)), protocol
        ),
        "numpy-type": glob("numpy float32", protocol),
        "datetime": call(
            "datetime datetime", (bytes([7, 232, 1, 2, 3, 4, 5, 0, 0, 0]),), protocol
        ),
        "timedelta": call("datetime timedelta", (1, 2, 3), protocol),
        "decimal": call("decimal Decimal", ("1.5",), protocol),
        "fraction": call("fractions Fraction", ("1/3",), protocol),
        "uuid": instance(
            "uuid UUID", dictionary([("int", 1 << 100)], protocol), protocol
        )
        if protocol >= 2
        else None,
        "namespace": Code(reconstructed.content + settings.content + b"b"),
        "path": call("pathlib PosixPath", ("/", "tmp", "never"), protocol),
        "pure-path": call("pathlib PurePosixPath", ("never",), protocol),
        "torch-size": call("torch Size", ((1, 2),), protocol),
        "torch-device": call("torch device", ("cuda", 0), protocol),
        "torch-dtype": glob("torch float32", protocol),
        "words": [
            "os.system",
            "eval",
            "__import__('os')",
            "subprocess Popen",
            "cos\tsystem",
        ],
        "key-words": dictionary(
            [("eval", 1), ("exec", 2), ("__reduce__", 3), ("os", "system")], protocol
        ),
    }


def write(record: Record) -> None:
    """Writes all of them."""
    for protocol in (0, 2, 4, 5):
        for name, item in values(protocol).items():
            content = program(item, protocol)
            needs = "nothing dangerous"
            record.clean(FAMILY, f"{name}-protocol-{protocol}.pkl", content, needs)
    record.clean(
        FAMILY,
        "framed-twice.pkl",
        program("a", 4)[:-1] + b"\x95\x02" + bytes(7) + b"0N.",
        "nothing dangerous",
    )
    record.clean(
        FAMILY,
        "state.pt",
        torch_zip(state(tensor()), {"0": FLOATS}),
        "nothing dangerous",
    )
    enum = apply(glob("my_training.settings Precision", 4), (1,), 4)
    content = program(enum, 4)
    needs = "a class of an unlisted package: reported as such, not as an attack"
    record.bounded(FAMILY, "own-enum.pkl", content, needs)
    own = instance("my_training.model Net", dictionary([("training", True)], 4), 4)
    record.bounded(FAMILY, "own-class.pkl", program(own, 4), needs)
