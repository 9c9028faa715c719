"""Loaders that the tests name: some good, some with one fault each."""

import ctypes
import os
import socket
import sys
import time

import torch


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 8, 3, padding=1)
        self.norm = torch.nn.BatchNorm2d(8)
        self.drop = torch.nn.Dropout(0.2)
        self.head = torch.nn.Linear(8 * 16, 10)

    def forward(self, x):
        x = torch.nn.functional.gelu(self.norm(self.conv(x)))
        x = torch.nn.functional.max_pool2d(x, 2).flatten(1)
        return self.head(self.drop(x))


def build():
    return Net().eval()


def function_of_half(path):
    net = Net().eval().half()
    net.load_state_dict(torch.load(path, weights_only=True))

    class Taking(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, x):
            return self.net(x.to(next(self.parameters()).dtype))

    return Taking().eval()


def build_epsilon():
    net = build()
    net.norm.eps = 1e-4
    return net


class TwoFaced(Net):
    def forward(self, x):
        scores = super().forward(x)
        return scores * 2 if torch.compiler.is_exporting() else scores


def build_two_faced():
    return TwoFaced().eval()


class Deciding(Net):
    def forward(self, x):
        scores = super().forward(x)
        return scores if float(scores.sum()) > 0 else -scores


def build_deciding():
    return Deciding().eval()


def build_training():
    return Net()


def build_other():
    net = Net().eval()
    net.head = torch.nn.Linear(8 * 16, 12)
    return net


def _weights(path):
    return torch.load(path, weights_only=True)["model_state_dict"]


def random_head(path):
    net = build()
    weights = {name: value for name, value in _weights(path).items() if not name.startswith("head.")}
    net.load_state_dict(weights, strict=False)
    return net


class Counting(Net):
    """Adds how often it was called, which it remembers."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        return super().forward(x)


def counting(path):
    net = Counting().eval()
    net.load_state_dict(_weights(path), strict=False)
    return net


def function(path):
    """A function of arrays that prints, and gives a tree."""
    net = build()
    net.load_state_dict(_weights(path))

    def classify(x):
        print('{"id": 1, "reply": {"status": "done"}}')
        print("looking at", x.shape, file=sys.stderr)
        with torch.no_grad():
            scores = net(torch.from_numpy(x)).numpy()
        return {"scores": scores, "best": [int(best) for best in scores.argmax(1)], "note": "digits", "none": None}

    return classify


def exits():
    os._exit(7)


def exits_politely():
    sys.exit("no licence")


def segfault():
    ctypes.string_at(0)


def hangs():
    while True:
        time.sleep(1)


def forks_and_hangs():
    if os.fork() == 0:
        time.sleep(600)
    return build()


def prints_much():
    for _ in range(200):
        print("x" * 100_000)
    return build()


def eats_memory():
    blocks = []
    while True:
        blocks.append(bytearray(64 << 20))


def calls_home():
    socket.create_connection(("192.0.2.1", 80), timeout=5)


def lacks():
    import a_package_that_nobody_has


def raises():
    raise ValueError("the tokenizer is from another model")
