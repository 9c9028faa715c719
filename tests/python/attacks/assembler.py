"""Assembles pickles from values, without the module `pickle`."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

STOP = b"."
STRINGS_8_BITS, TEXT_OPCODES = 4, 0
"""Protocols with short strings and `STACK_GLOBAL`, and with text only."""


@dataclass(frozen=True)
class Code:
    """Opcodes that leave one value on the stack."""

    content: bytes


Value = (
    None | bool | int | float | str | bytes | tuple["Value", ...] | list["Value"] | Code
)


def dictionary(items: Iterable[tuple[Value, Value]], protocol: int) -> Code:
    """A dict, whose keys may repeat."""
    flat = b"".join(value(part, protocol) for item in items for part in item)
    if protocol == TEXT_OPCODES:
        return Code(b"(" + flat + b"d")
    return Code(b"}(" + flat + b"u")


def integer(item: int, protocol: int) -> bytes:
    """An int in the shortest form of the protocol."""
    if protocol == TEXT_OPCODES:
        return f"I{item}\n".encode() if abs(item) < 1 << 31 else f"L{item}L\n".encode()
    if 0 <= item < 1 << 8:
        return b"K" + bytes([item])
    if -(1 << 31) <= item < 1 << 31:
        return b"J" + struct.pack("<i", item)
    length = item.bit_length() // 8 + 1
    return b"\x8a" + bytes([length]) + item.to_bytes(length, "little", signed=True)


def string(item: str, protocol: int) -> bytes:
    """Text; none that is used here needs escapes in protocol 0."""
    data = item.encode()
    if protocol == TEXT_OPCODES:
        return b"V" + data + b"\n"
    if protocol >= STRINGS_8_BITS and len(data) < 1 << 8:
        return b"\x8c" + bytes([len(data)]) + data
    return b"X" + struct.pack("<I", len(data)) + data


def binary(item: bytes, protocol: int) -> bytes:
    """Bytes, in protocols before 3 as the call that Python writes."""
    if protocol >= 3:
        return b"B" + struct.pack("<I", len(item)) + item
    if protocol == TEXT_OPCODES:
        escaped = "".join(f"\\u{byte:04x}" for byte in item).encode()
        text = Code(b"V" + escaped + b"\n")
    else:
        text = Code(string(item.decode("latin-1"), protocol))
    return call("_codecs encode", (text, "latin1"), protocol).content


def value(item: Value, protocol: int) -> bytes:
    """The opcodes of any value."""
    if isinstance(item, Code):
        return item.content
    if item is None:
        return b"N"
    if isinstance(item, bool):
        return (b"I00\n", b"I01\n")[item] if protocol < 2 else (b"\x89", b"\x88")[item]
    if isinstance(item, int):
        return integer(item, protocol)
    if isinstance(item, float):
        return (
            f"F{item!r}\n".encode() if protocol == 0 else b"G" + struct.pack(">d", item)
        )
    if isinstance(item, str):
        return string(item, protocol)
    if isinstance(item, bytes):
        return binary(item, protocol)
    inner = b"".join(value(part, protocol) for part in item)
    if isinstance(item, tuple):
        return b"(" + inner + b"t"
    return b"(" + inner + b"l" if protocol == TEXT_OPCODES else b"](" + inner + b"e"


def name_of(dotted: str) -> tuple[str, str]:
    """Module and name of `module name`; both may hold anything but a space."""
    module, _, name = dotted.partition(" ")
    return module, name


def glob(dotted: str, protocol: int) -> Code:
    """A global by `module name`, in the protocol's own way."""
    module, name = name_of(dotted)
    if protocol >= STRINGS_8_BITS:
        return stack_global(module, name, protocol)
    return Code(f"c{module}\n{name}\n".encode())


def stack_global(module: Value, name: Value, protocol: int = 4) -> Code:
    """A global from two strings on the stack."""
    return Code(value(module, protocol) + value(name, protocol) + b"\x93")


def apply(function: Code, arguments: tuple[Value, ...], protocol: int) -> Code:
    """A call of whatever is on the stack."""
    return Code(function.content + value(arguments, protocol) + b"R")


def call(dotted: str, arguments: tuple[Value, ...], protocol: int) -> Code:
    """A call of a global."""
    return apply(glob(dotted, protocol), arguments, protocol)


def instance(dotted: str, state: Value, protocol: int) -> Code:
    """An object of a class with a state: what Python writes for most objects."""
    made = glob(dotted, protocol).content + b")\x81"
    return Code(made + value(state, protocol) + b"b")


def program(result: Value, protocol: int, *, frame: bool = True) -> bytes:
    """A whole pickle."""
    body = value(result, protocol) + STOP
    head = b"\x80" + bytes([protocol]) if protocol >= 2 else b""
    if protocol >= STRINGS_8_BITS and frame:
        head += b"\x95" + struct.pack("<Q", len(body))
    return head + body


def payload(protocol: int = 2) -> Code:
    """The call that most files carry."""
    return call("os system", ("echo never",), protocol)


def hostile_pickle(protocol: int = 2) -> bytes:
    """A whole pickle of nothing but the call."""
    return program(payload(protocol), protocol)
