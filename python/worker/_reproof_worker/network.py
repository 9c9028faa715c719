"""Cuts the network off, where the system lets a process give it up by itself.

On Linux a seccomp filter refuses every socket that is not local to the machine's kernel: `socket` for any family but
AF_UNIX and AF_NETLINK, and io_uring, which could make sockets past the filter. It needs no privilege, holds for
everything that is started from here, and cannot be taken back.
"""

import ctypes
import errno
import platform
import struct
import sys

_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2

_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000

# Of `struct seccomp_data`: the number, the architecture, the low half of the first argument.
_NUMBER, _ARCHITECTURE, _FIRST = 0, 4, 16

# Audit architecture, number of `socket`; `io_uring_setup` is 425 everywhere.
_MACHINES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
_IO_URING_SETUP = 425
# Calls of the x32 interface share the architecture and have this bit.
_X32 = 0x40000000

_AF_UNIX, _AF_NETLINK = 1, 16


def deny():
    """`denied` or `unavailable`."""
    machine = _MACHINES.get(platform.machine())
    if not sys.platform.startswith("linux") or machine is None or ctypes.sizeof(ctypes.c_void_p) != 8:
        return "unavailable"
    try:
        return "denied" if _install(_filter(*machine)) else "unavailable"
    except (OSError, AttributeError):
        return "unavailable"


def _filter(architecture, socket):
    load = lambda offset: (0x20, 0, 0, offset)
    equal = lambda value, yes, no: (0x15, yes, no, value)
    at_least = lambda value, yes, no: (0x35, yes, no, value)
    give = lambda value: (0x06, 0, 0, value)
    # Jumps count the instructions to skip.
    return [
        load(_ARCHITECTURE),
        equal(architecture, 0, 9),
        load(_NUMBER),
        at_least(_X32, 7, 0),
        equal(_IO_URING_SETUP, 7, 0),
        equal(socket, 0, 4),
        load(_FIRST),
        equal(_AF_UNIX, 2, 0),
        equal(_AF_NETLINK, 1, 0),
        give(_ERRNO | errno.ENETUNREACH),
        give(_ALLOW),
        give(_ERRNO | errno.EPERM),
        give(_ERRNO | errno.ENOSYS),
    ]


def _install(instructions):
    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]

    packed = b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
    program = Program(len(instructions), packed)
    control = ctypes.CDLL(None, use_errno=True).prctl
    zero = ctypes.c_ulong(0)
    if control(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero) != 0:
        return False
    return control(_PR_SET_SECCOMP, ctypes.c_ulong(_SECCOMP_MODE_FILTER), ctypes.byref(program), zero, zero) == 0
