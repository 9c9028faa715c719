"""Trainings that resume: the recorder in a process that verifies, and the one in trainers of others."""

import json
import os
import pathlib
import subprocess
import sys
import warnings

import lightning
import pytest
import reproof.lightning
import reproof.transformers
import torch
import transformers
from loops import different
from test_callbacks import fit, same, train

HERE = pathlib.Path(__file__).resolve().parent
SCRIPTS = HERE.parents[1] / "python" / "training"
STATE = {"parameters", "buffers", "optimizer", "random"}


def run(command, **environment):
    """Runs a script that must succeed."""
    done = subprocess.run(
        [sys.executable, *map(str, command)], env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def trajectory(contract):
    return json.loads((contract / "trajectory" / "trajectory.json").read_text())


def resumed(folder, golden, command, steps=8):
    """What a process that resumes observes."""
    folder.mkdir()
    request = {"schema": "reproof.resume-request/v0", "steps": steps, "begin": list(golden["moments"][0]["streams"])}
    (folder / "request.json").write_text(json.dumps(request))
    printed = run(command, REPROOF_RESUME=str(folder))
    assert (folder / "seen.json").read_text() == "{}"
    assert not list(folder.glob(".*"))
    return json.loads((folder / "observed.json").read_text()), printed


def first_different(golden, observed):
    """The streams that differ in the first moment in which any does."""
    for one, other in zip(golden["moments"], observed["moments"], strict=True):
        assert (one["kind"], one["step"]) == (other["kind"], other["step"])
        streams = one["streams"].keys() | other["streams"].keys()
        found = {stream for stream in streams if one["streams"].get(stream) != other["streams"].get(stream)}
        if found:
            return one["kind"], found
    return None


def listed(folder):
    return sorted((str(path), path.stat().st_mtime_ns) for path in folder.rglob("*"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    run([SCRIPTS / "plain.py", "--out", folder])
    return folder / "step-18.pt"


@pytest.mark.parametrize(
    ("piece", "expected"),
    [
        ("", None),
        ("order", ("begin", {"optimizer"})),
        ("fetching", ("step", {"batch", "loss", "gradient-norm"})),
    ],
)
def test_a_forgotten_piece_is_seen_where_it_is(tmp_path, plain, piece, expected):
    """In a process of its own; `test_causes` forgets every piece."""
    golden = trajectory(plain.with_name("step-18.pt.reproof"))
    before = listed(plain.parent)
    command = [SCRIPTS / "plain.py", "--resume", plain, *(["--without", piece] if piece else [])]
    observed, printed = resumed(tmp_path / "seen", golden, command)
    assert first_different(golden, observed) == expected
    # It ends by itself, and never comes to what the script does then.
    assert printed == ""
    assert listed(plain.parent) == before


def test_an_accumulation_that_goes_on_has_gradients(tmp_path):
    run([SCRIPTS / "plain.py", "--out", tmp_path, "--accumulate", "4", "--half"])
    golden = trajectory(tmp_path / "step-18.pt.reproof")
    assert golden["setting"]["accumulation"] == "4"
    begin, first, second, *_ = (moment["streams"] for moment in golden["moments"])
    assert {"gradients", "scaler"} <= set(begin)
    assert begin["modes"]["autocast"] == "cpu float16"
    assert (list(first["loss"]), list(second["loss"])) == (["0", "1"], ["0", "1", "2", "3"])
    assert "scale" in second
    command = [SCRIPTS / "plain.py", "--resume", tmp_path / "step-18.pt"]
    observed, _ = resumed(tmp_path / "whole", golden, command)
    assert first_different(golden, observed) is None
    observed, _ = resumed(tmp_path / "without", golden, [*command, "--without", "gradients"])
    assert observed["moments"][0]["streams"]["gradients"] == {}


def test_a_training_that_ends_early_tells_what_it_saw(tmp_path, plain):
    golden = trajectory(plain.with_name("step-18.pt.reproof"))
    observed, printed = resumed(tmp_path / "seen", golden, [SCRIPTS / "plain.py", "--resume", plain], steps=30)
    assert [moment["step"] for moment in observed["moments"]] == [18, *range(19, 37), 36]
    assert printed == ""


@pytest.mark.parametrize(
    ("script", "checkpoint"),
    [("hf.py", "checkpoint-9"), ("lightning_fit.py", "step=18.ckpt"), ("accelerate_loop.py", "step-18")],
)
def test_trainers_resume_to_the_bit_if_scripts_help_them(tmp_path, script, checkpoint):
    for complete in ([], ["--complete"]):
        folder = tmp_path / f"run{len(complete)}"
        run([SCRIPTS / script, "--out", folder, *complete])
        path = folder / checkpoint
        golden = trajectory(path / "reproof" if path.is_dir() else path.with_name(f"{path.name}.reproof"))
        begin, step, *_, end = (moment["streams"] for moment in golden["moments"])
        assert STATE | {"modes", "scheduler"} <= set(begin) | ({"buffers"} if script == "hf.py" else set())
        assert set(step) == {"batch", "learning-rate", "loss", "gradient-norm", "random"}
        assert "evaluation" in end
        before = listed(folder)
        command = [SCRIPTS / script, "--resume", path, *complete]
        observed, _ = resumed(tmp_path / f"seen{len(complete)}", golden, command)
        assert first_different(golden, observed) == (None if complete else ("begin", {"random"}))
        assert listed(folder) == before


def test_two_processes_train_the_same_bits_and_resume(tmp_path):
    ranks = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", HERE / "ranks.py"]
    states = []
    for name, arguments in (("plain", []), ("recorded", ["record"])):
        (tmp_path / name).mkdir()
        run([*ranks, tmp_path / name, *arguments])
        states.append([torch.load(tmp_path / name / f"state-{rank}.pt", weights_only=False) for rank in (0, 1)])
    for one, other in zip(*states, strict=True):
        assert different(one, other) == []
    golden = trajectory(tmp_path / "recorded" / "step-3.pt.reproof")
    assert golden["setting"].items() >= {"world-size": "2", "rank": "0"}.items()
    assert "head.bias" in golden["moments"][0]["streams"]["parameters"]
    assert [moment["step"] for moment in golden["moments"]] == [3, 4, 5, 6, 7, 7]
    observed, _ = resumed(tmp_path / "seen", golden, [*ranks, tmp_path / "recorded", "record"], steps=4)
    assert first_different(golden, observed) is None


@pytest.mark.parametrize("way", ["wrapped", "fully"])
def test_trainings_whose_weights_are_sharded_go_on(tmp_path, way):
    run(["-W", "error::reproof.torch.CheckpointWarning", HERE / "sharded.py", tmp_path, way])


class Interrupted(transformers.TrainerCallback):
    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == 3:
            raise KeyboardInterrupt


def test_a_training_that_begins_anew_is_another(tmp_path):
    callback = reproof.transformers.ContractCallback(trajectory=4)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "first", [callback, Interrupted()])
    train(tmp_path / "second", [callback])
    told = trajectory(tmp_path / "first" / "checkpoint-2" / "reproof")
    assert [(moment["kind"], moment["step"]) for moment in told["moments"]] == [("begin", 2), ("step", 3)]
    told = trajectory(tmp_path / "second" / "checkpoint-2" / "reproof")
    assert [moment["step"] for moment in told["moments"]] == [2, 3, 4, 5, 6, 6]


def test_the_trainer_of_transformers_trains_the_same_bits(tmp_path):
    plain = train(tmp_path / "plain", [])
    ids = torch.randint(4, 60, (3, 12), generator=torch.Generator().manual_seed(2))
    callback = reproof.transformers.ContractCallback(trajectory=3, inputs={"input_ids": ids})
    with warnings.catch_warnings():
        warnings.simplefilter("error", reproof.transformers.CheckpointWarning)
        assert same(train(tmp_path / "watched", [callback]), plain)
    told, later = (trajectory(tmp_path / "watched" / f"checkpoint-{step}" / "reproof") for step in (2, 4))
    assert [moment["kind"] for moment in told["moments"]] == ["begin", *["step"] * 3, "end"]
    assert [moment["kind"] for moment in later["moments"]] == ["begin", *["step"] * 2, "end"]
    assert told["trainer"] == "transformers"
    assert told["context"].items() >= {"seeds.trainer": "11"}.items()
    assert {"0.input_ids", "0.labels"} <= set(told["moments"][1]["streams"]["batch"])
    # The end of a training needs no steps after it.
    assert not (tmp_path / "watched" / "checkpoint-6" / "reproof" / "trajectory").exists()


def test_checkpoints_of_which_few_are_kept_are_no_matter(tmp_path):
    callback = reproof.transformers.ContractCallback(trajectory=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error", reproof.transformers.CheckpointWarning)
        train(tmp_path / "few", [callback], save_total_limit=1)
    assert [path.name for path in (tmp_path / "few").glob("checkpoint-*")] == ["checkpoint-6"]


@pytest.mark.parametrize("kind", ["plain", "asynchronous"])
def test_lightning_trains_the_same_bits(tmp_path, kind):
    plugins = [lightning.pytorch.plugins.io.AsyncCheckpointIO()] if kind == "asynchronous" else []
    plain = fit(tmp_path / "plain", [])
    callback = reproof.lightning.ContractCallback(trajectory=3, inputs=lambda module: module.net(torch.ones(2, 8)))
    keep = lightning.pytorch.callbacks.ModelCheckpoint(
        dirpath=tmp_path / "all", filename="{step}", every_n_train_steps=5, save_top_k=-1
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", reproof.lightning.CheckpointWarning)
        assert same(fit(tmp_path / "watched", [callback, keep], plugins), plain)
    for step, steps in ((5, 3), (10, 3), (15, 1)):
        told = trajectory(tmp_path / "all" / f"step={step}.ckpt.reproof")
        assert [moment["kind"] for moment in told["moments"]] == ["begin", *["step"] * steps, "end"]
        assert set(told["moments"][1]["streams"]) == {"batch", "learning-rate", "loss", "gradient-norm", "random"}
        assert "net.0.weight" in told["moments"][0]["streams"]["parameters"]
