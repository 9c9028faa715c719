"""Checkpoints that are saved again at the same place while what was there before is being recorded."""

import json
import os
import stat
import time
import warnings

import numpy as np
import pytest
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
