"""TorchScript archives and packages of `torch.export`."""

import torch
from torch import Tensor, nn

from .networks import LENGTH, TOKENS, trained
from .record import Record, entries


class Lifted(nn.Module):
    """A tied weight, and a constant that is neither parameter nor buffer."""

    def __init__(self) -> None:
        """Draws the weights."""
        super().__init__()
        self.first = nn.Linear(4, 4, bias=False)
        self.second = nn.Linear(4, 4)
        self.second.weight = self.first.weight
        self.register_buffer("hidden", torch.arange(4.0), persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        """Anything that uses all of them."""
        constant = torch.tensor([0.5, 1.5, 2.5, 3.5])
        return self.second(self.first(values) * constant + self.hidden)


def write_scripts(record: Record) -> None:
    """The network traced and scripted, and a script in half precision."""
    net = trained()
    tokens = torch.arange(LENGTH).reshape(1, LENGTH) % TOKENS
    programs = {
        "traced.pt": torch.jit.trace(net, tokens),
        "scripted.pt": torch.jit.script(net),
        "half.ts": torch.jit.script(
            nn.Sequential(nn.Linear(3, 4), nn.ReLU()).bfloat16()
        ),
        "frozen.pt": torch.jit.freeze(torch.jit.script(net)),
    }
    for name, program in programs.items():
        path = f"torchscript/{name}"
        torch.jit.save(program, record.path(path), {"labels.txt": b"one\ntwo\n"})
        state = torch.jit.load(record.path(path)).state_dict()
        note = "weights are constants of the code" if name == "frozen.pt" else ""
        record.add(path, "torchscript", entries("model", state), note=note)


def write_exports(record: Record) -> None:
    """Exported programs; constants are a part of their own."""
    torch.manual_seed(0)
    tokens = torch.arange(LENGTH).reshape(1, LENGTH) % TOKENS
    calls: dict[str, tuple[nn.Module, Tensor]] = {
        "model.pt2": (trained(), tokens),
        "lifted.pt2": (Lifted().eval(), torch.ones(2, 4)),
        "bfloat16.pt2": (Lifted().bfloat16().eval(), torch.ones(2, 4).bfloat16()),
    }
    for name, (net, values) in calls.items():
        path = f"pt2/{name}"
        torch.export.save(torch.export.export(net, (values,)), record.path(path))
        program = torch.export.load(record.path(path))
        found = [*entries("model", program.state_dict)]
        found += entries("constants", program.constants)
        record.add(path, "pt2", found)


def write(record: Record) -> None:
    """Writes all of them."""
    torch.manual_seed(0)
    write_scripts(record)
    write_exports(record)
