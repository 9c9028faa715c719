"""Lists real trained models that installed Python packages ship, as JSON.

Prints an array of `{name, path, package, version, format, size}`, sorted by path below
the environment: every `.onnx` file of an installed package, and with `--format
safetensors` every `.safetensors` file. The models that the `onnx` package ships for its
own tests are not trained, and are left out.
"""

import argparse
import json
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

UNTRAINED = {"onnx", "onnxruntime"}
"""Packages whose models are test data."""


def models_of(package: Distribution, suffix: str) -> Iterator[dict[str, Any]]:
    """The models of one package."""
    for file in package.files or []:
        if file.suffix != suffix:
            continue
        path = Path(str(package.locate_file(file))).resolve()
        yield {
            "name": file.with_suffix("").as_posix(),
            "path": str(path),
            "package": package.name,
            "version": package.version,
            "format": suffix.removeprefix("."),
            "size": path.stat().st_size,
        }


def main() -> None:
    """Prints the list."""
    parser = argparse.ArgumentParser(description="List shipped models.")
    parser.add_argument("--format", choices=["onnx", "safetensors"], default="onnx")
    suffix = f".{parser.parse_args().format}"
    listed = [
        model
        for package in distributions()
        if package.name not in UNTRAINED
        for model in models_of(package, suffix)
    ]
    print(json.dumps(sorted(listed, key=lambda model: str(model["path"])), indent=1))


if __name__ == "__main__":
    main()
