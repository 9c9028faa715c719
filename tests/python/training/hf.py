"""A training with `transformers.Trainer`, whose data are augmented at random in the process that trains.

    python hf.py --out DIR                    # 24 steps, with DIR/checkpoint-9 and its contract
    python hf.py --resume DIR/checkpoint-9    # what `trainer.train(resume_from_checkpoint=...)` does

The trainer restores random states after it has fetched the first batches, and those were augmented before the
checkpoint was saved. With `--complete`, given both times, augmentation depends on nothing but the epoch and the sample.
Prints the losses as JSON.
"""

import argparse
import json
from pathlib import Path

import reproof.transformers
import torch
import transformers

STEPS, CHECKPOINT = 24, 9


class Masked(torch.utils.data.Dataset):
    """Texts of which random words are hidden."""

    def __init__(self, complete):
        self.complete, self.epoch = complete, 0
        self.ids = torch.randint(4, 60, (48, 12), generator=torch.Generator().manual_seed(1))

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(1_000_000 * self.epoch + index) if self.complete else None
        hidden = torch.rand(12, generator=generator) < 0.2
        return {"input_ids": self.ids[index].masked_fill(hidden, 3), "labels": int(self.ids[index].sum()) % 2}


class Epochs(transformers.TrainerCallback):
    """Tells the data which epoch it is."""

    def __init__(self, data):
        self.data = data

    def on_epoch_begin(self, args, state, control, **kwargs):
        self.data.epoch = int(state.epoch)


def trainer(folder, told):
    transformers.set_seed(11)
    configuration = transformers.BertConfig(
        vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, num_labels=2
    )
    arguments = transformers.TrainingArguments(
        output_dir=str(folder), max_steps=STEPS, save_steps=CHECKPOINT, save_total_limit=None, logging_steps=1,
        per_device_train_batch_size=4, gradient_accumulation_steps=told.accumulate, seed=11, report_to=[], use_cpu=True,
        disable_tqdm=True, dataloader_pin_memory=False, dataloader_num_workers=told.workers, learning_rate=1e-3,
    )  # fmt: skip
    data = Masked(told.complete)
    contract = reproof.transformers.ContractCallback(trajectory=told.steps, inputs={"input_ids": data.ids[:4]})
    return transformers.Trainer(
        model=transformers.BertForSequenceClassification(configuration), args=arguments, train_dataset=data,
        callbacks=[Epochs(data), contract],
    )  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--resume", type=Path)
    parser.add_argument("--complete", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--accumulate", type=int, default=1)
    parser.add_argument("--steps", type=int, default=8, help="steps to record after the checkpoint")
    told = parser.parse_args()
    torch.set_num_threads(told.threads)
    made = trainer(told.out or told.resume.parent, told)
    made.train(resume_from_checkpoint=str(told.resume) if told.resume else None)
    print(json.dumps([entry["loss"] for entry in made.state.log_history if "loss" in entry]))


if __name__ == "__main__":
    main()
