"""Recomputes Reproof's digests without any of Reproof's code.

Standard library only, BLAKE3 included, so that an auditor can read everything that
decides the result. It is slow (about 1 MB/s) on purpose: there is nothing to trust but
this file. The definitions are in `README.md` beside it.

    python recompute.py check [vectors.json]     checks every frozen vector
    python recompute.py safetensors FILE         digests of a safetensors file
    python recompute.py blob FILE                BLAKE3 of a file, as `b3sum` prints it
"""

import argparse
import json
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# BLAKE3, after the specification's reference implementation in words: chunks of 1024
# bytes, each a chain of 64-byte blocks, are the leaves of a binary tree.

MASK = 0xFFFFFFFF
CHUNK = 1024
BLOCK = 64
CHUNK_START, CHUNK_END, PARENT, ROOT = 1, 2, 4, 8
INITIAL = (
    0x6A09E667,
    0xBB67AE85,
    0x3C6EF372,
    0xA54FF53A,
    0x510E527F,
    0x9B05688C,
    0x1F83D9AB,
    0x5BE0CD19,
)
PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
COLUMNS_AND_DIAGONALS = (
    (0, 4, 8, 12),
    (1, 5, 9, 13),
    (2, 6, 10, 14),
    (3, 7, 11, 15),
    (0, 5, 10, 15),
    (1, 6, 11, 12),
    (2, 7, 8, 13),
    (3, 4, 9, 14),
)

Words = tuple[int, ...]


def rotate(word: int, count: int) -> int:
    """Rotates a 32-bit word right by `count` bits."""
    return (word >> count | word << (32 - count)) & MASK


def mix(state: list[int], indices: Words, x: int, y: int) -> None:
    """Mixes two message words into four words of the state (the quarter round G)."""
    a, b, c, d = indices
    for message, first, second in ((x, 16, 12), (y, 8, 7)):
        state[a] = (state[a] + state[b] + message) & MASK
        state[d] = rotate(state[d] ^ state[a], first)
        state[c] = (state[c] + state[d]) & MASK
        state[b] = rotate(state[b] ^ state[c], second)


def compress(chaining: Words, block: bytes, counter: int, flags: int) -> Words:
    """Compresses up to 64 bytes; the 8 words of the next chaining value."""
    message = struct.unpack("<16I", block.ljust(BLOCK, b"\0"))
    state = [*chaining, *INITIAL[:4], counter & MASK, counter >> 32, len(block), flags]
    for _ in range(7):
        for step, indices in enumerate(COLUMNS_AND_DIAGONALS):
            mix(state, indices, message[2 * step], message[2 * step + 1])
        message = tuple(message[source] for source in PERMUTATION)
    return tuple(state[i] ^ state[i + 8] for i in range(8))


def chunk_value(chunk: bytes, index: int, flags: int) -> Words:
    """The chaining value of the chunk at `index`; `flags` is ROOT or 0."""
    blocks = [chunk[i : i + BLOCK] for i in range(0, len(chunk), BLOCK)] or [b""]
    chaining: Words = INITIAL
    for position, block in enumerate(blocks):
        start = CHUNK_START if position == 0 else 0
        end = CHUNK_END | flags if position == len(blocks) - 1 else 0
        chaining = compress(chaining, block, index, start | end)
    return chaining


def tree_value(content: memoryview, first: int, flags: int) -> Words:
    """The chaining value of a subtree whose leftmost chunk has the index `first`."""
    if len(content) <= CHUNK:
        return chunk_value(bytes(content), first, flags)
    left_chunks = 1 << (((len(content) - 1) // CHUNK).bit_length() - 1)
    left = tree_value(content[: left_chunks * CHUNK], first, 0)
    right = tree_value(content[left_chunks * CHUNK :], first + left_chunks, 0)
    return compress(INITIAL, struct.pack("<16I", *left, *right), 0, PARENT | flags)


def blake3(content: bytes) -> bytes:
    """The 32-byte BLAKE3 hash."""
    return struct.pack("<8I", *tree_value(memoryview(content), 0, ROOT))


# Fields under a domain, and the digests that are made of them.


def number(value: int) -> bytes:
    """An unsigned integer field: 8 little-endian bytes."""
    return struct.pack("<Q", value)


def text(value: str) -> bytes:
    """A text field: the length of its UTF-8 bytes, then the bytes."""
    return number(len(value.encode())) + value.encode()


def domain(name: str, fields: bytes) -> bytes:
    """The 32 bytes of the digest `name` over its concatenated fields."""
    return blake3(b"reproof " + name.encode() + b"\n" + fields)


def tensor(dtype: str, shape: list[int], values: bytes) -> bytes:
    """One tensor from its contiguous little-endian values."""
    dims = number(len(shape)) + b"".join(number(dim) for dim in shape)
    return domain("tensor-v1", text(dtype) + dims + blake3(values))


def layout(segments: Iterable[tuple[str, bytes]]) -> bytes:
    """One file from its segments in order: `literal` or `blob`, and the bytes."""
    listed = list(segments)
    fields = (
        text(kind) + number(len(content)) + blake3(content) for kind, content in listed
    )
    return domain("layout-v1", number(len(listed)) + b"".join(fields))


def named(name: str, tensors: Iterable[tuple[str, bytes]]) -> bytes:
    """Named tensors, from their names and digests: `weights-v1` and `part-v1`."""
    ordered = sorted((title.encode(), digest) for title, digest in tensors)
    fields = (number(len(title)) + title + digest for title, digest in ordered)
    return domain(name, number(len(ordered)) + b"".join(fields))


def values(digests: Iterable[bytes]) -> bytes:
    """Distinct tensors without their names, from their digests."""
    distinct = sorted(set(digests))
    return domain("values-v1", number(len(distinct)) + b"".join(distinct))


def artifact(files: Iterable[tuple[str, int, bytes]]) -> bytes:
    """All files, from their POSIX paths, sizes in bytes and layout digests."""
    ordered = sorted((path.encode(), size, digest) for path, size, digest in files)
    fields = (
        number(len(path)) + path + number(size) + digest
        for path, size, digest in ordered
    )
    return domain("artifact-v1", number(len(ordered)) + b"".join(fields))


def document(name: str, canonical: bytes) -> bytes:
    """A JSON document in canonical bytes: contract, unit of work, environment."""
    return domain(name, number(len(canonical)) + canonical)


# A safetensors file.


@dataclass(frozen=True)
class StoredTensor:
    """A tensor of a safetensors file."""

    name: str
    dtype: str
    shape: list[int]
    start: int
    """First byte, from the start of the file."""
    end: int
    """One past the last byte."""


def read_header(content: bytes) -> list[StoredTensor]:
    """The tensors of a safetensors file, in the order of their bytes."""
    (length,) = struct.unpack_from("<Q", content)
    base = 8 + length
    header: dict[str, Any] = json.loads(content[8:base])
    header.pop("__metadata__", None)
    tensors = []
    for name, entry in header.items():
        start, end = (base + offset for offset in entry["data_offsets"])
        tensors.append(StoredTensor(name, entry["dtype"], entry["shape"], start, end))
    return sorted(tensors, key=lambda stored: (stored.start, stored.end))


def segments_of(
    content: bytes, tensors: list[StoredTensor]
) -> Iterable[tuple[str, bytes]]:
    """Tensors as blobs, whatever lies between them as literals, nothing empty."""
    end = 0
    for stored in tensors:
        if stored.start > end:
            yield "literal", content[end : stored.start]
        if stored.end > stored.start:
            yield "blob", content[stored.start : stored.end]
        end = max(end, stored.end)
    if end < len(content):
        yield "literal", content[end:]


def digest_safetensors(content: bytes) -> dict[str, str]:
    """The digests of a safetensors file that stands alone, by kind."""
    stored = read_header(content)
    digests = {
        each.name: tensor(each.dtype, each.shape, content[each.start : each.end])
        for each in stored
    }
    file = layout(segments_of(content, stored))
    computed = {
        "artifact-v1": artifact([("", len(content), file)]),
        "layout-v1": file,
        "weights-v1": named("weights-v1", digests.items()),
        "values-v1": values(digests.values()),
    }
    return {name: f"{name}:{digest.hex()}" for name, digest in computed.items()}


# Frozen vectors.


def content_of(entry: dict[str, Any]) -> bytes:
    """Bytes of a vector: hexadecimal digits, taken `repeat` times (once by default)."""
    repeat: int = entry.get("repeat", 1)
    return bytes.fromhex(entry["hex"]) * repeat


def vector_tensors(vector: dict[str, Any]) -> list[tuple[str, bytes]]:
    """Names and digests of the tensors of a vector."""
    return [
        (each.get("name", ""), tensor(each["dtype"], each["shape"], content_of(each)))
        for each in vector["tensors"]
    ]


def vector_file(entry: dict[str, Any]) -> tuple[int, bytes]:
    """Size in bytes and layout digest of a file given as segments."""
    segments = [(each["kind"], content_of(each)) for each in entry["segments"]]
    return sum(len(content) for _, content in segments), layout(segments)


def recompute(vector: dict[str, Any]) -> str:
    """The digest of a vector as it is written, `name-v1:hex`."""
    kind: str = vector["kind"]
    match kind:
        case "blob-v1":
            digest = blake3(content_of(vector))
        case "tensor-v1":
            digest = tensor(vector["dtype"], vector["shape"], content_of(vector))
        case "layout-v1":
            digest = vector_file(vector)[1]
        case "weights-v1" | "part-v1":
            digest = named(kind, vector_tensors(vector))
        case "values-v1":
            digest = values(digest for _, digest in vector_tensors(vector))
        case "artifact-v1":
            files = vector["files"]
            digest = artifact((each["path"], *vector_file(each)) for each in files)
        case "contract-v1" | "unit-v1" | "environment-v1":
            digest = document(kind, content_of(vector))
        case _:
            raise SystemExit(f"vector `{vector['name']}`: unknown kind `{kind}`")
    return f"{kind}:{digest.hex()}"


def check(path: Path) -> int:
    """Compares every vector of a file; the exit status."""
    wrong = 0
    vectors = json.loads(path.read_text(encoding="utf-8"))["vectors"]
    for vector in vectors:
        computed, expected = recompute(vector), vector["digest"]
        if computed != expected:
            wrong += 1
            print(f"{vector['name']}: expected {expected}, got {computed}")
    print(f"{len(vectors) - wrong} of {len(vectors)} vectors agree")
    return 1 if wrong or not vectors else 0


def main() -> int:
    """Reads the command line; the exit status."""
    parser = argparse.ArgumentParser(description="Recompute Reproof's digests.")
    parser.add_argument("command", choices=["check", "safetensors", "blob"])
    frozen = Path(__file__).with_name("vectors.json")
    parser.add_argument("file", type=Path, nargs="?", default=frozen)
    arguments = parser.parse_args()
    match arguments.command:
        case "check":
            return check(arguments.file)
        case "safetensors":
            for digest in digest_safetensors(arguments.file.read_bytes()).values():
                print(digest)
        case _:
            print(f"blob-v1:{blake3(arguments.file.read_bytes()).hex()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
