"""safetensors: one file, two shards with an index, every dtype, odd shapes."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from .networks import trained
from .record import Entry, Record, entries

DTYPES = {
    "bf16": torch.bfloat16,
    "f16": torch.float16,
    "f64": torch.float64,
    "f8-e4m3": torch.float8_e4m3fn,
    "f8-e5m2": torch.float8_e5m2,
    "i64": torch.int64,
    "i8": torch.int8,
    "u16": torch.uint16,
    "u32": torch.uint32,
    "bool": torch.bool,
    "c64": torch.complex64,
}


def untied(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors that share nothing, as `save_file` wants them."""
    return {name: tensor.clone().contiguous() for name, tensor in state.items()}


def read_folder(folder: Path) -> Iterator[Entry]:
    """All tensors of a folder of shards."""
    for shard in sorted(folder.glob("*.safetensors")):
        yield from entries("model", load_file(shard))


def save_shards(folder: Path, state: Mapping[str, Tensor], stem: str = "model") -> None:
    """Two shards with an index, as Hugging Face lays them out."""
    folder.mkdir(parents=True, exist_ok=True)
    names = list(state)
    half = len(names) // 2
    files = {}
    for index, chosen in enumerate((names[:half], names[half:]), start=1):
        file = f"{stem}-{index:05}-of-00002.safetensors"
        save_file({name: state[name] for name in chosen}, folder / file)
        files |= dict.fromkeys(chosen, file)
    size = sum(tensor.nbytes for tensor in state.values())
    document = {"metadata": {"total_size": size}, "weight_map": files}
    path = folder / f"{stem}.safetensors.index.json"
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def write(record: Record) -> None:
    """Writes all of them."""
    state = untied(trained().state_dict())

    def single(
        name: str, tensors: dict[str, Tensor], **options: dict[str, str]
    ) -> None:
        path = f"safetensors/{name}.safetensors"
        save_file(tensors, record.path(path), **options)
        record.add(path, "safetensors", entries("model", load_file(record.path(path))))

    single("model", state)
    single("metadata", state, metadata={"format": "pt", "note": 'å "quoted"\n'})
    values = torch.arange(12).reshape(3, 4)
    for name, dtype in DTYPES.items():
        single(name, {"weight": values.to(dtype), "other": (values[:1] + 1).to(dtype)})
    odd = {
        "none": torch.empty(0, 3),
        "rows": torch.empty(3, 0),
        "scalar": torch.tensor(2.5),
    }
    single("odd-shapes", odd | {"count": torch.tensor(7), "ones": torch.ones(1, 1, 1)})
    single("only-empty", {"none": torch.empty(0)})
    single("no-tensors", {})

    path = "safetensors-sharded/two"
    save_shards(record.path(path), state)
    record.add(path, "safetensors-sharded", read_folder(record.path(path)))
