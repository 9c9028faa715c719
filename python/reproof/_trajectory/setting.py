"""What a training ran with, and what was told about it."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .._tensors import digest_live
from . import models

if TYPE_CHECKING:
    from .subject import Subject

_PACKAGES = ("torch", "numpy", "transformers", "lightning", "accelerate", "torchvision", "timm", "torchdata")

# Variables by which users choose how processors compute.
_VARIABLES = (
    "ATEN_CPU_CAPABILITY",
    "CUBLAS_WORKSPACE_CONFIG",
    "MKL_CBWR",
    "MKL_NUM_THREADS",
    "NVIDIA_TF32_OVERRIDE",
    "OMP_NUM_THREADS",
    "ONEDNN_MAX_CPU_ISA",
    "PYTHONHASHSEED",
)


def rank() -> int:
    """The number of this process in its training, whether the processes have met yet or not."""
    distributed, jax = _distributed(), sys.modules.get("jax")
    met = getattr(getattr(jax, "distributed", None), "is_initialized", None)
    if distributed is not None:
        return int(distributed.get_rank())
    # Asking JAX starts its backends: before processes have met, nobody may.
    if jax is not None and met is not None and met():
        return int(jax.process_index())
    return int(os.environ.get("RANK", "0"))


def setting(subject: Subject) -> dict[str, str]:
    """What may differ harmlessly elsewhere, and what explains a difference."""
    import torch

    distributed, device = _distributed(), models.device(subject.inner)
    told = {
        "world-size": str(distributed.get_world_size() if distributed is not None else 1),
        "rank": str(rank()),
        "device": _device(torch, device),
        "threads": str(torch.get_num_threads()),
        "interop-threads": str(torch.get_num_interop_threads()),
        "cpu-capability": torch.backends.cpu.get_cpu_capability(),
        "mkldnn": _flag(torch.backends.mkldnn.enabled),
        "deterministic": _flag(torch.are_deterministic_algorithms_enabled()),
        "matmul-precision": _matmul_precision(torch),
        "compiled": _flag(type(subject.model).__name__ == "OptimizedModule"),
    }
    if device.type == "cuda":
        told["cudnn-deterministic"] = _flag(torch.backends.cudnn.deterministic)
        told["cudnn-benchmark"] = _flag(torch.backends.cudnn.benchmark)
        told["tf32"] = _tf32(torch)
    if subject.precision is not None:
        told["precision"] = subject.precision
    return {**told, **of_any(subject.loader, _PACKAGES, _VARIABLES)}


def of_any(loader: Any, packages: Iterable[str], variables: Iterable[str]) -> dict[str, str]:
    """What is asked of every training: its loader, the versions of what it has imported, variables that are set."""
    told = {"python": platform.python_version()}
    for name, attribute in (("workers", "num_workers"), ("batch-size", "batch_size")):
        value = getattr(loader, attribute, None)
        if value is not None:
            told[name] = str(value)
    told.update({name: version(name) for name in packages if name in sys.modules})
    told.update({f"variable.{name}": os.environ[name] for name in variables if name in os.environ})
    return told


def version(package: str) -> str:
    """Of a package that is imported."""
    return str(getattr(sys.modules.get(package), "__version__", "unknown"))


def context(subject: Subject, seeds: Mapping[str, int]) -> dict[str, str]:
    """What is told and not compared: seeds, what keeps weights small, the data."""
    import torch

    told = {"seeds.torch": str(torch.initial_seed())}
    told.update({f"regularisation.{name}": text for name, text in _regularisation(subject).items()})
    return {**told, **context_of_any(subject.loader, seeds)}


def context_of_any(loader: Any, seeds: Mapping[str, int]) -> dict[str, str]:
    """What is told about every training: its seeds, and the data where a loader describes them."""
    told = {f"seeds.{name}": str(seed) for name, seed in seeds.items()}
    describe = getattr(loader, "describe", None)
    if callable(describe):
        # No element of the data is read for it now.
        told.update({f"data.{name}": text for name, text in describe(element=False).items()})
    return told


def initialisation(model: Any) -> dict[str, str]:
    """The digest of the weights with which a training starts."""
    return {"initialisation": str(digest_live(model).weights_digest)}


def _regularisation(subject: Subject) -> dict[str, str]:
    told: dict[str, str] = {}
    decays = {
        repr(group["weight_decay"]): None
        for optimizer in subject.optimizers
        for group in optimizer.param_groups
        if "weight_decay" in group
    }
    if decays:
        told["weight-decay"] = ", ".join(decays)
    dropped: dict[float, int] = {}
    for module in subject.inner.modules():
        if "Dropout" in type(module).__name__ and isinstance(getattr(module, "p", None), (int, float)):
            dropped[module.p] = dropped.get(module.p, 0) + 1
        smoothing = getattr(module, "label_smoothing", 0)
        if isinstance(smoothing, float) and smoothing:
            told["label-smoothing"] = repr(smoothing)
    if dropped:
        told["dropout"] = ", ".join(f"{p!r} in {count}" for p, count in dropped.items())
    return told


def _device(torch: Any, device: Any) -> str:
    if device.type == "cuda":
        return f"cuda {torch.cuda.get_device_name(device)}"
    return str(device.type)


def _matmul_precision(torch: Any) -> str:
    try:
        return str(torch.get_float32_matmul_precision())
    except RuntimeError:
        # It was chosen for each backend, and then nobody tells it for all.
        backends = torch.backends
        return f"cuda {backends.cuda.matmul.fp32_precision}, mkldnn {backends.mkldnn.matmul.fp32_precision}"


def _tf32(torch: Any) -> str:
    try:
        return _flag(torch.backends.cuda.matmul.allow_tf32)
    except RuntimeError:
        return str(torch.backends.cuda.matmul.fp32_precision)


def _flag(value: Any) -> str:
    return "yes" if value else "no"


def _distributed() -> Any:
    """The processes of this training, once they have met."""
    torch = sys.modules.get("torch")
    distributed = getattr(torch, "distributed", None)
    if distributed is None or not distributed.is_available() or not distributed.is_initialized():
        return None
    return distributed
