"""How live values differ: tensors of any library, alone or in trees."""

from __future__ import annotations

import html
import json
import math
import struct
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from . import _reproof
from ._options import plain
from ._tensors import is_tensor


@dataclass(frozen=True)
class Difference:
    """How one value differs from what was expected. Numbers are there where there was something to measure."""

    path: str
    # `identical`: every bit; `different`: some value; `incomparable`: not even the same kind, dtype or shape.
    kind: str
    statement: str
    # Whether the numbers below were measured: texts and complex values differ without one.
    measured: bool = False
    elements: int = 0
    differing: int = 0
    # Positions where exactly one of the two is NaN, or where infinities differ.
    special_mismatches: int = 0
    maximum_absolute: float = 0.0
    maximum_relative: float = 0.0
    relative_l2: float = 0.0
    cosine: float = 1.0
    # Representable numbers in between, of the element where most are; absent for integers.
    maximum_ulp: float | None = None
    # Index, expected and actual value of the element that differs most.
    worst: tuple[tuple[int, ...], float, float] | None = None


class Comparison:
    """How two trees of values differ, value by value."""

    def __init__(self, differences: list[Difference]) -> None:
        self.differences = differences

    @property
    def identical(self) -> bool:
        """Whether every bit is equal."""
        return all(difference.kind == "identical" for difference in self.differences)

    def within(self, *, absolute: float = 0.0, relative: float = 0.0) -> bool:
        """Whether everything is comparable and no element is off by more than `absolute + relative * |expected|`.

        The largest absolute and the largest relative difference are known, not those of every element, so this asks
        for one of the two bounds to hold alone. What differs and cannot be measured, such as a text, is never within.
        """
        return all(
            difference.kind == "identical"
            or (
                difference.kind == "different"
                and difference.measured
                and difference.special_mismatches == 0
                and (difference.maximum_absolute <= absolute or difference.maximum_relative <= relative)
            )
            for difference in self.differences
        )

    def to_json(self) -> str:
        return json.dumps([vars(difference) for difference in self.differences])

    def __iter__(self) -> Iterator[Difference]:
        return iter(self.differences)

    def __len__(self) -> int:
        return len(self.differences)

    def __getitem__(self, path: str) -> Difference:
        for difference in self.differences:
            if difference.path == path:
                return difference
        raise KeyError(f"{path}: there is {', '.join(difference.path for difference in self.differences)}")

    def __repr__(self) -> str:
        lines = [f"{difference.path or 'value'}: {difference.statement}" for difference in self.differences]
        return "Comparison(\n  " + "\n  ".join(lines) + "\n)"

    def _repr_html_(self) -> str:
        rows = (
            f"<tr><th>{html.escape(difference.path or 'value')}</th><td>{html.escape(difference.kind)}</td>"
            f"<td>{html.escape(difference.statement)}</td></tr>"
            for difference in self.differences
        )
        return f"<table>{''.join(rows)}</table>"


def compare(expected: Any, actual: Any) -> Comparison:
    """Compares live values, bit by bit and then by how much: arrays of NumPy, PyTorch and JAX, numbers, texts, and
    dictionaries and lists of them.

    Tensors are read where they lie, unless they are on an accelerator or not in row-major order.
    """
    return Comparison(list(_walk("", expected, actual)))


def _walk(path: str, expected: Any, actual: Any) -> Iterator[Difference]:
    if is_tensor(expected) and is_tensor(actual):
        yield _tensors(path, expected, actual)
    elif isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for key, item in expected.items():
            name = f"{path}.{key}" if path else str(key)
            if key in actual:
                yield from _walk(name, item, actual[key])
            else:
                yield Difference(name, "incomparable", "missing in the second")
        for key in actual:
            if key not in expected:
                yield Difference(f"{path}.{key}" if path else str(key), "incomparable", "missing in the first")
    elif isinstance(expected, (list, tuple)) and isinstance(actual, (list, tuple)):
        if len(expected) != len(actual):
            yield Difference(path, "incomparable", f"{len(actual)} entries, not {len(expected)}")
        for index, (one, two) in enumerate(zip(expected, actual)):
            yield from _walk(f"{path}[{index}]", one, two)
    elif type(expected) is not type(actual):
        kinds = f"a {type(actual).__name__}, not a {type(expected).__name__}"
        yield Difference(path, "incomparable", kinds)
    # Bits count, as everywhere here: NaN is what it was, and a zero has a sign.
    elif struct.pack("d", expected) == struct.pack("d", actual) if isinstance(expected, float) else expected == actual:
        yield Difference(path, "identical", "equal")
    else:
        yield _numbers(path, expected, actual)


def _numbers(path: str, expected: Any, actual: Any) -> Difference:
    """Two values that differ, measured where they are finite numbers."""
    statement = f"{actual!r}, not {expected!r}"
    if not isinstance(expected, (int, float)) or isinstance(expected, bool):
        return Difference(path, "different", statement)
    if not (abs(expected) <= sys.float_info.max and abs(actual) <= sys.float_info.max):
        return Difference(path, "different", statement)
    # Before they are rounded: integers may be larger than what floats tell apart.
    off = abs(actual - expected)
    if off > sys.float_info.max:
        return Difference(path, "different", statement)
    relative = off / abs(expected) if expected else math.inf if off else 0.0
    one, two = float(expected), float(actual)
    return Difference(
        path, "different", statement, measured=True, elements=1, differing=int(off != 0),
        maximum_absolute=float(off), maximum_relative=relative, worst=((), one, two),
    )  # fmt: skip


def _tensors(path: str, expected: Any, actual: Any) -> Difference:
    found = _reproof.compare(plain(expected), plain(actual))
    (dtype, other_dtype), (shape, other_shape) = found.pop("dtype"), found.pop("shape")
    kind = found.pop("kind")
    if kind == "incomparable":
        if dtype != other_dtype:
            return Difference(path, kind, f"dtype {other_dtype}, not {dtype}")
        return Difference(path, kind, f"shape {other_shape}, not {shape}")
    if worst := found.get("worst"):
        found["worst"] = (tuple(worst[0]), worst[1], worst[2])
    if kind == "identical":
        return Difference(path, kind, "every bit is equal", **found)
    if "elements" not in found:
        return Difference(path, kind, "bits differ (complex values are not measured)")
    statement = (
        f"{found['differing']} of {found['elements']} elements differ, by at most {found['maximum_absolute']:.3g}, "
        f"relative L2 {found['relative_l2']:.3g}"
    )
    if not found["differing"]:
        statement = "equal values, other bits (a zero of the other sign, or another NaN)"
    return Difference(path, kind, statement, measured=True, **found)
