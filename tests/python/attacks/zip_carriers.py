"""Payloads inside zip files that are wrong in many ways."""

from dataclasses import replace

from .assembler import dictionary, hostile_pickle, program
from .record import Record
from .zips import DEFLATED, LINK, Member, archive, torch_members, torch_zip

SYSTEM = "call of os system"
FLAGGED = (
    "wrong-checksum|wrong-checksum-local|zero-checksum|encrypted-central|encrypted-local"
    "|all-flags|name-local-differs|name-central-differs|duplicate-first|duplicate-last"
    "|both-cases|comment|two-roots|without-version|link"
).split("|")
"""Wrong enough to be refused before the payload is seen."""


def as_zips() -> dict[str, tuple[bytes, str]]:
    """A payload in `data.pkl`, in zip files that are wrong in many ways."""
    members = torch_members(hostile_pickle())
    pickle, rest = members[0], members[1:]
    harmless = program(dictionary([], 2), 2)

    def changed(**fields: object) -> bytes:
        return archive([replace(pickle, **fields), *rest])

    twice = replace(pickle, content=harmless)
    return {
        "plain": (archive(members), SYSTEM),
        "deflated": (changed(method=DEFLATED), SYSTEM),
        "wrong-checksum": (changed(checksum=0xDEADBEEF), SYSTEM),
        "wrong-checksum-local": (changed(local_checksum=1), SYSTEM),
        "zero-checksum": (changed(checksum=0), SYSTEM),
        "encrypted-central": (changed(flags=1, local_flags=0), SYSTEM + " or the flag"),
        "encrypted-local": (changed(flags=0, local_flags=1), SYSTEM + " or the flag"),
        "all-flags": (changed(flags=0xFFFF), SYSTEM + " or the flags"),
        "name-local-differs": (changed(local_name="model/readme"), SYSTEM),
        "name-central-differs": (
            changed(name="model/readme", local_name="model/data.pkl"),
            "names that differ",
        ),
        "duplicate-first": (archive([pickle, twice, *rest]), "two entries of one name"),
        "duplicate-last": (archive([twice, pickle, *rest]), "two entries of one name"),
        "other-case": (changed(name="model/DATA.PKL"), SYSTEM),
        "both-cases": (
            archive([twice, replace(pickle, name="model/Data.pkl"), *rest]),
            "two names that differ in case",
        ),
        "junk-before": (archive(members, junk=b"#!/bin/sh\n" * 7), SYSTEM),
        "pickle-before": (
            archive(torch_members(harmless), junk=hostile_pickle()),
            SYSTEM,
        ),
        "junk-after": (archive(members) + b"\0" * 1000, SYSTEM),
        "comment": (
            archive(members, comment=b"PK\x05\x06" + bytes(18)),
            "two ends of the archive",
        ),
        "payload-in-comment": (
            archive(torch_members(harmless), comment=b"x" + hostile_pickle()),
            "nothing, or the bytes after the archive",
        ),
        "two-roots": (
            archive(
                [
                    *torch_members(harmless),
                    *torch_members(hostile_pickle(), root="other"),
                ]
            ),
            SYSTEM + ", or two roots",
        ),
        "unreferenced-pickle": (
            archive(
                [*torch_members(harmless), Member("model/extra.pkl", hostile_pickle())]
            ),
            SYSTEM + " in an entry that is no data.pkl",
        ),
        "other-extension": (
            archive(
                [*torch_members(harmless), Member("model/notes.txt", hostile_pickle())]
            ),
            SYSTEM + " in an entry named as text",
        ),
        "nested": (archive([Member("inner.pt", torch_zip(hostile_pickle()))]), SYSTEM),
        "nested-in-data": (
            archive(
                [
                    *torch_members(harmless),
                    Member("model/data/0", torch_zip(hostile_pickle())),
                ]
            ),
            SYSTEM + " in a file inside the file",
        ),
        "without-version": (archive(members[:2]), SYSTEM),
        "link": (changed(external=LINK), SYSTEM + " or the link"),
        "torchscript-constants": (
            archive(
                [
                    *torch_members(harmless),
                    Member("model/constants.pkl", hostile_pickle()),
                ]
            ),
            SYSTEM + " in constants.pkl",
        ),
        "torchscript-debug": (
            archive(
                [
                    *torch_members(harmless),
                    Member("model/constants.pkl", program((), 2)),
                    Member(
                        "model/code/__torch__.py.debug_pkl", hostile_pickle(), DEFLATED
                    ),
                ]
            ),
            SYSTEM + " in a .debug_pkl",
        ),
        "export-sample-inputs": (
            archive(
                [
                    Member("model/archive_format", b"pt2"),
                    Member("model/archive_version", b"0"),
                    Member("model/models/model.json", b"{}"),
                    Member(
                        "model/data/sample_inputs/model.pt", torch_zip(hostile_pickle())
                    ),
                ]
            ),
            SYSTEM + " in sample_inputs",
        ),
    }


def write(record: Record) -> None:
    """Writes all of them."""
    for name, (content, needs) in as_zips().items():
        if name == "payload-in-comment":
            write = record.bounded
        else:
            write = record.flagged if name in FLAGGED else record.dangerous
        write("carrier", f"zip-{name}.pt", content, needs)
