"""Writes small ONNX models with known faults, harmless rewrites and odd behaviour.

`<network>.<dtype>.onnx` is an original and `<network>.<dtype>.<plant>.onnx` a variant
of it; plants named `benign-*` compute the same function. `inputs/` holds pixels for the
originals, and `planted.json` lists every model with its kind and what ONNX Runtime is
expected to make of it. Everything is seeded: a second run writes the same bytes.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import ModelProto

from planting.check import check_folder
from planting.large import large, large_inputs
from planting.networks import NETWORKS, Network
from planting.oddities import ODDITIES
from planting.variants import FAULTS, ORIGINAL

DTYPES = ("float32", "float16")


def save(folder: Path, name: str, model: ModelProto) -> None:
    """Writes a model with its weights inside."""
    content = model.SerializeToString(deterministic=True)
    (folder / f"{name}.onnx").write_bytes(content)


def save_inputs(folder: Path, name: str, inputs: dict[str, Any]) -> None:
    """Writes one call of a model, by input name."""
    (folder / "inputs").mkdir(exist_ok=True)
    np.savez(folder / "inputs" / f"{name}.npz", **inputs)


def kind_of(plant: str) -> str:
    """What a variant is, by its name."""
    if not plant:
        return "original"
    return "fault" if plant in FAULTS else "rewrite"


def write_network(folder: Path, network: Network, dtype: str) -> list[dict[str, Any]]:
    """Writes a network and its variants in one dtype; their entries in the list."""
    entries = []
    original = f"{network.name}.{dtype}"
    for plant, variant in ({"": ORIGINAL} | network.variants()).items():
        name = f"{original}.{plant}" if plant else original
        save(folder, name, network.model(variant, dtype))
        entry = {"name": name, "kind": kind_of(plant), "original": original}
        entries.append(entry | {"dtype": dtype, "plant": plant, "expected": "runs"})
    save_inputs(folder, original, {"pixels": network.inputs(dtype)})
    return entries


def write_oddities(folder: Path) -> list[dict[str, Any]]:
    """Writes the odd models; their entries in the list."""
    entries = []
    for oddity in ODDITIES:
        if oddity.name == "external":
            save_external(folder, oddity.build())
        else:
            save(folder, oddity.name, oddity.build())
        expected = oddity.expected
        entries.append({"name": oddity.name, "kind": "oddity", "expected": expected})
    return entries


def save_external(folder: Path, model: ModelProto) -> None:
    """Writes `external.onnx` with its weights in `external.bin`, which starts anew."""
    (folder / "external.bin").unlink(missing_ok=True)
    onnx.save_model(
        model,
        folder / "external.onnx",
        save_as_external_data=True,
        location="external.bin",
        size_threshold=0,
    )


def write_all(folder: Path) -> None:
    """Writes every model, the inputs and the list."""
    entries = []
    for network in NETWORKS:
        for dtype in DTYPES:
            entries += write_network(folder, network, dtype)
    entries += write_oddities(folder)
    text = json.dumps(entries, indent=2) + "\n"
    (folder / "planted.json").write_text(text, encoding="utf-8")


def write_large(folder: Path, megabytes: int) -> None:
    """Writes `large-<megabytes>.onnx` and one input for it."""
    save(folder, f"large-{megabytes}", large(megabytes))
    save_inputs(folder, f"large-{megabytes}", {"numbers": large_inputs()})


def main() -> None:
    """Reads the command line, writes and checks."""
    parser = argparse.ArgumentParser(description="Write planted ONNX models.")
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--check", action="store_true", help="run what was written")
    parser.add_argument(
        "--large", type=int, metavar="MB", help="write one large network instead"
    )
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.large is not None:
        write_large(arguments.out, arguments.large)
        return
    write_all(arguments.out)
    complaints = check_folder(arguments.out) if arguments.check else []
    if complaints:
        raise SystemExit("\n".join(complaints))


if __name__ == "__main__":
    main()
