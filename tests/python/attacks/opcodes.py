"""Other ways to name and to call, and tricks to hide them."""

from .assembler import Code, apply, call, glob, payload, program, stack_global, string
from .record import Record

FAMILY = "opcode"
ECHO = b"X\x0a\x00\x00\x00echo never"
SYSTEM = b"cos\nsystem\n"
WALKS = (
    ("os", "path.os.system"),
    ("torch", "os.system"),
    ("torch.serialization", "os.system"),
    ("collections", "_sys.modules.get"),
    ("collections", "OrderedDict.__reduce_ex__.__self__.__class__"),
    ("argparse", "_os.popen"),
    ("pathlib", "os.system"),
    ("numpy", "core._internal.ast.sys.modules"),
    ("builtins", "__dict__.get"),
    ("datetime", "sys.modules.pop"),
    ("torch._utils", "importlib.import_module"),
    ("random", "_os.system"),
)
"""Harmless modules with names that walk to something else."""


def raw_programs() -> dict[str, tuple[bytes, str]]:
    """Whole pickles by name, each with what must be found."""
    system = "call of os system"
    return {
        "inst": (b"(S'echo never'\nios\nsystem\n.", "INST of os system"),
        "inst-no-arguments": (b"(ios\nabort\n.", "INST of os abort"),
        "obj": (b"(" + SYSTEM + ECHO + b"o.", "OBJ of os system"),
        "newobj": (b"\x80\x02" + SYSTEM + ECHO + b"\x85\x81.", "NEWOBJ of os system"),
        "newobj-ex": (
            b"\x80\x04\x8c\x02os\x8c\x06system\x93" + ECHO + b"\x85}\x92.",
            "NEWOBJ_EX of os system",
        ),
        "build-setstate": (
            b"\x80\x02ctorch.nn.modules.module\nModule\n)\x81}X\x0c\x00\x00\x00__setstate__"
            + SYSTEM
            + b"sb"
            + ECHO
            + b"b.",
            "os system put in place of __setstate__, then BUILD",
        ),
        "build-reduce-class": (
            b"\x80\x02c__main__\nAny\n)\x81}X\x09\x00\x00\x00__class__"
            + SYSTEM
            + b"sb.",
            "os system set as an attribute by BUILD",
        ),
        "ext1": (
            b"\x80\x02\x82\x01)R.",
            "EXT1: a class from a registry outside the file",
        ),
        "ext2": (b"\x80\x02\x83\x01\x02)R.", "EXT2"),
        "ext4": (b"\x80\x02\x84\x01\x02\x03\x04)R.", "EXT4"),
        "persistent-id": (b"Pos.system\n" + b"0" + SYSTEM + ECHO + b"\x85R.", system),
        "reduce-in-list": (b"](" + SYSTEM + ECHO + b"\x85Re.", system),
        "reduce-in-key": (b"}(" + SYSTEM + ECHO + b"\x85RNu.", system),
        "reduce-then-pop": (SYSTEM + ECHO + b"\x85R0N.", system + ", result dropped"),
        "pop-mark": (b"(" + SYSTEM + ECHO + b"\x85R1N.", system + ", result dropped"),
        "global-after-pop": (
            b"N0" + b"ccollections\nOrderedDict\n0" + SYSTEM + ECHO + b"\x85R.",
            system,
        ),
        "dup": (SYSTEM + b"2" + ECHO + b"\x85R.", system),
        "no-proto": (SYSTEM + ECHO + b"\x85R.", system),
        "proto-twice": (
            b"\x80\x02\x80\x02" + SYSTEM + b"\x80\x02" + ECHO + b"\x85R.",
            system,
        ),
        "proto-late": (SYSTEM + b"\x80\x04" + ECHO + b"\x85R.", system),
        "memo-of-function": (SYSTEM + b"q\x050h\x05" + ECHO + b"\x85R.", system),
        "memo-text-index": (SYSTEM + b"p9999\n0g9999\n" + ECHO + b"\x85R.", system),
        "memo-overwritten": (
            b"ccollections\nOrderedDict\nq\x010"
            + SYSTEM
            + b"q\x010h\x01"
            + ECHO
            + b"\x85R.",
            system,
        ),
        "memoize-after-put": (
            b"\x80\x04Nq\x030Nq\x070"
            + SYSTEM
            + b"\x940j\x02\x00\x00\x00"
            + ECHO
            + b"\x85R.",
            system + ", memoised under the number of entries so far",
        ),
        "memo-names": (
            b"\x80\x04\x8c\x02os\x94\x8c\x06system\x9400h\x00h\x01\x93"
            + ECHO
            + b"\x85R.",
            system + ", its names taken from the memo",
        ),
        "memo-name-swapped": (
            b"\x80\x04\x8c\x04safe\x940\x8c\x02osq\x000h\x00\x8c\x06system\x93"
            + ECHO
            + b"\x85R.",
            system + ", its module overwritten in the memo",
        ),
        "name-under-other-string": (
            b"\x80\x04\x8c\x02os\x8c\x06system\x8c\x0bcollections0\x93"
            + ECHO
            + b"\x85R.",
            system + ", another string between",
        ),
        "names-by-dup": (
            b"\x80\x04\x8c\x0aprofile.os2\x93" + ECHO + b"\x85R.",
            "one string as module and name",
        ),
        "names-from-tuple": (
            b"\x80\x04\x8c\x02os\x8c\x06system\x86\x940\x8c\x02os\x8c\x06system\x93"
            + ECHO
            + b"\x85R.",
            system,
        ),
        "names-as-old-strings": (
            b"\x80\x04U\x02osU\x06system\x93" + ECHO + b"\x85R.",
            system,
        ),
        "names-as-long-strings": (
            b"\x80\x04X\x02\x00\x00\x00os\x8d\x06\x00\x00\x00\x00\x00\x00\x00system\x93"
            + ECHO
            + b"\x85R.",
            system,
        ),
        "names-as-escapes": (
            b"\x80\x04V\\u006f\\u0073\nV\\u0073ystem\n\x93" + ECHO + b"\x85R.",
            system,
        ),
        "name-computed": (
            b"\x80\x04cbuiltins\nstr\n\x8c\x02os\x85R\x8c\x06system\x93"
            + ECHO
            + b"\x85R.",
            "a module that is the result of a call",
        ),
        "module-whitespace": (
            b"c os \n system\n" + ECHO + b"\x85R.",
            "an unusual module name",
        ),
        "module-carriage-return": (
            b"cos\r\nsystem\r\n" + ECHO + b"\x85R.",
            "an unusual module name",
        ),
        "module-tab": (
            b"\x80\x04\x8c\x03os\t\x8c\x06system\x93" + ECHO + b"\x85R.",
            "an unusual module name",
        ),
        "module-empty": (
            b"\x80\x04\x8c\x00\x8c\x06system\x93" + ECHO + b"\x85R.",
            "an empty module name",
        ),
        "module-newline": (
            b"\x80\x04\x8c\x05os\n.x\x8c\x06system\x93" + ECHO + b"\x85R.",
            "an unusual module name",
        ),
        "module-null": (
            b"\x80\x04\x8c\x03os\x00\x8c\x06system\x93" + ECHO + b"\x85R.",
            "an unusual module name",
        ),
        "module-fullwidth": (
            b"\x80\x04" + string("ｏｓ", 4) + b"\x8c\x06system\x93" + ECHO + b"\x85R.",
            "a name that only looks like another",
        ),
        "module-relative": (
            b"\x80\x04\x8c\x03.os\x8c\x06system\x93" + ECHO + b"\x85R.",
            "an unusual module name",
        ),
        "module-unknown": (
            b"cmalicious_package\nConfig\n)R.",
            "call of an unlisted package",
        ),
        "main-function": (b"c__main__\nrun\n)R.", "call of a function of __main__"),
    }


def chains() -> dict[str, tuple[Code, str]]:
    """Protocol 4: values that only become dangerous step by step."""
    get = glob("builtins getattr", 4)
    module = call("importlib import_module", ("os",), 4)
    system = apply(get, (module, "system"), 4)
    caller = call("operator methodcaller", ("system", "echo never"), 4)
    partial = call("functools partial", (glob("os system", 4), "echo never"), 4)
    modules = stack_global("sys", "modules.get")
    return {
        "getattr-chain": (apply(system, ("echo never",), 4), "builtins getattr"),
        "methodcaller": (apply(caller, (module,), 4), "operator methodcaller"),
        "partial": (apply(partial, (), 4), "functools partial of os system"),
        "modules-get": (apply(modules, ("os",), 4), "a walk to sys.modules"),
        "default-factory": (
            call("collections defaultdict", (glob("os abort", 4),), 4),
            "os abort as a default factory",
        ),
        "map-consumed": (
            call(
                "builtins list",
                (call("builtins map", (glob("os system", 4), ["echo never"]), 4),),
                4,
            ),
            "os system handed to map",
        ),
        "rebuild-from-type": (
            call(
                "torch._tensor _rebuild_from_type_v2",
                (glob("os system", 4), None, ("echo never",), None),
                4,
            ),
            "os system called by a function of torch",
        ),
        "sparse-hook": (
            call(
                "torch._utils _rebuild_tensor_v2",
                (payload(4), 0, (), (), False, None),
                4,
            ),
            "os system among the arguments of a tensor",
        ),
        "numpy-reconstruct": (
            call(
                "numpy._core.multiarray _reconstruct",
                (glob("subprocess Popen", 4), (0,), b"b"),
                4,
            ),
            "subprocess Popen in place of a class",
        ),
        "copyreg": (
            call(
                "copyreg _reconstructor",
                (glob("subprocess Popen", 4), glob("builtins object", 4), None),
                4,
            ),
            "subprocess Popen in place of a class",
        ),
    }


def write(record: Record) -> None:
    """Writes all of them."""
    for name, (content, needs) in raw_programs().items():
        odd = name.startswith(("module-", "ext"))
        save = record.flagged if odd else record.dangerous
        save(FAMILY, f"{name}.pkl", content, needs)
    for name, (code, needs) in chains().items():
        record.dangerous(FAMILY, f"{name}.pkl", program(code, 4), needs)
    for index, (module, name) in enumerate(WALKS):
        walk = apply(stack_global(module, name), ("echo never",), 4)
        needs = f"a walk: {module} {name}"
        record.dangerous(FAMILY, f"walk-{index}.pkl", program(walk, 4), needs)
        # The same with `GLOBAL`, where protocol 4 allows the dots as well.
        code = Code(f"c{module}\n{name}\n".encode() + ECHO + b"\x85R")
        content = program(code, 4)
        record.dangerous(FAMILY, f"walk-{index}-global.pkl", content, needs)
