"""Trajectories of loops written by hand: complete, and not one bit of the training changed."""

import copy
import gc
import json
import os
import pickle
import signal
import subprocess
import sys
import warnings
import weakref

import pytest
import reproof.data
import reproof.torch
import torch
from loops import Loop, different, small
from reproof.torch import CheckpointWarning

STATE = {"parameters", "buffers", "optimizer", "scheduler", "random"}
STEP = {"batch", "learning-rate", "loss", "gradient-norm", "random"}


def document(checkpoint):
    """The trajectory that is kept with a checkpoint."""
    contract = checkpoint.with_name(f"{checkpoint.name}.reproof")
    return json.loads((contract / "trajectory" / "trajectory.json").read_text())


def saver(loop, trajectory, folder, steps):
    """Saves at some steps."""

    def save(step):
        if step in steps:
            torch.save(loop.net.state_dict(), folder / f"{step}.pt")
            trajectory.saved(folder / f"{step}.pt", step=step)

    return save


@pytest.fixture(scope="module")
def unwatched():
    loop = Loop()
    loop.run(15)
    return loop.state()


@pytest.mark.parametrize("told", ["batch", "watch", "nothing"])
def test_a_recorded_loop_trains_the_same_bits(tmp_path, unwatched, told):
    loop = Loop()
    with loop.recorder() as trajectory:
        # Once overlapping, once over the end of an epoch.
        loop.run(15, trajectory, told, saver(loop, trajectory, tmp_path, (2, 3, 10)))
    assert different(unwatched, loop.state()) == []
    for step in (2, 3, 10):
        moments = document(tmp_path / f"{step}.pt")["moments"]
        assert [moment["kind"] for moment in moments] == ["begin", "step", "step", "step", "step", "end"]
        assert [moment["step"] for moment in moments] == [step, *range(step + 1, step + 5), step + 4]
        assert set(moments[0]["streams"]) == STATE | {"modes"}
        assert all(set(moment["streams"]) == STEP for moment in moments[1:-1])
        assert set(moments[-1]["streams"]) == STATE | {"evaluation"}


def test_what_is_recorded_is_what_was(tmp_path):
    loop = Loop()
    torch.manual_seed(9)
    with loop.recorder(seeds={"mine": 7}, notes={"why": "a test"}) as trajectory:
        loop.run(8, trajectory, "batch", saver(loop, trajectory, tmp_path, (2, 4)))
    early, late = document(tmp_path / "2.pt"), document(tmp_path / "4.pt")
    assert early["moments"][3]["streams"] == late["moments"][1]["streams"]
    losses = [moment["streams"]["loss"]["0"]["samples"][0] for moment in late["moments"][1:-1]]
    assert losses == loop.losses[4:8]
    end = late["moments"][-1]["streams"]
    assert end["parameters"]["head.bias"]["samples"] == loop.net.head.bias.tolist()[:8]
    assert set(end["buffers"]) == {"norm.running_mean", "norm.running_var", "norm.num_batches_tracked"}
    assert {"state.left.weight.exp_avg", "state.left.weight.step", "group.0.lr"} <= set(end["optimizer"])
    assert set(end["random"]) == {"python", "numpy", "torch", "loader"}
    assert late["moments"][1]["streams"]["batch"]["0.0"]["shape"] == [small.ROWS, small.WIDTH]
    assert late["step"] == 4
    assert late["trainer"] == "torch"
    assert late["framework"] == f"torch {torch.__version__}"
    assert late["setting"].items() >= {"world-size": "1", "rank": "0", "device": "cpu", "workers": "2"}.items()
    assert late["context"]["seeds.mine"] == "7"
    assert late["context"]["regularisation.dropout"] == "0.2 in 1"
    assert late["context"]["initialisation"].startswith("weights-")
    contract = json.loads((tmp_path / "4.pt.reproof" / "contract.json").read_text())
    assert contract["context"]["notes"] == {"recorded-by": "training", "step": "4", "why": "a test"}


def test_an_early_end_keeps_what_there_is_and_says_what_is_lacking(tmp_path):
    loop = Loop(workers=0)
    trajectory = loop.recorder()
    loop.run(5, trajectory, "batch", saver(loop, trajectory, tmp_path, (3, 5)))
    with pytest.warns(CheckpointWarning, match="5.pt has no trajectory: no step was made after it"):
        trajectory.close()
    kinds = [moment["kind"] for moment in document(tmp_path / "3.pt")["moments"]]
    assert kinds == ["begin", "step", "step", "end"]
    assert not (tmp_path / "5.pt.reproof" / "trajectory").exists()


def test_a_training_that_fails_keeps_its_steps_and_its_failure(tmp_path):
    loop = Loop(workers=0)

    def fail(step):
        save(step)
        if step == 5:
            raise RuntimeError("of the user")

    with pytest.raises(RuntimeError, match="of the user"), loop.recorder() as trajectory:
        save = saver(loop, trajectory, tmp_path, (3,))
        loop.run(9, trajectory, "batch", fail)
    assert [moment["kind"] for moment in document(tmp_path / "3.pt")["moments"]] == ["begin", "step", "step"]


def test_a_checkpoint_that_was_removed_or_saved_again_is_no_matter(tmp_path):
    loop = Loop(workers=0)

    def save(step):
        torch.save(loop.net.state_dict(), tmp_path / "last.pt")
        trajectory.saved(tmp_path / "last.pt", step=step)
        if step == 1:
            (tmp_path / "last.pt").rename(tmp_path / "first.pt")
            trajectory.saved(tmp_path / "first.pt", step=step)
        if step == 3:
            (tmp_path / "first.pt").unlink()

    with warnings.catch_warnings():
        warnings.simplefilter("error", CheckpointWarning)
        with loop.recorder() as trajectory:
            loop.run(6, trajectory, "batch", lambda step: save(step) if step < 4 else None)
    assert document(tmp_path / "last.pt")["step"] == 3
    assert not (tmp_path / "first.pt.reproof" / "trajectory").exists()


def test_what_fails_while_recording_is_a_warning_and_no_end(tmp_path, unwatched):
    loop = Loop()
    trajectory = loop.recorder(ema=lambda: 1 / 0)
    loop.run(15, trajectory, "watch", saver(loop, trajectory, tmp_path, (2,)))
    with pytest.warns(CheckpointWarning, match="2.pt has no trajectory: ZeroDivisionError"):
        trajectory.close()
    assert different(unwatched, loop.state()) == []


class Restless(small.Net):
    """Evaluation draws random numbers, counts in a buffer, and has an `eval` of its own."""

    def __init__(self):
        super().__init__()
        self.register_buffer("passes", torch.zeros(()), persistent=False)

    def train(self, mode=True):
        self.passes += 100
        return super().train(mode)

    def forward(self, x):
        self.passes += 1
        return super().forward(x + torch.rand_like(x))


def test_evaluation_leaves_no_trace(tmp_path):
    def restless():
        loop = Loop(workers=0)
        loop.net = Restless()
        loop.optimizer = torch.optim.AdamW(loop.net.parameters(), lr=0.01)
        loop.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(loop.optimizer, 40)
        loop.net.norm.eval()
        return loop

    plain, loop = restless(), restless()
    plain.run(9)
    small.sow(7)
    averaged = torch.optim.swa_utils.AveragedModel(loop.net)
    loop = restless()
    with loop.recorder(ema=averaged) as trajectory:
        loop.run(9, trajectory, "batch", saver(loop, trajectory, tmp_path, (2,)))
    assert different(plain.state() | {"passes": plain.net.passes}, loop.state() | {"passes": loop.net.passes}) == []
    assert "ema-evaluation" in document(tmp_path / "2.pt")["moments"][-1]["streams"]


def own(module, given):
    """A hook of the user's, which stays where it is."""


def test_a_model_can_be_copied_and_pickled_while_it_is_recorded(tmp_path):
    loop = Loop(workers=0)
    handle = loop.net.register_forward_pre_hook(own)
    with loop.recorder() as trajectory:
        loop.run(2, trajectory, "nothing", saver(loop, trajectory, tmp_path, (1,)))
        twins = [copy.deepcopy(loop.net), pickle.loads(pickle.dumps(loop.net))]
        assert b"reproof" not in pickle.dumps(loop.net)
        for twin in twins:
            assert list(twin._forward_pre_hooks.values()) == [own]
            assert not twin._forward_pre_hooks_with_kwargs and not twin._forward_hooks
            twin(small.examples()).sum().backward()
        loop.run(4, trajectory, "nothing")
    steps = document(tmp_path / "1.pt")["moments"][1:-1]
    assert [list(step["streams"]["batch"]) for step in steps] == [["0"]] * 4
    handle.remove()
    assert "__reduce_ex__" not in vars(small.Net)
    assert not loop.net._forward_pre_hooks and not loop.net._forward_hooks
    assert not loop.optimizer._optimizer_step_pre_hooks


def test_compiled_models_have_the_names_of_the_user(tmp_path):
    loop = Loop(workers=0)
    plain = loop.net
    loop.net = torch.compile(plain, backend="eager")
    with loop.recorder() as trajectory:
        loop.run(7, trajectory, "nothing", saver(loop, trajectory, tmp_path, (1,)))
    begin, step, *_ = document(tmp_path / "1.pt")["moments"]
    assert set(begin["streams"]["parameters"]) == {name for name, _ in plain.named_parameters()}
    assert "state.left.weight.exp_avg" in begin["streams"]["optimizer"]
    assert set(step["streams"]) == STEP
    uncompiled = Loop(workers=0)
    uncompiled.run(7)
    assert uncompiled.losses == loop.losses


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_copy_of_the_process_keeps_nothing(tmp_path):
    loop = Loop(workers=0)
    with loop.recorder() as trajectory:
        loop.run(3, trajectory, "batch", saver(loop, trajectory, tmp_path, (2,)))
        copied = os.fork()
        if copied == 0:
            # Ends it, should it wait for ever.
            signal.alarm(20)
            trajectory.close()
            os._exit(len(trajectory.recorder.trajectories))
        assert os.waitpid(copied, 0)[1] == 0
        assert not (tmp_path / "2.pt.reproof" / "trajectory").exists()
        loop.run(6, trajectory, "batch")
    assert [moment["kind"] for moment in document(tmp_path / "2.pt")["moments"]] == ["begin", *["step"] * 4, "end"]


def test_a_loader_lets_go_of_those_that_watched_it():
    loop = Loop(workers=0)
    loader = reproof.data.fingerprint(loop.loader)
    with loop.recorder(loader=loader, contract=False) as trajectory:
        pass
    gone = weakref.ref(trajectory)
    del trajectory
    gc.collect()
    assert gone() is None


@pytest.mark.skipif(not hasattr(torch.backends.cuda.matmul, "fp32_precision"), reason="an older torch")
def test_precision_that_is_chosen_for_each_backend_is_told(tmp_path):
    loop = Loop(workers=0)
    torch.backends.cuda.matmul.fp32_precision = "tf32"
    try:
        with loop.recorder() as trajectory:
            loop.run(4, trajectory, "batch", saver(loop, trajectory, tmp_path, (1,)))
    finally:
        torch.backends.cuda.matmul.fp32_precision = "none"
    assert document(tmp_path / "1.pt")["setting"]["matmul-precision"].startswith("cuda tf32")


def test_the_package_imports_no_framework():
    code = "import sys, reproof; assert not {'torch', 'numpy', 'transformers'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_wrong_uses_are_told():
    with pytest.raises(reproof.UsageError, match="0 steps"):
        reproof.torch.Trajectory(small.Net(), steps=0)
    with pytest.raises(reproof.UsageError, match="a model that is a dict"):
        reproof.torch.Trajectory({})
