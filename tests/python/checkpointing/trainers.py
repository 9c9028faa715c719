"""Checkpoints of Lightning, the Hugging Face trainer and Accelerate."""

import json
from pathlib import Path
from typing import Any

import lightning
import torch
from accelerate import Accelerator
from accelerate.utils import ProjectConfiguration
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import AdamW
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments
from transformers.trainer_callback import PrinterCallback
from transformers.utils.logging import disable_progress_bar

from .networks import LENGTH, TOKENS, Net, adamw, batches, step
from .record import Entry, Record, entries
from .safetensors_files import read_folder
from .torch_zips import load


class Module(lightning.LightningModule):
    """The network, trained by Lightning."""

    def __init__(self, rate: float = 1e-2) -> None:
        """Draws the weights."""
        super().__init__()
        self.save_hyperparameters()
        self.net = Net()

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        """The loss."""
        logits = self.net(batch[0])
        return functional.cross_entropy(logits.flatten(0, 1), batch[1].flatten())

    def configure_optimizers(self) -> Any:
        """An optimizer with a schedule."""
        optimizer = AdamW(self.parameters(), self.hparams.rate)
        return [optimizer], [StepLR(optimizer, 1)]


def loader() -> DataLoader[tuple[Tensor, ...]]:
    """Two batches."""
    tokens, wanted = (torch.cat(tensors) for tensors in zip(*batches(2), strict=True))
    return DataLoader(TensorDataset(tokens, wanted), 4)


def write_lightning(record: Record) -> None:
    """Two steps; the optimizers are a list, so that names start with an index."""
    torch.manual_seed(0)
    trainer = lightning.Trainer(
        max_steps=2,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=record.folder,
    )
    trainer.fit(Module(), loader())
    path = "lightning/last.ckpt"
    trainer.save_checkpoint(record.path(path))
    state = load(record.path(path))
    found = [*entries("model", state["state_dict"])]
    found += entries("optimizer", state["optimizer_states"])
    record.add(path, "lightning", found)


def optimizer_entries(path: Path) -> list[Entry]:
    """The tensors of a file that is an optimizer's state."""
    return [*entries("optimizer", load(path))]


def gpt2() -> GPT2LMHeadModel:
    """A tiny one; its head is its embedding."""
    torch.manual_seed(0)
    sizes = {"n_positions": LENGTH, "n_embd": 8, "n_layer": 1, "n_head": 2}
    return GPT2LMHeadModel(GPT2Config(vocab_size=TOKENS, **sizes))


def write_transformers(record: Record) -> None:
    """A checkpoint after two steps, and saved models in shards and as pickles."""
    net = gpt2()
    rows = [
        {"input_ids": row, "labels": row} for batch in batches(2) for row in batch[0]
    ]
    folder = record.empty_folder("hf-trainer")
    arguments = TrainingArguments(
        str(folder),
        max_steps=2,
        save_steps=2,
        per_device_train_batch_size=4,
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
    )
    trainer = Trainer(net, arguments, train_dataset=rows)
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    checkpoint = folder / "checkpoint-2"
    found = [*read_folder(checkpoint), *optimizer_entries(checkpoint / "optimizer.pt")]
    record.add("hf-trainer/checkpoint-2", "hf-trainer", found)

    path = "hf-sharded/model"
    net.save_pretrained(record.empty_folder(path), max_shard_size="2KB")
    record.add(path, "hf-sharded", read_folder(record.path(path)))
    write_pickled_shards(record, net.state_dict())


def write_pickled_shards(record: Record, state: dict[str, Tensor]) -> None:
    """Two `pytorch_model` shards with an index, which transformers no longer writes."""
    names = [name for name in state if name != "lm_head.weight"]
    folder = record.empty_folder("hf-sharded/pickled")
    files: dict[str, str] = {}
    found: list[Entry] = []
    for index, chosen in enumerate((names[:4], names[4:]), start=1):
        file = f"pytorch_model-{index:05}-of-00002.bin"
        torch.save({name: state[name] for name in chosen}, folder / file)
        files |= dict.fromkeys(chosen, file)
        found += entries("model", load(folder / file))
    size = sum(state[name].nbytes for name in names)
    document = {"metadata": {"total_size": size}, "weight_map": files}
    text = json.dumps(document, indent=2) + "\n"
    (folder / "pytorch_model.bin.index.json").write_text(text, encoding="utf-8")
    record.add("hf-sharded/pickled", "hf-sharded", found)


def write_accelerate(record: Record) -> None:
    """The state of a training run, with the model in both forms."""
    for form, safe in {"safetensors": True, "pickled": False}.items():
        path = f"accelerate/{form}"
        folder = record.empty_folder(path)
        accelerator = Accelerator(cpu=True, project_config=ProjectConfiguration())
        torch.manual_seed(0)
        net: nn.Module = Net()
        optimizer = adamw(net)
        prepared = accelerator.prepare(net, optimizer, loader(), StepLR(optimizer, 1))
        net, optimizer, data, schedule = prepared
        for tokens, wanted in data:
            step(net, optimizer, tokens, wanted)
            schedule.step()
        accelerator.save_state(str(folder), safe_serialization=safe)
        accelerator.free_memory()
        weights = folder / "pytorch_model.bin"
        model = [*read_folder(folder)] if safe else [*entries("model", load(weights))]
        found = model + optimizer_entries(folder / "optimizer.bin")
        record.add(path, "accelerate", found)


def write(record: Record) -> None:
    """Writes all of them."""
    disable_progress_bar()
    write_lightning(record)
    write_transformers(record)
    write_accelerate(record)
