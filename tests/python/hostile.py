"""Writes hostile files, and lists what a reader owes each of them.

Every byte is assembled here: nothing is pickled, loaded or run, and a payload would only
print a word. `hostile.json` in the folder lists each file or folder with its family,
whether its own framework would run code that the file chose (`dangerous`), what a reader
must do (`expect`: `dangerous`, `flagged`, `refused`, `bounded` or `clean`, which
`attacks.record` defines) and what must be found or is wrong (`needs`). The same files are written in every run.
"""

import argparse
from pathlib import Path

from attacks import (
    benign,
    bombs,
    callables,
    carriers,
    folders,
    malformed_arrays,
    malformed_gguf,
    malformed_safetensors,
    opcodes,
    tensors,
    wrappers,
    zip_carriers,
)
from attacks.record import Record

FAMILIES = (
    callables,
    opcodes,
    zip_carriers,
    carriers,
    wrappers,
    bombs,
    tensors,
    malformed_safetensors,
    malformed_gguf,
    malformed_arrays,
    folders,
    benign,
)


def main() -> None:
    """Reads the command line and writes."""
    parser = argparse.ArgumentParser(description="Write hostile files.")
    parser.add_argument("out", type=Path, help="folder to write to")
    record = Record(parser.parse_args().out)
    for family in FAMILIES:
        family.write(record)
    record.save()


if __name__ == "__main__":
    main()
