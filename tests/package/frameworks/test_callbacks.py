"""Callbacks in real training: a contract for each checkpoint, and not one bit of the training changed."""

import json
import pathlib
import warnings

import lightning
import numpy as np
import pytest
import reproof
import reproof.lightning
import reproof.transformers
import torch
import transformers


class Rows(torch.utils.data.Dataset):
    def __init__(self):
        generator = torch.Generator().manual_seed(1)
        self.ids = torch.randint(4, 60, (24, 12), generator=generator)

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, index):
        return {"input_ids": self.ids[index], "labels": int(self.ids[index].sum()) % 2}


def train(folder, callbacks, **options):
    """A real Trainer over a real, small BERT; gives what must not change."""
    torch.manual_seed(11)
    configuration = transformers.BertConfig(
        vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, num_labels=2
    )
    model = transformers.BertForSequenceClassification(configuration)
    arguments = transformers.TrainingArguments(
        output_dir=str(folder), max_steps=6, save_steps=2, logging_steps=1, per_device_train_batch_size=4, seed=11,
        report_to=[], use_cpu=True, disable_tqdm=True, dataloader_pin_memory=False, **options,
    )  # fmt: skip
    trainer = transformers.Trainer(model=model, args=arguments, train_dataset=Rows(), callbacks=callbacks)
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    buffers = {name: value.clone() for name, value in model.named_buffers()}
    return losses, reproof.digest(model).weights_digest, torch.random.get_rng_state(), buffers


def same(one, two):
    losses, weights, random, buffers = one
    return (
        losses == two[0]
        and weights == two[1]
        and torch.equal(random, two[2])
        and all(torch.equal(value, two[3][name]) for name, value in buffers.items())
    )


def test_trainer_writes_contracts_and_trains_the_same_bits(tmp_path):
    plain = train(tmp_path / "plain", [])
    callback = reproof.transformers.ContractCallback(seeds={"torch": 11}, notes={"why": "a test"}, owner="tests")
    assert same(train(tmp_path / "watched", [callback]), plain)
    assert len(callback.recorder.recorded) == 3
    for step in (2, 4, 6):
        checkpoint = tmp_path / "watched" / f"checkpoint-{step}"
        contract = json.loads((checkpoint / "reproof" / "contract.json").read_text())
        assert contract["context"]["notes"] == {"recorded-by": "training", "step": str(step), "why": "a test"}
        assert contract["context"]["seeds"] == {"torch": 11}
        assert {"optimizer", "rng"} <= set(contract["artifact"]["parts"])
        saved_in = json.loads((checkpoint / "reproof" / "environment" / "saved-in.json").read_text())
        assert saved_in["engine"] == {"name": "torch", "version": torch.__version__}
        assert saved_in["settings"]["package.transformers"] == transformers.__version__
        report = reproof.verify(checkpoint).check()
        assert report.assurance == "bytes"
    # The contract names the weights that the trainer had.
    assert reproof.digest(tmp_path / "watched" / "checkpoint-6").weights_digest == plain[1]
    # A checkpoint with a contract in it is resumed as any other.
    optimizer = tmp_path / "watched" / "checkpoint-6" / "optimizer.pt"
    data = bytearray(optimizer.read_bytes())
    data[len(data) // 2] ^= 1
    optimizer.write_bytes(bytes(data))
    assert reproof.verify(tmp_path / "watched" / "checkpoint-6").verdict == "corrupt"


def test_trainer_that_keeps_the_last_few_loses_no_sleep(tmp_path):
    callback = reproof.transformers.ContractCallback()
    with warnings.catch_warnings():
        warnings.simplefilter("error", reproof.transformers.CheckpointWarning)
        train(tmp_path / "few", [callback], save_total_limit=1)
    left = sorted(path.name for path in (tmp_path / "few").glob("checkpoint-*"))
    assert left == ["checkpoint-6"]
    assert reproof.verify(tmp_path / "few" / "checkpoint-6").check().passed


def test_with_cases_the_checkpoint_is_run(tmp_path):
    np.savez(tmp_path / "ids.npz", input_ids=Rows().ids[:3].numpy())
    callback = reproof.transformers.ContractCallback(cases=tmp_path / "ids.npz", budget=1.0)
    train(tmp_path / "run", [callback], save_total_limit=1)
    contract = json.loads((tmp_path / "run" / "checkpoint-6" / "reproof" / "contract.json").read_text())
    assert [case["name"] for case in contract["suite"]] == ["ids"]
    assert contract["loading"]["adapter"] == "transformers"
    assert reproof.verify(tmp_path / "run" / "checkpoint-6").check().assurance == "outputs"


def test_what_cannot_be_recorded_is_a_warning_and_no_end(tmp_path):
    np.savez(tmp_path / "wrong.npz", nobody=np.zeros((1, 2)))
    callback = reproof.transformers.ContractCallback(cases=tmp_path / "wrong.npz", budget=1.0)
    with pytest.warns(reproof.transformers.CheckpointWarning, match="has no contract: error: no typical case ran: .*exactly one of input_ids"):
        losses, *_ = train(tmp_path / "wrong", [callback])
    assert len(losses) == 6


class Module(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.BatchNorm1d(16), torch.nn.Dropout(0.1))

    def training_step(self, batch, index):
        loss = self.net(batch).square().mean()
        self.losses = [*getattr(self, "losses", []), loss.item()]
        return loss

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters())


def fit(folder, callbacks, plugins=()):
    torch.manual_seed(13)
    module = Module()
    rows = torch.utils.data.DataLoader(torch.rand(32, 8), batch_size=4)
    keep = lightning.pytorch.callbacks.ModelCheckpoint(dirpath=folder, every_n_train_steps=4, save_last=True)
    trainer = lightning.Trainer(
        max_epochs=2, callbacks=[keep, *callbacks], plugins=list(plugins), logger=False, accelerator="cpu",
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(module, rows)
    buffers = {name: value.clone() for name, value in module.named_buffers()}
    return module.losses, reproof.digest(module).weights_digest, torch.random.get_rng_state(), buffers


@pytest.mark.parametrize("kind", ["plain", "asynchronous"])
def test_lightning_writes_contracts_and_trains_the_same_bits(tmp_path, kind):
    plugins = [lightning.pytorch.plugins.io.AsyncCheckpointIO()] if kind == "asynchronous" else []
    plain = fit(tmp_path / "plain", [])
    callback = reproof.lightning.ContractCallback(notes={"why": "a test"})
    assert same(fit(tmp_path / "watched", [callback], plugins), plain)
    left = sorted(path for path in (tmp_path / "watched").glob("*.ckpt"))
    assert [path.name for path in left][-2:] == ["epoch=1-step=16.ckpt", "last.ckpt"]
    # Lightning leaves those that it removes before they are written.
    assert len(left) == 2 or kind == "asynchronous"
    for checkpoint in left:
        report = reproof.verify(checkpoint).check()
        assert report.assurance == "bytes"
    contract = json.loads((left[-2].with_name(left[-2].name + ".reproof") / "contract.json").read_text())
    assert contract["context"]["notes"] == {"recorded-by": "training", "step": "16", "why": "a test"}
    # `last.ckpt` was saved several times: each contract names the one before.
    last = json.loads((left[-1].with_name("last.ckpt.reproof") / "contract.json").read_text())
    assert last["previous"]["accepted_by"] == "training"
    # Contracts of checkpoints that were removed are gone.
    contracts = sorted(path.name for path in pathlib.Path(tmp_path / "watched").glob("*.reproof"))
    assert contracts == [f"{path.name}.reproof" for path in left]
