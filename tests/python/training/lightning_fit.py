"""A training with Lightning, whose data are shuffled and augmented in workers.

    python lightning_fit.py --out DIR                   # 36 steps, with DIR/step=18.ckpt in the middle of an epoch
    python lightning_fit.py --resume "DIR/step=18.ckpt" # what `trainer.fit(..., ckpt_path=...)` does

Checkpoints of Lightning have neither random states nor the position in the data. With `--complete`, given both times, a
callback and a loader with a state add them. Prints the losses as JSON.
"""

import argparse
import json
import random
from pathlib import Path

import lightning
import numpy as np
import reproof.lightning
import small
import torch


class Module(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = small.Net()
        self.losses = []

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch, index):
        inputs, *targets = small.mixed(*batch)
        loss = small.loss_of(self.net(inputs), *targets)
        self.losses.append(loss.item())
        return loss

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(self.parameters(), lr=0.01)
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, small.STEPS)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


class Resumable(torch.utils.data.DataLoader):
    """A loader that knows where it is: the generator as it was when the epoch began, and the batches given since."""

    given, skip, at_epoch = 0, 0, None

    def __iter__(self):
        self.given, skip, self.skip = 0, self.skip, 0
        self.at_epoch = self.generator.get_state()
        for index, batch in enumerate(super().__iter__()):
            self.given += 1
            # Fetched all the same, so that the workers' random numbers are where they were.
            if index >= skip:
                yield batch

    def state_dict(self):
        return {"at_epoch": self.at_epoch, "given": self.given}

    def load_state_dict(self, state):
        self.generator.set_state(state["at_epoch"])
        self.skip = state["given"]


class RandomStates(lightning.Callback):
    """Random states, put back when the first batch is there."""

    state = None

    def state_dict(self):
        return {"python": random.getstate(), "numpy": np.random.get_state(), "torch": torch.get_rng_state()}

    def load_state_dict(self, state):
        self.state = state

    def on_train_batch_start(self, trainer, module, batch, index):
        if self.state is not None:
            random.setstate(self.state["python"])
            np.random.set_state(self.state["numpy"])
            torch.set_rng_state(self.state["torch"])
            self.state = None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--resume", type=Path)
    parser.add_argument("--complete", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--accumulate", type=int, default=1)
    parser.add_argument("--steps", type=int, default=8, help="steps to record after the checkpoint")
    told = parser.parse_args()
    torch.set_num_threads(told.threads)
    small.sow(4711 if told.resume else 3)
    module = Module()
    loader = (Resumable if told.complete else torch.utils.data.DataLoader)(
        small.Augmented(), batch_size=small.ROWS, shuffle=True, num_workers=told.workers,
        generator=torch.Generator().manual_seed(4), worker_init_fn=small.seed_worker,
    )  # fmt: skip
    folder = told.out or told.resume.parent
    keep = lightning.pytorch.callbacks.ModelCheckpoint(
        dirpath=folder, filename="{step}", every_n_train_steps=small.CHECKPOINT, save_top_k=-1
    )
    contract = reproof.lightning.ContractCallback(trajectory=told.steps, inputs=small.examples())
    trainer = lightning.Trainer(
        max_steps=small.STEPS, callbacks=[*([RandomStates()] if told.complete else []), contract, keep], logger=False,
        accelerator="cpu", enable_progress_bar=False, enable_model_summary=False,
        accumulate_grad_batches=told.accumulate,
    )  # fmt: skip
    trainer.fit(module, loader, ckpt_path=told.resume, weights_only=False)
    print(json.dumps(module.losses))


if __name__ == "__main__":
    main()
