"""What a training ran with, and what was told about it."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from typing import Any

from .._tensors import digest_live
from . import models
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
    distributed = _distributed()
    return int(distributed.get_rank()) if distributed is not None else int(os.environ.get("RANK", "0"))


def set_threads(count: int) -> None:
    """Changes how many threads operators have: an experiment of whoever verifies a training that resumes."""
    import torch

    torch.set_num_threads(count)


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
        "matmul-precision": torch.get_float32_matmul_precision(),
        "python": platform.python_version(),
        "compiled": _flag(type(subject.model).__name__ == "OptimizedModule"),
    }
    if device.type == "cuda":
        told["cudnn-deterministic"] = _flag(torch.backends.cudnn.deterministic)
        told["cudnn-benchmark"] = _flag(torch.backends.cudnn.benchmark)
        told["tf32"] = _flag(torch.backends.cuda.matmul.allow_tf32)
    for name, attribute in (("workers", "num_workers"), ("batch-size", "batch_size")):
        value = getattr(subject.loader, attribute, None)
        if value is not None:
            told[name] = str(value)
    if subject.precision is not None:
        told["precision"] = subject.precision
    told.update({name: version(name) for name in _PACKAGES if name in sys.modules})
    for name in _VARIABLES:
        if name in os.environ:
            told[f"variable.{name}"] = os.environ[name]
    return told


def version(package: str) -> str:
    """Of a package that is imported."""
    return str(getattr(sys.modules.get(package), "__version__", "unknown"))


def context(subject: Subject, seeds: Mapping[str, int]) -> dict[str, str]:
    """What is told and not compared: seeds, what keeps weights small, the data."""
    import torch

    told = {"seeds.torch": str(torch.initial_seed())}
    told.update({f"seeds.{name}": str(seed) for name, seed in seeds.items()})
    told.update({f"regularisation.{name}": text for name, text in _regularisation(subject).items()})
    describe = getattr(subject.loader, "describe", None)
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


def _flag(value: Any) -> str:
    return "yes" if value else "no"


def _distributed() -> Any:
    """The processes of this training, once they have met."""
    torch = sys.modules.get("torch")
    distributed = getattr(torch, "distributed", None)
    if distributed is None or not distributed.is_available() or not distributed.is_initialized():
        return None
    return distributed
