"""A training whose weights are sharded by `wrapped` modules or `fully`, in a process that is alone: FOLDER, which."""

import pathlib
import sys

import reproof.torch
import torch
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard


def build(way):
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 2))
    if way == "fully":
        mesh = init_device_mesh("cpu", (torch.distributed.get_world_size(),))
        for module in (*net, net):
            fully_shard(module, mesh=mesh)
        return net
    device = torch.device("cpu")
    wrapped = torch.nn.Sequential(*(FullyShardedDataParallel(module, device_id=device) for module in net))
    return FullyShardedDataParallel(wrapped, device_id=device)


def main(folder, way):
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/met", rank=0, world_size=1)
    model = build(way)
    optimizer = torch.optim.AdamW(model.parameters())
    with reproof.torch.Trajectory(model, optimizer, contract=False) as trajectory:
        for step in range(2):
            loss = model(torch.ones(3, 4)).sum()
            loss.backward()
            optimizer.step()
            trajectory.step(step, loss=loss)
    assert "initialisation" not in trajectory._observer.context
    if way == "fully":
        # What this process has of it, which here is all.
        whole = {name: value.full_tensor() for name, value in model.state_dict().items()}
        assert reproof.digest(model).weights_digest == reproof.digest(whole).weights_digest
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2])
