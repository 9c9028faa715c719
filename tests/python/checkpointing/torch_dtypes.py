"""Zip files of `torch.save` with every dtype and every kind of tensor."""

import torch
from torch import Tensor

from .record import TORCH_DTYPES, Record
from .torch_zips import Writer


def every_dtype() -> dict[str, Tensor]:
    """Small values in every dtype; the names are the dtypes'."""
    values = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    names = {dtype: str(dtype).removeprefix("torch.") for dtype in TORCH_DTYPES}
    return {name: values.to(dtype) for dtype, name in names.items()}


def without_storage_class(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Those of `every_dtype` that torch saves with an untyped storage."""
    chosen = ("uint16", "uint32", "uint64", "complex32")
    return {
        name: tensor
        for name, tensor in tensors.items()
        if name in chosen or name.startswith("float8")
    }


def lazily_negated() -> dict[str, Tensor]:
    """Tensors whose file says that values are to be negated or conjugated."""
    values = torch.tensor([[1 + 2j, 3 - 4j], [0j, -1j]], dtype=torch.complex64)
    return {
        "plain": values,
        "conjugate": values.conj(),
        "imaginary-of-conjugate": values.clone().conj().imag,
        "transposed-conjugate": values.conj().t(),
        "half": values.to(torch.complex32).conj(),
    }


def quantized() -> dict[str, Tensor]:
    """Quantised tensors; what is listed are their integers."""
    values = torch.linspace(-2, 2, 24).reshape(4, 6)
    scales, zeros = torch.linspace(0.01, 0.04, 4), torch.tensor([0, 1, -2, 3])
    per_tensor = torch.quantize_per_tensor
    per_channel = torch.quantize_per_channel(values, scales, zeros, 0, torch.qint8)
    return {
        "qint8": per_tensor(values, 0.02, 3, torch.qint8),
        "quint8": per_tensor(values, 0.02, 128, torch.quint8),
        "qint32": per_tensor(values, 0.001, 0, torch.qint32),
        "channels": per_channel,
    }


def sparse() -> dict[str, Tensor]:
    """Sparse tensors; what is listed are their components."""
    dense = torch.tensor([[0.0, 1.0, 0.0], [2.0, 0.0, 3.0]])
    indices = torch.tensor([[0, 0, 1], [2, 2, 0]])
    return {
        "coo": dense.to_sparse_coo(),
        "uncoalesced": torch.sparse_coo_tensor(indices, torch.arange(3.0), (2, 3)),
        "csr": dense.to_sparse_csr(),
        "hybrid": torch.sparse_coo_tensor(indices[:1], torch.ones(3, 4), (2, 4)),
    }


def nested() -> dict[str, Tensor]:
    """Ragged tensors; what is listed is the buffer of all values."""
    rows = [torch.arange(2.0), torch.arange(3.0) + 10]
    return {
        "strided": torch.nested.nested_tensor(rows, layout=torch.strided),
        "jagged": torch.nested.nested_tensor(rows, layout=torch.jagged),
    }


def write(record: Record) -> None:
    """Writes all of them."""
    writer = Writer(record)
    writer.file("every-dtype.pt", every_dtype())
    writer.file("every-dtype-protocol-5.pt", every_dtype(), pickle_protocol=5)
    writer.file("lazily-negated.pt", lazily_negated())
    writer.file("quantized.pt", quantized())
    writer.file("sparse.pt", sparse())
    writer.file("nested-tensors.pt", nested())
