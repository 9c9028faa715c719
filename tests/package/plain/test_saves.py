"""Checkpoints that are saved again at the same place while what was there before is being recorded."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
import reproof
from reproof import _checkpoints

# Longer than a trajectory waits before it looks again whether its checkpoint was written.
LOOKS = 0.3


def told(step):
    moments = [
        {"kind": kind, "step": at, "streams": {"random": {"cpu": f"{at}"}}}
        for kind, at in (("begin", step), ("step", step + 1))
    ]
    head = {"schema": "reproof.trajectory/v0", "recorded_by": "reproof 0", "trainer": "mine", "framework": "numpy 0"}
    return json.dumps({**head, "step": step, "setting": {}, "context": {}, "moments": moments})


def never():
    pytest.fail("a trajectory was kept with a checkpoint that came after it")


@pytest.fixture
def checkpoint(tmp_path):
    np.save(tmp_path / "last.npy", np.arange(4.0))
    return tmp_path / "last.npy"


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error", _checkpoints.CheckpointWarning)
        yield


def kept(checkpoint):
    path = checkpoint.with_name(f"{checkpoint.name}.reproof") / "trajectory" / "trajectory.json"
    return json.loads(path.read_text())["step"]


@pytest.mark.parametrize("ends", ["save", "renounce"])
def test_steps_wait_for_their_own_checkpoint(checkpoint, ends):
    recorder = _checkpoints.Recorder()
    recorder.announce(checkpoint)
    recorder.keep(checkpoint, never)
    recorder.announce(checkpoint)
    recorder.keep(checkpoint, lambda: told(8))
    # The first of them was written, or was not; the second still is.
    getattr(recorder, ends)(checkpoint)
    time.sleep(LOOKS)
    assert recorder.trajectories == []
    recorder.save(checkpoint)
    recorder.wait()
    assert kept(checkpoint) == 8


def test_steps_after_a_checkpoint_that_was_saved_again_are_left_out(checkpoint):
    recorder = _checkpoints.Recorder()
    recorder.save(checkpoint, step=4)
    recorder.announce(checkpoint)
    recorder.keep(checkpoint, lambda: told(8))
    recorder.save(checkpoint, step=8)
    recorder.wait()
    assert kept(checkpoint) == 8


def test_a_checkpoint_that_changes_while_it_is_recorded_lacks_nothing(checkpoint, tmp_path):
    recorder = _checkpoints.Recorder()
    # What records the first time finds that the file was written again.
    again = tmp_path / "again"
    again.write_text(
        f'#!/bin/sh\n[ -e "{tmp_path}/once" ] && exec "{recorder._command}" "$@"\n'
        f'touch "{tmp_path}/once"\ncp "{checkpoint}" "{tmp_path}/new" && mv "{tmp_path}/new" "{checkpoint}"\nexit 1\n'
    )
    again.chmod(stat.S_IRWXU)
    recorder._command = os.fspath(again)
    recorder.save(checkpoint, step=4)
    recorder.keep(checkpoint, never)
    recorder.wait()
    assert not checkpoint.with_name("last.npy.reproof").exists()
    recorder.save(checkpoint, step=8)
    recorder.keep(checkpoint, lambda: told(8))
    recorder.wait()
    assert kept(checkpoint) == 8


def test_one_that_appears_is_not_waited_for_once_a_later_one_is_there(tmp_path, monkeypatch):
    monkeypatch.setattr(_checkpoints, "PATIENCE", 5.0)
    recorder = _checkpoints.Recorder()
    for step in range(3):
        recorder.save(tmp_path / f"{step}.npy", appears=True)
    np.save(tmp_path / "2.npy", np.arange(4.0))
    recorder.wait()
    assert recorder.recorded == [os.fspath(tmp_path / "2.npy.reproof")]


def test_all_that_do_not_appear_are_waited_for_together(tmp_path, monkeypatch):
    monkeypatch.setattr(_checkpoints, "PATIENCE", 0.5)
    recorder = _checkpoints.Recorder()
    for step in range(4):
        recorder.save(tmp_path / f"{step}.npy", appears=True)
    began = time.monotonic()
    with pytest.warns(_checkpoints.CheckpointWarning, match="did not appear") as warned:
        recorder.wait()
    assert len(warned) == 4 and time.monotonic() - began < 1.5


def test_a_training_that_fails_ends_while_a_checkpoint_is_missing(tmp_path):
    code = "import sys, reproof._checkpoints as c; c.Recorder().save(sys.argv[1], appears=True); 1 / 0"
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "1.npy"], capture_output=True, text=True, timeout=30)
    assert "ZeroDivisionError" in done.stderr


def test_of_a_checkpoint_that_is_saved_again_the_newest_contracts_stay(checkpoint):
    recorder = _checkpoints.Recorder()
    folder = checkpoint.with_name("last.npy.reproof")
    for step in range(6):
        np.save(checkpoint, np.arange(4.0) + step)
        recorder.save(checkpoint, step=step)
        recorder.wait()
    contract = json.loads((folder / "contract.json").read_text())
    kept = {path.stem: json.loads(path.read_text()) for path in (folder / "history").iterdir()}
    assert sorted(old["context"]["notes"]["step"] for old in kept.values()) == ["2", "3", "4"]
    assert contract["previous"]["accepted_by"] == "training"
    assert contract["previous"]["digest"].partition(":")[2] in kept


def test_contracts_of_an_earlier_process_go_with_their_checkpoints_and_those_of_people_stay(checkpoint, tmp_path):
    recorder = _checkpoints.Recorder()
    recorder.save(checkpoint)
    recorder.wait()
    np.save(tmp_path / "mine.npy", np.arange(4.0))
    reproof.record(tmp_path / "mine.npy")
    later = _checkpoints.Recorder()
    for name in ("last.npy", "mine.npy", "nobody.npy"):
        later.forget(tmp_path / name)
    assert not (tmp_path / "last.npy.reproof").exists()
    assert (tmp_path / "mine.npy.reproof" / "contract.json").exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_copy_of_the_process_does_not_wait_for_its_work(tmp_path):
    recorder = _checkpoints.Recorder()
    recorder.save(tmp_path / "1.npy", appears=True)
    copied = os.fork()
    if copied == 0:
        # Ends it, should it wait for ever.
        signal.alarm(10)
        recorder.wait()
        os._exit(0)
    assert os.waitpid(copied, 0)[1] == 0
    np.save(tmp_path / "1.npy", np.arange(4.0))
    recorder.wait()
    assert len(recorder.recorded) == 1
