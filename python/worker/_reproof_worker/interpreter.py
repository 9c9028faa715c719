"""What only the interpreter knows of itself: where it looks for packages, how it was built, what it was told."""

import os
import platform
import struct
import sys
import sysconfig

from . import frameworks


def describe(imported):
    """Facts for the parent, which reads the folders of packages itself. With `imported`, the frameworks that are
    installed are imported first, to see which native libraries they load and what they say of them."""
    facts, problems = frameworks.facts() if imported else ({}, [])
    return {
        "executable": sys.executable or "",
        "implementation": sys.implementation.name,
        "version": platform.python_version(),
        "build": " ".join(part for part in (*platform.python_build(), platform.python_compiler()) if part),
        "platform": sysconfig.get_platform(),
        "abi": sysconfig.get_config_var("SOABI") or "{}-bit".format(8 * struct.calcsize("P")),
        "libc": " ".join(part for part in platform.libc_ver() if part),
        "prefixes": sorted({sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}),
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "path": _path(),
        "flags": _flags(),
        "facts": facts,
        "problems": problems,
        "libraries": libraries() if imported else [],
    }


def _path():
    """Where packages are looked for, without the worker's own folder."""
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folders = [os.path.abspath(entry) for entry in sys.path if entry]
    return [entry for entry in dict.fromkeys(folders) if entry != own and os.path.isdir(entry) and _is_text(entry)]


def _is_text(path):
    """Whether a path can be told: the channel carries text, and a name of other bytes has none."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _flags():
    """Switches of the interpreter that are not as usual."""
    usual = {"hash_randomization": 1, "int_max_str_digits": 4300, "utf8_mode": 1, "dont_write_bytecode": 1, "gil": 1}
    names = [name for name in dir(sys.flags) if not name.startswith(("_", "n_")) and name not in ("count", "index")]
    found = {name: getattr(sys.flags, name) for name in names}
    return {name: str(int(value)) for name, value in found.items() if int(value) not in (usual.get(name, 0), -1)}


def libraries():
    """The native libraries in this process's memory, where the system tells."""
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
            fields = [line.rstrip("\n").split(None, 5) for line in maps]
    except OSError:
        return []
    paths = {field[5] for field in fields if len(field) == 6 and field[5].startswith("/")}
    native = {path for path in paths if ".so" in os.path.basename(path) or os.path.basename(path).startswith("ld-")}
    # What was deleted since cannot be read.
    return sorted(path for path in native if not path.endswith(" (deleted)"))


def imported():
    """The modules of installed packages, of the standard library and of this program, in the order of their import."""
    folders = (sys.prefix, sys.base_prefix, os.path.dirname(os.path.abspath(__file__)))
    inside = tuple(os.path.realpath(folder) + os.sep for folder in folders)
    found = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name != "__main__" and isinstance(file, str) and os.path.realpath(file).startswith(inside):
            found.append(name)
    return found
