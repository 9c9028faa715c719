"""Trajectories of trainings with Keras: complete, not one bit of the training changed, and lost pieces named."""

import json
import os
import pathlib
import random
import subprocess
import sys
import warnings

import keras
import numpy as np
import pytest
import reproof
import reproof.keras
from reproof import _reproof

HERE = pathlib.Path(__file__).resolve().parent
SCRIPT = HERE.parents[1] / "python" / "training" / "keras_fit.py"
sys.path.insert(0, str(SCRIPT.parent))
import keras_fit  # noqa: E402

ROWS = np.random.default_rng(2).random((48, 8), dtype=np.float32)
STATE = {"parameters", "buffers", "optimizer", "random"}


def document(checkpoint):
    """The trajectory that is kept with a checkpoint."""
    contract = checkpoint.with_name(f"{checkpoint.name}.reproof")
    return json.loads((contract / "trajectory" / "trajectory.json").read_text())


def fit(folder, optimizer, callbacks=(), save_freq="epoch", own=()):
    """Two epochs of six batches; gives every bit that training leaves behind. What saves comes between the callbacks."""
    # Names of layers are counted up.
    keras.utils.clear_session()
    keras.utils.set_random_seed(5)
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((8,)),
            layers.Dense(16, "relu", activity_regularizer="l2"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(1),
        ]
    )
    model.compile(optimizer(), "mse", metrics=["mae"])
    saving = keras.callbacks.ModelCheckpoint(str(folder / "at-{epoch}-{batch}.keras"), save_freq=save_freq)
    if save_freq == "epoch":
        saving.filepath = str(folder / "at-{epoch}.keras")
    history = model.fit(ROWS, ROWS.sum(1), epochs=2, batch_size=8, verbose=0, callbacks=[*own, saving, *callbacks])
    variables = [keras.ops.convert_to_numpy(value).tobytes() for value in (*model.variables, *model.optimizer.variables)]
    return history.history, variables, np.random.random(3).tolist(), random.random()


def adam():
    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 40), use_ema=True)


def test_a_recorded_training_is_the_same_and_complete(tmp_path):
    (tmp_path / "plain").mkdir()
    (tmp_path / "run").mkdir()
    plain = fit(tmp_path / "plain", adam, save_freq=3)
    callback = reproof.keras.ContractCallback(tmp_path / "run" / "at-*.keras", trajectory=3, inputs=ROWS[:4])
    with warnings.catch_warnings():
        warnings.simplefilter("error", reproof.keras.CheckpointWarning)
        # Saved every third batch, by a callback that comes after this one.
        assert fit(tmp_path / "run", adam, save_freq=3, own=[callback]) == plain
    told = {path.name: document(path) for path in (tmp_path / "run").glob("at-*.keras") if "2-6" not in path.name}
    assert len(told) == 3 and len(callback.recorder.recorded) == 4
    for name, trajectory in told.items():
        epoch, batch = map(int, name.removesuffix(".keras").split("-")[1:])
        first = 6 * (epoch - 1) + batch
        assert trajectory["step"] == first
        kinds, steps = zip(*((moment["kind"], moment["step"]) for moment in trajectory["moments"]))
        count = min(3, 12 - first)
        assert kinds == ("begin", *["step"] * count, "end")
        assert steps == (first, *range(first + 1, first + count + 1), first + count)
    begin, step, *_, end = (moment["streams"] for moment in told["at-1-6.keras"]["moments"])
    assert set(begin) == STATE | {"scheduler", "ema", "modes"}
    assert set(step) == {"learning-rate", "loss", "random"}
    assert set(end) == STATE | {"scheduler", "ema", "evaluation"}
    assert {"state.dense.kernel.momentum", "state.dense.kernel.velocity", "state.iteration"} <= set(begin["optimizer"])
    assert set(begin["buffers"]) == {"batch_normalization.moving_mean", "batch_normalization.moving_variance"}
    assert "dense.kernel" in begin["ema"] and begin["scheduler"] == {"iterations": "6"}
    assert {"python", "numpy", "seed-generator.0"} == set(begin["random"])
    # All that Keras shows: the mean over the epoch, which has just begun.
    assert list(step["loss"]) == ["0.running"] and step["loss"]["0.running"]["dtype"] == "F32"
    rate = keras.optimizers.schedules.CosineDecay(0.1, 40)(6)
    assert step["learning-rate"] == {"0": repr(float(rate))}
    assert told["at-1-6.keras"]["trainer"] == "keras"
    assert told["at-1-6.keras"]["setting"].items() >= {"backend": keras.config.backend(), "device": "cpu"}.items()


def test_batches_of_an_accumulation_make_one_step(tmp_path):
    def accumulating():
        return keras.optimizers.SGD(0.1, momentum=0.9, gradient_accumulation_steps=3)

    def restless(model):
        # Evaluation writes to the model and draws; nothing of it stays.
        np.random.random(5)
        return model(ROWS[:4], training=True)

    (tmp_path / "plain").mkdir()
    (tmp_path / "run").mkdir()
    plain = fit(tmp_path / "plain", accumulating)
    callback = reproof.keras.ContractCallback(tmp_path / "run" / "at-*.keras", trajectory=1, inputs=restless)
    assert fit(tmp_path / "run", accumulating, [callback]) == plain
    told = document(tmp_path / "run" / "at-1.keras")
    assert [moment["step"] for moment in told["moments"]] == [2, 3, 3]
    assert list(told["moments"][1]["streams"]["loss"]) == ["0.running", "1.running", "2.running"]
    assert told["setting"]["accumulation"] == "3"
    assert "state.dense.kernel.momentum" in told["moments"][0]["streams"]["optimizer"]


def test_what_fails_while_recording_is_a_warning_and_no_end(tmp_path):
    (tmp_path / "run").mkdir()
    callback = reproof.keras.ContractCallback(tmp_path / "run" / "at-*.keras", trajectory=1, inputs=lambda model: 1 / 0)
    with pytest.warns(reproof.keras.CheckpointWarning, match="at-1.keras has no trajectory: ZeroDivisionError"):
        fit(tmp_path / "run", adam, [callback])
    with pytest.raises(reproof.UsageError, match="0 steps"):
        reproof.keras.ContractCallback("x", trajectory=0)


def first_different(golden, observed):
    """The streams that differ in the first moment in which any does."""
    for one, other in zip(golden["moments"], observed["moments"], strict=True):
        assert (one["kind"], one["step"]) == (other["kind"], other["step"])
        for streams in (one["streams"], other["streams"]):
            # No step draws from these.
            for name in ("python", "numpy"):
                streams.get("random", {}).pop(name, None)
        found = {stream for stream, facts in one["streams"].items() if facts != other["streams"][stream]}
        if found:
            return one["kind"], found
    return None


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fit")
    keras.utils.clear_session()
    keras_fit.main(["--out", str(folder)])
    return folder / "epoch-1.keras"


@pytest.mark.parametrize(
    ("pieces", "expected", "causes"),
    [
        ([], None, []),
        (["optimizer"], ("begin", {"optimizer", "scheduler"}), ["optimizer.missing", "scheduler.missing"]),
        (["buffers", "seed"], ("begin", {"buffers", "random"}), ["buffers.missing", "random.generator"]),
    ],
)
def test_a_lost_piece_is_seen_where_it_is_and_named(tmp_path, checkpoint, pieces, expected, causes):
    golden = document(checkpoint)
    begin = list(golden["moments"][0]["streams"])
    request = {"schema": "reproof.resume-request/v0", "steps": 8, "begin": begin}
    (tmp_path / "request.json").write_text(json.dumps(request))
    before = sorted((path, path.stat().st_mtime_ns) for path in checkpoint.parent.rglob("*"))
    command = [sys.executable, SCRIPT, "--resume", checkpoint, *(["--without", *pieces] if pieces else [])]
    environment = os.environ | {"REPROOF_RESUME": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    # It ends by itself, and never comes to what the script does then.
    assert done.stdout == ""
    assert sorted((path, path.stat().st_mtime_ns) for path in checkpoint.parent.rglob("*")) == before
    observed = json.loads((tmp_path / "observed.json").read_text())
    explained = json.loads(_reproof.explain_resume(json.dumps(golden), json.dumps(observed)))
    assert [finding["cause"] for finding in explained["findings"]] == causes
    assert first_different(golden, observed) == expected
