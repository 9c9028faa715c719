"""Two small real networks that read 64 pixels, and their weights in three precisions."""

import torch
from torch.nn import functional

PRECISIONS = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
CLASSES = 10

# Two classes that every head can hardly tell apart: the scores of both are between 8 and 16, and the first is ahead of
# the second by so many units in the last place.
FIRST, SECOND, AHEAD = 3, 4, 4


def unit(dtype):
    """The unit in the last place of a score between 8 and 16."""
    return 8 * torch.finfo(dtype).eps


def attention(query, key, value):
    """Written out: torch 2.15 has none of its own for 16 bits where `ATEN_CPU_CAPABILITY` is below the processor's."""
    return (query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5).softmax(-1) @ value


class Block(torch.nn.Module):
    def __init__(self, width, epsilon, approximate):
        super().__init__()
        self.before = torch.nn.LayerNorm(width, eps=epsilon)
        self.mixed = torch.nn.Linear(width, 3 * width)
        self.out = torch.nn.Linear(width, width)
        self.between = torch.nn.LayerNorm(width, eps=epsilon)
        self.up = torch.nn.Linear(width, 4 * width)
        self.down = torch.nn.Linear(4 * width, width)
        self.approximate = approximate
        self.attend = attention

    def forward(self, x):
        query, key, value = self.mixed(self.before(x)).unflatten(-1, (3, 4, -1)).permute(2, 0, 3, 1, 4)
        x = x + self.out(self.attend(query, key, value).transpose(1, 2).flatten(-2))
        return x + self.down(functional.gelu(self.up(self.between(x)), approximate=self.approximate))


class Transformer(torch.nn.Module):
    """Two blocks behind a table of a million weights: a row for every value that a pixel can have in its place."""

    WIDTH = 64

    def __init__(self, epsilon=1e-5, approximate="none", divisor=255):
        super().__init__()
        self.divisor = divisor
        self.table = torch.nn.Embedding(64 * 256, self.WIDTH)
        self.light = torch.nn.Linear(1, self.WIDTH)
        self.body = torch.nn.Sequential(*(Block(self.WIDTH, epsilon, approximate) for _ in range(2)))
        self.norm = torch.nn.LayerNorm(self.WIDTH, eps=epsilon)
        self.head = torch.nn.Linear(self.WIDTH, CLASSES)

    def forward(self, pixels):
        rows = pixels + 256 * torch.arange(64)
        light = pixels.to(self.light.weight.dtype).unsqueeze(-1) / self.divisor
        x = self.table(rows) + self.light(light)
        return self.head(self.norm(self.body(x)).mean(1))


class Convolution(torch.nn.Module):
    """Convolutions and a norm over the pixels as an image of 8 by 8."""

    def __init__(self, epsilon=1e-5, approximate="none", divisor=255):
        super().__init__()
        self.divisor = divisor
        self.body = torch.nn.Sequential(
            torch.nn.Conv2d(1, 32, 3, padding=1),
            torch.nn.BatchNorm2d(32, eps=epsilon),
            torch.nn.GELU(approximate=approximate),
            torch.nn.Conv2d(32, 64, 3, padding=1, stride=2),
            torch.nn.ReLU(),
        )
        self.head = torch.nn.Linear(64, CLASSES)

    def forward(self, pixels):
        x = pixels.to(self.head.weight.dtype).unflatten(1, (1, 8, 8)) / self.divisor
        return self.head(self.body(x).mean((2, 3)))


NETWORKS = {"transformer": Transformer, "convolution": Convolution}


def each():
    """The names of all of them: `<network>.<precision>`."""
    return [f"{network}.{precision}" for network in NETWORKS for precision in PRECISIONS]


def build(name, **options):
    """One of them, with random weights."""
    network, precision = name.split(".")
    return NETWORKS[network](**options).eval().to(PRECISIONS[precision])


def load(name, weights, **options):
    """One of them, with its own of the weights of all."""
    own = {key.removeprefix(f"{name}."): value for key, value in weights.items() if key.startswith(f"{name}.")}
    # Drawing a million random numbers for each of many would take longer than all that is done with them.
    with torch.device("meta"):
        network = build(name, **options)
    network.load_state_dict(own, assign=True)
    return network


def weights():
    """The weights of all of them, each name with the network's before it."""
    torch.manual_seed(3)
    found = {}
    for name in each():
        network = build(name)
        head, dtype = network.head, network.head.weight.dtype
        with torch.no_grad():
            head.weight[SECOND] = head.weight[FIRST]
            head.bias[SECOND] = 10
            head.bias[FIRST] = 10 + AHEAD * unit(dtype)
        found.update({f"{name}.{key}": value for key, value in network.state_dict().items()})
    return found


def pixels():
    """Four images, whose values come from no random numbers: those differ between processors."""
    image, place = torch.arange(4).unsqueeze(1), torch.arange(64)
    return (image * 61 + place * (place + 7) * (image + 3)) % 256
