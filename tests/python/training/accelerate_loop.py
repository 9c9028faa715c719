"""A loop with Accelerate, whose data are shuffled and augmented in the process that trains.

    python accelerate_loop.py --out DIR                # 36 steps, with DIR/step-18 in the middle of an epoch
    python accelerate_loop.py --resume DIR/step-18     # `load_state` and `skip_first_batches`, as the manual says

`save_state` has no order of the data unless it is asked for, batches are fetched ahead, and fetching draws random
numbers that were restored before. With `--complete`, given both times, order and augmentation depend on nothing but the
epoch, and the loader draws from a generator of its own. Prints the losses as JSON.
"""

import argparse
import json
from pathlib import Path

import accelerate
import reproof.accelerate
import small
import torch


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
    accelerate.utils.set_seed(4711 if told.resume else 3)
    configuration = accelerate.DataLoaderConfiguration(use_seedable_sampler=told.complete, data_seed=3)
    accelerator = accelerate.Accelerator(
        cpu=True, gradient_accumulation_steps=told.accumulate, dataloader_config=configuration
    )
    net = small.Net()
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, small.STEPS)
    data = small.Augmented(seeded=told.complete)
    loader = torch.utils.data.DataLoader(
        data, batch_size=small.ROWS, shuffle=True, num_workers=told.workers,
        worker_init_fn=small.seed_worker, generator=torch.Generator() if told.complete else None,
    )  # fmt: skip
    net, optimizer, scheduler, loader = accelerator.prepare(net, optimizer, scheduler, loader)
    trajectory = reproof.accelerate.Trajectory(
        accelerator, net, optimizer, scheduler=scheduler, loader=loader, inputs=small.examples(), steps=told.steps
    )
    step, losses, batches = 0, [], loader
    if told.resume:
        accelerator.load_state(str(told.resume))
        step = int(told.resume.name.removeprefix("step-"))
        batches = accelerate.skip_first_batches(loader, step * told.accumulate % len(loader))
    while step < small.STEPS:
        if told.complete:
            data.epoch = step * told.accumulate // len(loader)
            batches.set_epoch(data.epoch)
        for x, y in trajectory.watch(batches):
            with accelerator.accumulate(net):
                inputs, *targets = small.mixed(x, y)
                loss = small.loss_of(net(inputs), *targets)
                losses.append(loss.item())
                trajectory.loss(loss)
                accelerator.backward(loss)
                optimizer.step()
                scheduler.step()
                optimizer.zero_grad()
            step += accelerator.sync_gradients
            trajectory.step(step)
            if accelerator.sync_gradients and step == small.CHECKPOINT and told.out:
                accelerator.save_state(str(told.out / f"step-{step}"))
                trajectory.saved(told.out / f"step-{step}", step)
            if step == small.STEPS:
                break
        batches = loader
    trajectory.close()
    print(json.dumps(losses))


if __name__ == "__main__":
    main()
