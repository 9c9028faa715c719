"""Proves that a saved model still loads and still produces identical outputs, and when it does not, says why.

    reproof.record("model.pt2", cases={"x": images})   # what the artifact promises from now on
    reproof.verify("model.pt2").check()                # whether it keeps the promise
    model = reproof.load("weights.safetensors")        # refuses what fails

`reproof.transformers`, `reproof.lightning` and their like are imported where they are used.
"""

from ._api import diff, digest, inspect, record, scan, verify
from ._compare import Comparison, Difference, compare
from ._determinism import Determinism, Switch, determinism
from ._documents import Diff, Document, Recording, Report, Scan
from ._environment import environment
from ._load import load
from ._reproof import __version__
from .errors import ContractBroken, RefusedError, ReproofError, UndecidedError, UsageError

__all__ = [
    "Comparison",
    "ContractBroken",
    "Determinism",
    "Diff",
    "Difference",
    "Document",
    "Recording",
    "RefusedError",
    "Report",
    "ReproofError",
    "Scan",
    "Switch",
    "UndecidedError",
    "UsageError",
    "__version__",
    "compare",
    "determinism",
    "diff",
    "digest",
    "environment",
    "inspect",
    "load",
    "record",
    "scan",
    "verify",
]
