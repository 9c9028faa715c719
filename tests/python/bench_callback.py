"""What a callback adds to a save of 100 MB: prints seconds as JSON, the medians of saving and of what is added.

The contract is complete in the background afterwards; it is waited for between two saves, as training would take far
longer than it.
"""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import reproof.transformers
import torch


def main(rounds):
    weights = {f"layer.{index}": torch.rand(1024, 1024) for index in range(25)}
    recorder = reproof.transformers.ContractCallback().recorder
    saving, added = [], []
    with tempfile.TemporaryDirectory() as folder:
        # One more than is counted: the first looks at what is installed.
        for index in range(rounds + 1):
            path = Path(folder) / f"{index}.pt"
            begun = time.perf_counter()
            torch.save(weights, path)
            saved = time.perf_counter()
            recorder.save(path)
            added.append(time.perf_counter() - saved)
            saving.append(saved - begun)
            recorder.wait()
            assert reproof.verify(path).passed
            path.unlink()
    print(json.dumps({"saving": statistics.median(saving[1:]), "added": statistics.median(added[1:])}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
