"""The network, its training, and the weights that many formats share."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import StepLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

TOKENS, WIDTH, LENGTH = 16, 8, 6


class Net(nn.Module):
    """Tied weights, running statistics, and a buffer that is not persistent."""

    def __init__(self) -> None:
        """Draws the weights."""
        super().__init__()
        self.embed = nn.Embedding(TOKENS, WIDTH)
        self.conv = nn.Conv1d(WIDTH, WIDTH, 3, padding=1)
        self.norm = nn.BatchNorm1d(WIDTH)
        self.hidden = nn.Linear(WIDTH, WIDTH)
        self.head = nn.Linear(WIDTH, TOKENS, bias=False)
        self.head.weight = self.embed.weight
        self.register_buffer("scale", torch.linspace(0.5, 1.5, WIDTH))
        self.register_buffer("shift", torch.arange(WIDTH) / 16, persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits [batch, length, tokens] of int64 [batch, length]."""
        values = self.embed(tokens).transpose(1, 2)
        values = functional.relu(self.norm(self.conv(values))).transpose(1, 2)
        values = self.hidden(values) * self.scale + self.shift
        return self.head(values)


def batches(count: int) -> Iterable[tuple[Tensor, Tensor]]:
    """Tokens and what to predict."""
    generator = torch.Generator().manual_seed(1)
    for _ in range(count):
        tokens = torch.randint(0, TOKENS, (4, LENGTH), generator=generator)
        yield tokens, tokens.roll(1, 1)


def step(net: nn.Module, optimizer: Optimizer, tokens: Tensor, wanted: Tensor) -> None:
    """One step of training."""
    optimizer.zero_grad()
    logits = net(tokens)
    functional.cross_entropy(logits.flatten(0, 1), wanted.flatten()).backward()
    optimizer.step()


def adamw(net: nn.Module) -> Optimizer:
    """Two tensors and a counter per parameter."""
    return AdamW(net.parameters(), 1e-2, amsgrad=True)


def momentum(net: nn.Module) -> Optimizer:
    """One tensor per parameter."""
    return SGD(net.parameters(), 1e-2, momentum=0.9, nesterov=True)


def named(net: nn.Module) -> Optimizer:
    """One that saves the names of its weights."""
    return AdamW(net.named_parameters(), 1e-2)


def reordered(net: nn.Module) -> Optimizer:
    """The same with its weights in another order than the model's."""
    return AdamW(list(net.named_parameters())[::-1], 1e-2)


def training(
    choose: Callable[[nn.Module], Optimizer], steps: int = 2
) -> dict[str, Any]:
    """The state of a training run, as scripts save it."""
    torch.manual_seed(0)
    net = Net()
    optimizer = choose(net)
    scheduler = StepLR(optimizer, 1, 0.5)
    average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    for tokens, wanted in batches(steps):
        step(net, optimizer, tokens, wanted)
        scheduler.step()
        average.update_parameters(net)
    scaler = torch.amp.GradScaler("cpu")
    # The same numbers that `numpy.random.seed(0)` would leave behind.
    numpy_state = np.random.RandomState(0).get_state()
    return {
        "model": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "scaler": scaler.state_dict(),
        "ema": average.module.state_dict(),
        "epoch": 1,
        "step": steps,
        "rng": {"torch": torch.get_rng_state(), "numpy": numpy_state},
    }


def trained() -> Net:
    """The network after two steps."""
    torch.manual_seed(0)
    net = Net()
    optimizer = adamw(net)
    for tokens, wanted in batches(2):
        step(net, optimizer, tokens, wanted)
    return net.eval()


def shared_weights() -> dict[str, Tensor]:
    """Float32 tensors that every format can hold: 1 to 4 dims, none of them 1."""
    generator = torch.Generator().manual_seed(2)
    shapes = {
        "stem.weight": (4, 3, 3, 2),
        "stem.bias": (4,),
        "blocks.0.attention.weight": (8, 32),
        "blocks.0.attention.bias": (8,),
        "blocks.10.attention.weight": (8, 32),
        "blocks.2.attention.weight": (8, 32),
        "positions": (2, 5, 8),
        "head.weight": (16, 8),
    }
    draw = {
        name: torch.randn(shape, generator=generator) for name, shape in shapes.items()
    }
    draw["stem.bias"][:3] = torch.tensor([float("nan"), -0.0, float("-inf")])
    return draw
