"""Zip files of `torch.save`: containers, views, trees and training state."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .networks import Net, adamw, momentum, named, reordered, trained, training
from .record import Entry, Record, entries

LISTED = ("model", "optimizer")
"""The parts of a training state whose tensors are listed."""


def load(path: Path) -> Any:
    """What torch reads from a file that this script wrote."""
    return torch.load(path, weights_only=False)


def parts(state: dict[str, Any]) -> list[Entry]:
    """The tensors of the listed parts."""
    return [entry for part in LISTED for entry in entries(part, state[part])]


def views() -> dict[str, Tensor]:
    """Tensors that share one storage in every way."""
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    return {
        "base": base,
        "again": base,
        "transposed": base.t(),
        "inner": base[1:3, 2:5],
        "row": base[2],
        "stepped": base[::2, ::3],
        "expanded": base[:, :1].expand(4, 5),
        "diagonal": base.diagonal(),
        "last": base[3, 5],
        "nothing": base[:, 6:],
        "windows": base.flatten().unfold(0, 4, 2),
        "permuted": base.reshape(2, 3, 4).permute(2, 0, 1),
        "channels-last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
    }


def members(path: Path) -> dict[str, bytes]:
    """Names and content of a zip file's entries, in order."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rezip(content: dict[str, bytes], path: Path, method: int) -> None:
    """Writes entries with Python's own library, all with the same old date."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in content.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            archive.writestr(info, data)


def big_endian(path: Path, itemsize: int) -> dict[str, bytes]:
    """The entries of a file whose storages all have one item size, swapped."""
    content = {}
    for name, data in members(path).items():
        swapped = data
        if re.fullmatch(r".*/data/\d+", name):
            items = [data[at : at + itemsize] for at in range(0, len(data), itemsize)]
            swapped = b"".join(item[::-1] for item in items)
        content[name] = b"big" if name.endswith("/byteorder") else swapped
    return content


class Writer:
    """Saves, reads back and lists one file after the other."""

    def __init__(self, record: Record) -> None:
        """Takes where to write."""
        self.record = record

    def file(self, name: str, value: object, **options: Any) -> Path:
        """One file with the model's tensors; the options are those of `torch.save`."""
        path = self.record.path(f"torch-zip/{name}")
        torch.save(value, path, **options)
        self.listed(name)
        return path

    def listed(self, name: str, kind: str = "torch-zip", note: str = "") -> None:
        """Reads a file back and lists it."""
        value = load(self.record.path(f"torch-zip/{name}"))
        self.record.add(f"torch-zip/{name}", kind, entries("model", value), note=note)


def write_containers(writer: Writer) -> None:
    """The same state dict in every kind of zip file."""
    net = trained()
    state = net.state_dict()
    path = writer.file("model.pt", state)
    writer.file("plain-dict.pth", dict(state))
    for protocol in (3, 4, 5):
        writer.file(f"protocol-{protocol}.pt", state, pickle_protocol=protocol)
    writer.file("two.dots.ckpt", state)
    writer.file("gewichte-größe-模型.pt", state)
    buffer = io.BytesIO()
    torch.save(state, buffer)
    writer.record.path("torch-zip/buffer.bin").write_bytes(buffer.getvalue())
    writer.listed("buffer.bin")
    torch.utils.serialization.config.save.storage_alignment = 4096
    writer.file("aligned.pt", state)
    torch.utils.serialization.config.save.storage_alignment = 64
    torch.serialization.set_crc32_options(False)
    writer.file("without-checksums.pt", state)
    torch.serialization.set_crc32_options(True)

    content = members(path)
    folder = path.parent
    rezip(content, folder / "stored-again.pt", zipfile.ZIP_STORED)
    rezip(content, folder / "deflated.pt", zipfile.ZIP_DEFLATED)
    optional = (
        "byteorder",
        ".format_version",
        ".storage_alignment",
        "serialization_id",
    )
    old = {name: data for name, data in content.items() if not name.endswith(optional)}
    rezip(old, folder / "bare-minimum.pt", zipfile.ZIP_STORED)
    floats = {name: value for name, value in state.items() if value.is_floating_point()}
    little = writer.file("floats.pt", floats)
    rezip(big_endian(little, 4), folder / "big-endian.pt", zipfile.ZIP_STORED)
    for name in ("stored-again.pt", "deflated.pt", "bare-minimum.pt", "big-endian.pt"):
        writer.listed(name)


def write_trees(writer: Writer) -> None:
    """Views, single tensors, lists, and tensors that are more than tensors."""
    torch.manual_seed(0)
    writer.file("views.pt", views())
    writer.file("bare-tensor.pt", torch.arange(6.0).reshape(2, 3))
    writer.file("bare-scalar.pt", torch.tensor(3.5))
    writer.file("list.pt", [torch.ones(2), torch.zeros(3, dtype=torch.int64)])
    writer.file(
        "nested.pt", {"a": [{"b": torch.ones(1)}, (torch.zeros(2),)], 3: torch.ones(3)}
    )
    writer.file("empty.pt", {"none": torch.empty(0), "rows": torch.empty(2, 0, 3)})
    marked = torch.arange(3.0)
    marked.source = "measured"
    marked_parameter = nn.Parameter(torch.ones(2))
    marked_parameter.frozen = True
    dressed = {
        "parameter": nn.Parameter(torch.ones(2, 2)),
        "frozen": nn.Parameter(torch.ones(2), requires_grad=False),
        "with-state": marked_parameter,
        "buffer": nn.Buffer(torch.arange(4)),
        "with-attribute": marked,
        "meta": torch.empty(3, 4, device="meta"),
    }
    writer.file("dressed.pt", dressed)
    writer.file("dressed-protocol-4.pt", dressed, pickle_protocol=4)


def write_states(writer: Writer) -> None:
    """Training states and whole modules."""
    chosen: dict[str, Callable[[nn.Module], torch.optim.Optimizer]]
    chosen = {"adamw": adamw, "sgd": momentum, "named": named, "reordered": reordered}
    for name, choose in chosen.items():
        path = f"torch-training/{name}.pt"
        torch.save(training(choose), writer.record.path(path))
        found = parts(load(writer.record.path(path)))
        writer.record.add(path, "torch-training", found)
    note = "whole module: lists buffers that are not persistent, too"
    stack = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Sequential(nn.Linear(4, 2)))
    for name, net in {"module": trained(), "sequential": stack, "fresh": Net()}.items():
        torch.save(net, writer.record.path(f"torch-zip/{name}.pt"))
        writer.listed(f"{name}.pt", "torch-module", note)


def write(record: Record) -> None:
    """Writes all of them."""
    writer = Writer(record)
    write_containers(writer)
    write_trees(writer)
    write_states(writer)
