"""Distributed checkpoints of one and of two processes."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.distributed.checkpoint as dcp
import torch.multiprocessing
from torch import Tensor, distributed
from torch.distributed.checkpoint import (
    HuggingFaceStorageReader,
    HuggingFaceStorageWriter,
)
from torch.distributed.checkpoint.format_utils import dcp_to_torch_save
from torch.distributed.checkpoint.state_dict import get_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, Replicate, Shard, distribute_tensor

from .networks import Net, adamw, batches, shared_weights, step, training
from .record import Record, entries
from .torch_zips import load, parts

RANKS = 2


PIECES = "safetensors"
"""The folder of the checkpoint whose pieces are safetensors files."""


def read(folder: Path) -> Any:
    """The whole checkpoint, gathered by torch."""
    with tempfile.TemporaryDirectory() as other:
        path = Path(other) / "gathered.pt"
        dcp_to_torch_save(folder, path)
        return load(path)


def spread(tensors: Mapping[str, Tensor], mesh: Any) -> dict[str, DTensor]:
    """Every tensor over both processes: by rows, by columns, or on both in full."""
    spreads = {}
    for index, (name, tensor) in enumerate(tensors.items()):
        options = [Shard(0), Shard(tensor.dim() - 1), Replicate()]
        spreads[name] = distribute_tensor(tensor, mesh, [options[index % 3]])
    return spreads


def uneven() -> dict[str, Tensor]:
    """Tensors that two processes cannot divide, one of them too small for both."""
    odd = torch.arange(15.0).reshape(5, 3)
    return {
        "rows": odd,
        "columns": odd.clone(),
        "replicated": odd.clone(),
        "one": torch.ones(1),
        "wide": torch.arange(7, dtype=torch.int64).reshape(1, 7),
        "scalar": torch.tensor(2.5, dtype=torch.float64),
    }


def fully_sharded(mesh: Any) -> dict[str, Any]:
    """The network and its optimizer after two steps of FSDP."""
    torch.manual_seed(0)
    net = Net()
    fully_shard(net, mesh=mesh)
    optimizer = adamw(net)
    for tokens, wanted in batches(2):
        step(net, optimizer, tokens, wanted)
    model, state = get_state_dict(net, optimizer)
    return {"model": model, "optimizer": state, "step": 2}


def process(rank: int, folder: Path, meeting: str) -> None:
    """What each of two processes does."""
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=f"file://{meeting}", rank=rank, world_size=RANKS
    )
    mesh = init_device_mesh("cpu", (RANKS,))
    # A scalar has no dim to divide.
    small = uneven()
    scalar = distribute_tensor(small.pop("scalar"), mesh, [Replicate()])
    saved = {
        "fully-sharded": fully_sharded(mesh),
        "uneven": {"model": spread(small, mesh) | {"scalar": scalar}},
        "shared": {"model": spread(shared_weights(), mesh)},
    }
    for name, state in saved.items():
        dcp.save(state, checkpoint_id=folder / name)
    writer = HuggingFaceStorageWriter(str(folder / PIECES), save_distributed=True)
    dcp.save(spread(shared_weights(), mesh), storage_writer=writer)
    distributed.destroy_process_group()
    # An interpreter that ends in peace meets a thread of torch that is still there, one time in six: SIGABRT.
    os._exit(0)


def write_pair(record: Record) -> None:
    """Two processes on this machine, which meet in a file."""
    folder = record.empty_folder("dcp-2-ranks")
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    with tempfile.TemporaryDirectory() as other:
        meeting = str(Path(other) / "meeting")
        torch.multiprocessing.spawn(process, (folder, meeting), nprocs=RANKS)
    sharded = read(folder / "fully-sharded")
    record.add("dcp-2-ranks/fully-sharded", "dcp", parts(sharded))
    for name, group in {"uneven": None, "shared": "shared"}.items():
        found = entries("model", read(folder / name)["model"])
        record.add(f"dcp-2-ranks/{name}", "dcp", found, group)
    gathered = {name: torch.empty_like(tensor) for name, tensor in shared_weights().items()}
    reader = HuggingFaceStorageReader(str(folder / PIECES))
    dcp.load(gathered, storage_reader=reader, no_dist=True)
    found = entries("model", gathered)
    record.add(f"dcp-2-ranks/{PIECES}", "safetensors-pieces", found, "shared")


def write(record: Record) -> None:
    """Writes all of them."""
    saved = {"training": training(adamw), "shared": {"model": shared_weights()}}
    for name, state in saved.items():
        path = f"dcp/{name}"
        dcp.save(state, checkpoint_id=record.empty_folder(path), no_dist=True)
        found = read(record.path(path))
        listed = (
            parts(found) if name == "training" else entries("model", found["model"])
        )
        record.add(path, "dcp", listed, "shared" if name == "shared" else None)
    path = "dcp/flat"
    dcp.save(shared_weights(), checkpoint_id=record.empty_folder(path), no_dist=True)
    record.add(path, "dcp", entries("model", read(record.path(path))), "shared")
    write_pair(record)
