"""Taps of ONNX: the values of a graph by their names, as more outputs of the same model.

Engines fuse operators whose values nobody asks for. With taps they fuse less, so that a last bit may differ.
"""

# Fields of ModelProto, GraphProto and NodeProto.
_GRAPH, _NODE, _OUTPUT = 7, 1, 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_KIND = 1, 2, 4
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def steps(model):
    """The nodes of the outermost graph: kind, names of what each takes, names of what it gives."""
    found = []
    for field, content in _fields(model):
        if field != _GRAPH:
            continue
        for inner, node in _fields(content):
            if inner == _NODE:
                parts = list(_fields(node))
                texts = lambda wanted: [bytes(part).decode() for number, part in parts if number == wanted]
                kind = (texts(_NODE_KIND) or ["?"])[0]
                found.append((kind, texts(_NODE_INPUT), [name for name in texts(_NODE_OUTPUT) if name]))
    return found


def with_outputs(model, names):
    """The model with more outputs: a second graph in the same file is merged into the first by every reader."""
    added = b"".join(_field(_OUTPUT, _field(1, name.encode())) for name in names)
    return bytes(model) + _field(_GRAPH, added)


def _field(number, content):
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _varint(number):
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(found) + bytes([number])


def _fields(content):
    """The numbers of fields with their bytes; those of numbers are passed over."""
    content, place = memoryview(content), 0

    def varint():
        nonlocal place
        number = shift = 0
        while True:
            byte = content[place]
            place += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    while place < len(content):
        key = varint()
        kind = key & 7
        if kind == _VARINT:
            varint()
        elif kind == _FIXED64:
            place += 8
        elif kind == _FIXED32:
            place += 4
        elif kind == _BYTES:
            length = varint()
            yield key >> 3, content[place : place + length]
            place += length
        else:
            raise ValueError("a field of the kind {}".format(kind))
