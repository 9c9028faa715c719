"""Runs everything that was written: do faults differ, and rewrites not?"""

import multiprocessing
import resource
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator

from .graph import Array
from .networks import NETWORKS, Network
from .oddities import ODDITIES, Expectation, Oddity
from .variants import FAULTS, ORIGINAL, Variant

LARGEST_REWRITE_ERROR = 1e-12
"""Relative, in float64: what reordered sums may differ by."""
SMALLEST_FAULT = 1e-9
"""Relative, in float64: what the smallest planted fault must differ by."""
LARGEST_ROUNDING = {"float32": 1e-5, "float16": 5e-3}
"""Relative: how far an engine may be from float64."""
PATIENCE = 10
"""Seconds after which a run counts as endless."""
MEMORY = 4 << 30
"""Bytes of address space that a run may take."""

REFUSED, OUT_OF_MEMORY = 3, 4
OUTCOMES: dict[int | None, Expectation] = {
    None: "endless",
    0: "runs",
    REFUSED: "refused",
    OUT_OF_MEMORY: "out-of-memory",
}


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """A session on one thread of the CPU that keeps its complaints to itself."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(
        path, options, providers=["CPUExecutionProvider"]
    )


def relative(value: Array, reference: npt.NDArray[np.float64]) -> float:
    """The norm of the difference over the norm of the reference."""
    difference = np.linalg.norm(value.astype(np.float64) - reference)
    return float(difference / np.linalg.norm(reference))


def run_precisely(
    network: Network, variant: Variant, dtype: str
) -> npt.NDArray[np.float64]:
    """Logits, float64 [batch, 10], of the rounded constants computed in float64."""
    evaluator = ReferenceEvaluator(network.model(variant, dtype, np.float64))
    inputs = network.inputs(dtype).astype(np.float64)
    (logits,) = evaluator.run(None, {"pixels": inputs})
    return np.asarray(logits, dtype=np.float64)


def check_network(folder: Path, network: Network, dtype: str) -> list[str]:
    """Complaints about one network in one dtype; prints a line per variant."""
    complaints = []
    inputs = {"pixels": network.inputs(dtype)}
    original = run_precisely(network, ORIGINAL, dtype)
    for plant, variant in ({"": ORIGINAL} | network.variants()).items():
        name = ".".join(filter(None, (network.name, dtype, plant)))
        path = folder / f"{name}.onnx"
        onnx.checker.check_model(path, full_check=True)
        precise = run_precisely(network, variant, dtype)
        (logits,) = open_session(path).run(None, inputs)
        change, rounding = relative(precise, original), relative(logits, precise)
        print(f"{name:44} change {change:.1e}, rounding {rounding:.1e}")
        if plant in FAULTS and change < SMALLEST_FAULT:
            complaints.append(f"{name}: the fault changes nothing")
        if plant not in FAULTS and change > LARGEST_REWRITE_ERROR:
            complaints.append(f"{name}: the rewrite is another function")
        if not rounding <= LARGEST_ROUNDING[dtype]:
            complaints.append(f"{name}: ONNX Runtime computes something else")
    return complaints


def attempt(path: Path, inputs: dict[str, Array | None]) -> None:
    """Loads and runs a model under a memory limit; the exit status tells the rest."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        open_session(path).run(None, inputs)
    except Exception as error:  # noqa: BLE001 - any type tells
        memory = isinstance(error, MemoryError) or "allocate" in str(error)
        raise SystemExit(OUT_OF_MEMORY if memory else REFUSED) from None


def check_oddity(folder: Path, oddity: Oddity) -> list[str]:
    """Complaints about one odd model, which runs in a process of its own."""
    path = folder / f"{oddity.name}.onnx"
    onnx.checker.check_model(path, full_check=True)
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=attempt, args=(path, oddity.inputs))
    process.start()
    process.join(PATIENCE)
    outcome = OUTCOMES.get(process.exitcode)
    process.kill()
    process.join()
    print(f"{oddity.name:44} {outcome or 'crashed'}")
    if outcome != oddity.expected:
        return [f"{oddity.name}: expected {oddity.expected}, got {outcome}"]
    return []


def check_folder(folder: Path) -> list[str]:
    """Complaints about everything in a folder of planted models."""
    complaints = []
    for network in NETWORKS:
        for dtype in LARGEST_ROUNDING:
            complaints += check_network(folder, network, dtype)
    for oddity in ODDITIES:
        complaints += check_oddity(folder, oddity)
    return complaints
