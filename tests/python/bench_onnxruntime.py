"""The bare script that verification is measured against.

`bench_onnxruntime.py MODEL CASE_DIR...` loads a model with onnxruntime's defaults on
one thread and runs the `.npz` inputs of each folder, one call per file, by input name.
Prints one checksum over all outputs, so that nothing can be skipped.
"""

import argparse
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """A session with default options on one thread of the CPU."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        path, options, providers=["CPUExecutionProvider"]
    )


def checksum(value: Any, start: int) -> int:
    """CRC-32 of an output's bytes, continued from `start`."""
    if isinstance(value, list):
        for part in value:
            start = checksum(part, start)
        return start
    array = np.asarray(value)
    content = (
        repr(array.tolist()).encode() if array.dtype == object else array.tobytes()
    )
    return zlib.crc32(content, start)


def main() -> None:
    """Runs every case and prints the checksum."""
    parser = argparse.ArgumentParser(description="Run cases with onnxruntime.")
    parser.add_argument("model", type=Path)
    parser.add_argument("cases", type=Path, nargs="+", metavar="CASE_DIR")
    arguments = parser.parse_args()
    session = open_session(arguments.model)
    total = 0
    for folder in arguments.cases:
        for path in sorted(folder.glob("*.npz")):
            with np.load(path, allow_pickle=False) as inputs:
                for output in session.run(None, dict(inputs)):
                    total = checksum(output, total)
    print(f"{total:08x}")


if __name__ == "__main__":
    main()
