"""A training of two processes, to be started by `python -m torch.distributed.run`: FOLDER, and `record` or nothing.

A process that resumes needs nothing but the folder: it loads the checkpoint that is there.
"""

import os
import pathlib
import sys

import loops
import torch
from loops import small


def main(folder, record):
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo")
    rank = torch.distributed.get_rank()
    resumes = "REPROOF_RESUME" in os.environ
    loop = loops.Loop(workers=0)
    small.sow(100 + rank)
    model = torch.nn.parallel.DistributedDataParallel(loop.net)
    sampler = torch.utils.data.DistributedSampler(loop.loader.dataset, seed=5)
    # With a generator of its own it draws nothing from the states that are restored.
    loader = torch.utils.data.DataLoader(
        small.Augmented(seeded=True), batch_size=8, sampler=sampler, generator=torch.Generator()
    )
    path, done = folder / "step-3.pt", 0
    if resumes:
        state = torch.load(path, weights_only=False)
        for name in ("net", "optimizer", "scheduler"):
            getattr(loop, name).load_state_dict(state[name])
        torch.set_rng_state(state["random"][rank])
        done = 3
    trajectory = None
    if record:
        trajectory = loops.reproof.torch.Trajectory(
            model, loop.optimizer, scheduler=loop.scheduler, inputs=small.examples(), steps=4
        )
    for index, (x, y) in enumerate(loader):
        if index < done:
            continue
        if trajectory is not None:
            trajectory.batch((x, y))
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        loop.optimizer.step()
        loop.scheduler.step()
        loop.optimizer.zero_grad()
        done += 1
        loop.losses.append(loss.item())
        if trajectory is not None:
            trajectory.step(done, loss=loss)
        if done == 3:
            states = [None, None]
            torch.distributed.all_gather_object(states, torch.get_rng_state())
            if rank == 0:
                kept = {name: getattr(loop, name).state_dict() for name in ("net", "optimizer", "scheduler")}
                torch.save(kept | {"random": states}, path)
            if trajectory is not None:
                trajectory.saved(path)
        if done == 9:
            break
    if trajectory is not None:
        trajectory.close()
    torch.save(loop.state(), folder / f"state-{rank}.pt")
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2:] == ["record"])
