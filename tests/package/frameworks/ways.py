"""What may be done to the networks of `networks.py`: planted faults, and changes that do no harm.

One artifact has the weights of all networks. A loader gives one module with an output for every way of running each
of them, `<way>.<network>.<precision>`. `original` runs them as they are, whatever the way is called; `planted` and
`toggled` change the ways that are theirs and leave the others alone. So one verification judges all of them, each for
itself, with what was not changed beside it.
"""

import contextlib
import functools

import networks
import torch
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

# How far rounding that goes wrong pushes the first of two near scores back: further than it is ahead.
PUSHED = 16
# So large that a push is lost beside it in a narrow precision, and not in float64.
LARGE = 1024


class Together(torch.nn.Module):
    """Several modules over the same pixels, some of them the same; gives what each gives by its name."""

    def __init__(self, ways):
        super().__init__()
        self.ways = torch.nn.ModuleDict({name.replace(".", "-"): way for name, way in ways.items()})
        self.names = list(ways)

    def forward(self, pixels):
        given = {}
        for way in self.ways.values():
            if way not in given:
                given[way] = way(pixels)
        return {name: given[way] for name, way in zip(self.names, self.ways.values())}


class Then(torch.nn.Module):
    """A network, and something that is done to its scores."""

    def __init__(self, network, change):
        super().__init__()
        self.network, self.change = network, change

    def forward(self, pixels):
        return self.change(self.network(pixels))


class Within(torch.nn.Module):
    """A network that runs within a setting."""

    def __init__(self, network, setting):
        super().__init__()
        self.network, self.setting = network, setting

    def forward(self, pixels):
        with self.setting():
            return self.network(pixels)


# Faults: each takes a function that loads a network with other constants, and gives the faulty one.


def _weight(load):
    """One weight, of a million in the transformer, is larger by a part in 256: a unit in the last place of bfloat16."""
    network = load()
    layer = network.table if hasattr(network, "table") else network.body[0]
    changed = layer.weight.detach().clone()
    changed.view(-1)[1] *= 257 / 256
    assert (changed != layer.weight).sum() == 1
    layer.weight = torch.nn.Parameter(changed)
    return network


def _decision(load):
    """One score of one image loses more than it was ahead by, through rounding alone: in float64 nothing is lost."""
    network = load()
    small = PUSHED * networks.unit(network.head.weight.dtype)

    def push(scores):
        lost = (torch.full_like(scores[0, 0], LARGE) + small - LARGE) - small
        moved = scores.clone()
        moved[0, networks.FIRST] += lost
        return moved

    return Then(network, push)


def _hidden(load):
    """Another function, by a quarter of what rounding to float32 can hide."""
    return Then(load(), lambda scores: scores + scores * 2.0**-27)


FAULTS = {
    "epsilon": lambda load: load(epsilon=1e-6),
    "gelu": lambda load: load(approximate="tanh"),
    "divisor": lambda load: load(divisor=256),
    "weight": _weight,
    "decision": _decision,
    "hidden": _hidden,
}


# Harmless changes: each takes a network and gives one that computes the same function in another way.


class Alone(torch.nn.Module):
    """A network that runs each image by itself."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, pixels):
        return torch.cat([self.network(image) for image in pixels.split(1)])


def _attention_fused(network):
    for block in network.body:
        block.attend = functional.scaled_dot_product_attention
    return network


def _attention_by_definition(network):
    return Within(_attention_fused(network), lambda: sdpa_kernel(SDPBackend.MATH))


def _channels_last(network):
    return network.to(memory_format=torch.channels_last)


class Optimised(torch.nn.Module):
    """A network whose body is traced and optimised in whatever precision it runs: norms become part of weights."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, pixels):
        body = self.network.body
        self.network.body = self.Lazily(body)
        try:
            return self.network(pixels)
        finally:
            self.network.body = body

    class Lazily(torch.nn.Module):
        def __init__(self, body):
            super().__init__()
            self.body = body

        def forward(self, x):
            traced = torch.jit.freeze(torch.jit.trace(self.body, x, check_trace=False))
            return torch.jit.optimize_for_inference(traced)(x)


@contextlib.contextmanager
def _deterministic():
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


@contextlib.contextmanager
def _denormals_flushed():
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def _within(setting):
    return lambda network: Within(network, setting)


HARMLESS = {
    "mkldnn-off": _within(lambda: torch.backends.mkldnn.flags(enabled=False)),
    "deterministic": _within(_deterministic),
    "denormals-flushed": _within(_denormals_flushed),
    "with-gradients": _within(torch.enable_grad),
    "alone": Alone,
    "optimised": Optimised,
}
# Only where there is attention, or an image.
OF_ATTENTION = {"attention-fused": _attention_fused, "attention-by-definition": _attention_by_definition}
OF_IMAGES = {"channels-last": _channels_last}


def names():
    """The names of all outputs: `<way>.<network>.<precision>`."""
    return [f"{way}.{name}" for name in networks.each() for way in [*FAULTS, *_harmless(name)]]


def _harmless(name):
    return {**HARMLESS, **(OF_ATTENTION if name.startswith("transformer") else OF_IMAGES)}


def _together(path, changes):
    """All ways; `changes` gives for a network, by the names of ways, what they do with a function that loads it."""
    weights = torch.load(path, weights_only=True)
    made = {}
    for name in networks.each():
        load = functools.partial(networks.load, name, weights)
        changed, untouched = changes(name), load()
        for way in [*FAULTS, *_harmless(name)]:
            made[f"{way}.{name}"] = changed[way](load) if way in changed else untouched
    return Together(made)


def original(path):
    return _together(path, lambda name: {})


def planted(path):
    return _together(path, lambda name: FAULTS)


def toggled(path):
    def changes(name):
        return {way: lambda load, change=change: change(load()) for way, change in _harmless(name).items()}

    return _together(path, changes)
