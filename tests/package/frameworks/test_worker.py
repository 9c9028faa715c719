"""The worker itself, from its sources and in processes of its own: what user code and large tensors do to it."""

import os
import pathlib
import subprocess
import sys

import pytest
import torch

WORKER = pathlib.Path(__file__).resolve().parents[3] / "python" / "worker"

FORKING = """
import os, socket, sys
from _reproof_worker import main
from _reproof_worker.channel import Channel

ours, theirs = socket.socketpair()
channel = Channel(theirs)
worker = main._Worker(channel)
codes = []

def forks(end):
    copy = os.fork()
    if copy == 0:
        return end()
    codes.append(os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]))
    return {"of": "the parent"}

ends = {"done": sys.exit, "three": lambda: sys.exit(3), "raises": lambda: 1 / 0, "lets": dict}
for name, end in ends.items():
    setattr(worker, "_" + name, lambda request, end=end: forks(end))
    channel.send({"id": name, "reply": worker.answer({"do": name})})
ours.setblocking(False)
answers = ours.recv(1 << 16).splitlines()
assert len(answers) == 4 and all(b"of" in answer for answer in answers), answers
assert codes == [0, 3, 1, 1], codes
"""

LARGE = """
import torch
from _reproof_worker.adapters import torch_tensor

tensor = torch.zeros(2**31 + 8, dtype=torch.uint8)
tensor[-1] = 7
data = torch_tensor.content(tensor)[2]
assert len(data) == 2**31 + 8 and data[-2:] == b"\\0\\7"
"""

PRECISE = """
import torch

torch.backends.cuda.matmul.fp32_precision = "tf32"
from _reproof_worker import frameworks
from _reproof_worker.adapters import torch_module

assert torch_module.settings()["torch.matmul_precision"].startswith("cuda tf32")
found, problems = frameworks.facts()
assert not problems and found["torch.matmul_precision"].startswith("cuda tf32")
"""


def run(code):
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], env=os.environ | {"PYTHONPATH": str(WORKER)}, capture_output=True,
        text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_copies_that_user_code_forks_give_no_answers():
    run(FORKING)


def test_tensors_of_more_than_two_gibibytes_are_read():
    run(LARGE)


@pytest.mark.skipif(not hasattr(torch.backends.cuda.matmul, "fp32_precision"), reason="an older torch")
def test_precision_that_is_chosen_for_each_backend_is_told():
    run(PRECISE)
