"""Data as it reaches the training: what it is, in which order it comes, and what its order depends on.

    data = reproof.data.fingerprint(loader)   # tells what it delivers; the training loop sees the same batches
    reproof.data.describe(loader)             # schema, identity, transforms, sampling, as texts
    reproof.data.check(loader)                # an experiment before training: what would not come again, and why
"""

from ._data.check import check
from ._data.delivery import Callback, DataWarning, Fingerprint, fingerprint
from ._data.describe import describe
from ._data.facts import Fact
from ._data.findings import Finding, Findings
from ._data.workers import Worker

__all__ = [
    "Callback",
    "DataWarning",
    "Fact",
    "Finding",
    "Findings",
    "Fingerprint",
    "Worker",
    "check",
    "describe",
    "fingerprint",
]
