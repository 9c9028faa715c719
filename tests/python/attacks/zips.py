"""Zip files with whatever is wrong in them, written field by field."""

import struct
import zlib
from dataclasses import dataclass

STORED, DEFLATED = 0, 8
LINK = 0o120777 << 16
"""External attributes of a symbolic link."""


@dataclass(frozen=True)
class Member:
    """One entry; what is `None` is filled in truthfully."""

    name: str
    content: bytes
    method: int = STORED
    local_name: str | None = None
    flags: int = 0
    local_flags: int | None = None
    checksum: int | None = None
    local_checksum: int | None = None
    size: int | None = None
    external: int = 0
    like: int | None = None
    """The index of another entry whose place this one claims; it has none itself."""
    shift: int = 0
    """Bytes added to the place that the central directory names."""

    def stored(self) -> bytes:
        """The content as it lies in the file."""
        if self.method != DEFLATED:
            return self.content
        compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
        return compressor.compress(self.content) + compressor.flush()


def header(member: Member, data: bytes, *, local: bool) -> bytes:
    """The fields that both headers share, without the name."""
    flags, checksum = member.flags, member.checksum
    if checksum is None:
        checksum = zlib.crc32(member.content)
    if local and member.local_flags is not None:
        flags = member.local_flags
    if local and member.local_checksum is not None:
        checksum = member.local_checksum
    size = len(member.content) if member.size is None else member.size
    name = member.local_name if local and member.local_name is not None else member.name
    fields = (20, flags, member.method, 0, 0, checksum, len(data), size)
    return struct.pack("<HHHHHIIIHH", *fields, len(name.encode()), 0)


def archive(members: list[Member], junk: bytes = b"", comment: bytes = b"") -> bytes:
    """A whole file; `junk` stands before it and is counted in its offsets."""
    content, central = bytearray(junk), bytearray()
    places: list[tuple[int, bytes]] = []
    for member in members:
        if member.like is None:
            data = member.stored()
            place = len(content)
            name = member.name if member.local_name is None else member.local_name
            content += b"PK\x03\x04" + header(member, data, local=True)
            content += name.encode() + data
        else:
            place, data = places[member.like]
        places.append((place, data))
        tail = struct.pack("<HHHII", 0, 0, 0, member.external, place + member.shift)
        central += b"PK\x01\x02\x14\x00" + header(member, data, local=False)
        central += tail + member.name.encode()
    end = struct.pack("<HHHH", 0, 0, len(members), len(members))
    end += struct.pack("<IIH", len(central), len(content), len(comment))
    return bytes(content + central) + b"PK\x05\x06" + end + comment


def torch_members(
    pickle: bytes, storages: dict[str, bytes] | None = None, root: str = "model"
) -> list[Member]:
    """The entries that `torch.save` cannot do without."""
    data = {f"data/{key}": content for key, content in (storages or {}).items()}
    contents = {"data.pkl": pickle, "byteorder": b"little", **data, "version": b"3\n"}
    return [Member(f"{root}/{name}", content) for name, content in contents.items()]


def torch_zip(pickle: bytes, storages: dict[str, bytes] | None = None) -> bytes:
    """A file of `torch.save`."""
    return archive(torch_members(pickle, storages))
