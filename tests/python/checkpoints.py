"""Writes small checkpoints of every kind, and lists what their frameworks read back.

`expected.json` in the folder lists every file or folder with its tensors: names, dtypes,
shapes and digests, as the framework reads them from what was written. Artifacts of one
group in `same_weights_as` hold the same named tensors. Everything is seeded; files of
torch's legacy form and of the trainers still differ from run to run in what is no tensor.
"""

import argparse
import logging
import os
import time
import warnings
from pathlib import Path

# Read when the libraries are imported.
os.environ |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

import torch  # noqa: E402

from checkpointing import (  # noqa: E402
    arrays,
    distributed,
    gguf_files,
    pickles,
    safetensors_files,
    shared,
    torch_dtypes,
    torch_legacy,
    torch_programs,
    torch_tar,
    torch_zips,
    trainers,
)
from checkpointing.record import Record  # noqa: E402

FAMILIES = (
    safetensors_files,
    torch_zips,
    torch_dtypes,
    torch_legacy,
    torch_tar,
    torch_programs,
    distributed,
    trainers,
    pickles,
    arrays,
    gguf_files,
    shared,
)


def main() -> None:
    """Reads the command line and writes."""
    parser = argparse.ArgumentParser(description="Write checkpoints of every kind.")
    parser.add_argument("out", type=Path, help="folder to write to")
    out = parser.parse_args().out.resolve()
    torch.set_num_threads(1)
    record = Record(out)
    for family in FAMILIES:
        start = time.monotonic()
        family.write(record)
        name = family.__name__.rpartition(".")[2]
        print(f"{name:20} {time.monotonic() - start:5.1f} s")
    record.save()


if __name__ == "__main__":
    main()
