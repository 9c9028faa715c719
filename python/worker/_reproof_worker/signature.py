"""What a file is, by its bytes: the model formats of Python's frameworks. The name of a file decides nothing here."""

import os
import zipfile

# Bytes that are looked at from the start.
_HEAD = 4096

# Fields of an ONNX model at its top level, and that of its graph.
_ONNX_FIELDS = (1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26)
_ONNX_GRAPH = 7


def kind(path):
    """The adapter that a file needs, or nothing."""
    with open(path, "rb") as file:
        start = file.read(_HEAD)
        if start.startswith(b"PK"):
            return _zip(path)
        if start.startswith(b"\x89HDF\r\n\x1a\n"):
            return "keras"
        if start[4:8] == b"TFL3":
            return "tflite"
        if _is_legacy_torch(start):
            return "torch"
        if start[:1] == b"{" and b"learner" in start:
            # A document of JSON, or of UBJSON, which writes the length of each name before it.
            return "xgboost"
        if start.startswith((b"tree\nversion=", b"tree\r\nversion=")):
            return "lightgbm"
        if _is_msgpack(start):
            return "flax"
        return "onnxruntime" if _is_onnx(file) else None


def _is_legacy_torch(start):
    # `torch.save` before 1.6 begins with a pickle of its magic number.
    return start[:1] == b"\x80" and b"\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19" in start[:64]


def _zip(path):
    try:
        with zipfile.ZipFile(path) as archive:
            whole = set(archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return None
    if "config.json" in whole and ("model.weights.h5" in whole or "metadata.json" in whole):
        return "keras"
    if "schema.json" in whole:
        return "skops"
    # torch puts everything into a folder of any name.
    names = {name.partition("/")[2] for name in whole}
    if "constants.pkl" in names:
        return "torchscript"
    if "archive_format" in names or "serialized_exported_program.json" in names or "models/model.json" in names:
        return "torch-export"
    return "torch" if "data.pkl" in names else None


def _is_msgpack(start):
    """Whether a dictionary with a text as its first key begins here, and a dictionary, list or array is in it."""
    first = start[:1]
    if b"\x81" <= first <= b"\x8f":
        at = 1
    elif first == b"\xde":
        at = 3
    else:
        return False
    mark = start[at : at + 1]
    if b"\xa1" <= mark <= b"\xbf":
        length, at = mark[0] & 0x1F, at + 1
    elif mark == b"\xd9":
        length, at = start[at + 1 : at + 2][0] if len(start) > at + 1 else 0, at + 2
    else:
        return False
    key = start[at : at + length]
    # A text of printable characters; only then is it no coincidence.
    return len(key) == length > 0 and all(0x20 < byte < 0x7F for byte in key) and len(start) > at + length


def _is_onnx(file):
    """Whether the file is one protobuf message with the fields of an ONNX model, its graph among them."""
    end = file.seek(0, os.SEEK_END)
    at, found = 0, False
    while at < end:
        tag, at = _varint(file, at)
        field, wire = tag >> 3, tag & 7
        if field not in _ONNX_FIELDS or wire not in (0, 2):
            return False
        number, at = _varint(file, at)
        if number < 0:
            return False
        if wire == 2:
            at += number
        found = found or (field == _ONNX_GRAPH and wire == 2)
    return found and at == end


def _varint(file, at):
    """The number at an offset and the offset after it; -1 where there is none."""
    file.seek(at)
    number = 0
    for index, byte in enumerate(file.read(10)):
        number |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return number, at + index + 1
    return -1, at + 10
