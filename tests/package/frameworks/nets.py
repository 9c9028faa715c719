"""A small real network, and what builds it."""

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
        return self.head(self.drop(torch.nn.functional.max_pool2d(x, 2).flatten(1)))


def build():
    return Net().eval()


def with_another_epsilon():
    net = build()
    net.norm.eps = 1e-3
    return net
