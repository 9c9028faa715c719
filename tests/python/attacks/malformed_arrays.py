"""Broken npy files, some of them in npz."""

from .carriers import npy
from .record import Record
from .zips import Member, archive


def bad_npy() -> dict[str, tuple[bytes, str]]:
    """Headers that are no literals, and arrays that are not there."""
    short = bytes(4)
    return {
        "truncated": (b"\x93NUMPY\x01", "too short"),
        "version-9": (npy("'<f4'", "(1,)", short, 9), "an unknown version"),
        "header-beyond-file": (
            b"\x93NUMPY\x02\x00\xff\xff\xff\x7f{",
            "a header longer than the file",
        ),
        "header-megabytes": (
            npy("'<f4'", "(1," + " " * (2 << 20) + ")", short, 2),
            "a header that is too large",
        ),
        "header-call": (
            npy("__import__('os').system('echo never')", "(1,)", short),
            "a header that is no literal",
        ),
        "header-comprehension": (
            npy("['<f4' for _ in ()]", "(1,)", short),
            "a header that is no literal",
        ),
        "header-deep": (
            npy("'<f4'", "(" * 5000 + ")" * 5000, short),
            "nesting that is too deep",
        ),
        "header-arithmetic": (
            npy("'<f4'", "(9**9**9,)", short),
            "a header that is no literal",
        ),
        "header-key-missing": (
            npy("'<f4', 'more': 1", "(1,)", short),
            "an unknown key",
        ),
        "header-key-twice": (
            npy("'<f4', 'descr': '<f8'", "(1,)", short),
            "one key twice",
        ),
        "shape-negative": (npy("'<f4'", "(-1,)", short), "a negative dim"),
        "shape-overflow": (
            npy("'<f4'", "(4294967296, 4294967296, 4)", short),
            "a shape that overflows",
        ),
        "shape-huge": (
            npy("'<f4'", "(1099511627776,)", short),
            "more elements than bytes",
        ),
        "shape-digits": (
            npy("'<f4'", f"({'9' * 5000},)", short),
            "a dim with too many digits",
        ),
        "shape-bool": (npy("'<f4'", "(True,)", short), "a dim that is no number"),
        "data-missing": (npy("'<f4'", "(2,)", short), "too few bytes"),
        "descr-unknown": (npy("'<q7'", "(1,)", short), "an unknown type"),
        "descr-fields-deep": (
            npy("[('a', " * 500 + "'<f4'" + ")]" * 500, "(1,)", short),
            "nesting that is too deep",
        ),
        "itemsize-huge": (
            npy("'|V9999999999999'", "(1,)", short),
            "an item larger than the file",
        ),
    }


def write(record: Record) -> None:
    """Writes all of them, and a valid one."""
    for name, (content, needs) in bad_npy().items():
        record.refused("npy", f"{name}.npy", content, needs)
        if name in ("header-call", "shape-huge", "header-megabytes"):
            zipped = archive([Member("a.npy", content)])
            record.refused("npy", f"{name}.npz", zipped, needs)
    valid = npy("'<f4'", "(1,)", bytes(4))
    record.clean("npy", "valid.npy", valid, "nothing: it is valid")
