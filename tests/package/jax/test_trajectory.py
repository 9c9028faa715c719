"""Trajectories of trainings with JAX: complete, not one bit of the training changed, and lost pieces named."""

import json
import os
import pathlib
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import reproof
import reproof.jax
from flax import nnx
from reproof import _reproof

HERE = pathlib.Path(__file__).resolve().parent
SCRIPT = HERE.parents[1] / "python" / "training" / "jax_loop.py"
sys.path.insert(0, str(SCRIPT.parent))
import jax_loop  # noqa: E402

schedule = optax.exponential_decay(0.1, 4, 0.5)
optimizer = optax.inject_hyperparams(optax.adam)(schedule)


def document(checkpoint):
    """The trajectory that is kept with a checkpoint."""
    contract = checkpoint.with_name(f"{checkpoint.name}.reproof")
    return json.loads((contract / "trajectory" / "trajectory.json").read_text())


def fresh():
    weights = {"layer": {"w": jax.random.normal(jax.random.key(1), (4, 3)), "b": jnp.zeros(3, jnp.bfloat16)}}
    return {
        "params": weights, "opt_state": optimizer.init(weights), "step": jnp.int32(0),
        "rngs": {"dropout": jax.random.key(2), "fixed": jax.random.key(3)}, "raw_key": jax.random.PRNGKey(4),
    }  # fmt: skip


@jax.jit
def loss_of(weights, x, keep):
    return jnp.square((x * keep) @ weights["layer"]["w"] + weights["layer"]["b"].astype(jnp.float32)).mean()


def train_step(state, x):
    dropout, drawn = jax.random.split(state["rngs"]["dropout"])
    fixed = jax.random.fold_in(state["rngs"]["fixed"], state["step"])
    keep = jax.random.bernoulli(drawn, 0.5, x.shape) + jax.random.uniform(fixed, x.shape)
    loss, gradients = jax.value_and_grad(loss_of)(state["params"], x, keep)
    updates, opt_state = optimizer.update(gradients, state["opt_state"])
    rngs = {**state["rngs"], "dropout": dropout}
    raw = jax.random.split(state["raw_key"])[0]
    weights = optax.apply_updates(state["params"], updates)
    return {"params": weights, "opt_state": opt_state, "step": state["step"] + 1, "rngs": rngs, "raw_key": raw}, loss


donating = jax.jit(train_step, donate_argnums=0)


def run(steps, trajectory=None, save=lambda step: None, state=None, first=0):
    """A loop whose state is donated to each step."""
    np.random.seed(first + 5)
    state, losses = fresh() if state is None else state, []
    for step in range(first + 1, first + steps + 1):
        x = np.random.normal(size=(8, 4)).astype(np.float32)
        if trajectory is not None:
            trajectory.batch({"x": x}, state)
        state, loss = donating(state, x)
        losses.append(loss)
        if trajectory is not None:
            trajectory.step(step, loss=loss, state=state)
        save(step)
    return state, [float(loss) for loss in losses]


def saver(trajectory, folder, steps):
    def save(step):
        if step in steps:
            (folder / f"{step}.ckpt").write_bytes(b"weights")
            trajectory.saved(folder / f"{step}.ckpt", step=step)

    return save


def raw(tree):
    """Every bit of a tree."""
    is_key = lambda leaf: jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return [np.asarray(jax.random.key_data(leaf) if is_key(leaf) else leaf).tobytes() for leaf in jax.tree.leaves(tree)]


def test_a_recorded_loop_trains_the_same_bits(tmp_path):
    plain, losses = run(12)
    random = np.random.random(3).tolist()

    def evaluate(state):
        # Whatever it draws was never drawn.
        np.random.random(5)
        return state["params"]["layer"]["w"].sum(0)

    with reproof.jax.Trajectory(steps=4, evaluate=evaluate, seeds={"mine": 7}) as trajectory:
        # Twice overlapping.
        state, told = run(12, trajectory, saver(trajectory, tmp_path, (2, 3, 7)))
        assert np.random.random(3).tolist() == random
        assert (raw(state), told) == (raw(plain), losses)
    for step in (2, 3, 7):
        moments = document(tmp_path / f"{step}.ckpt")["moments"]
        assert [moment["kind"] for moment in moments] == ["begin", *["step"] * 4, "end"]
        assert [moment["step"] for moment in moments] == [step, *range(step + 1, step + 5), step + 4]
        assert set(moments[0]["streams"]) == {"parameters", "optimizer", "scheduler", "random"}
        assert all(set(m["streams"]) == {"batch", "learning-rate", "loss", "random"} for m in moments[1:-1])
        assert set(moments[-1]["streams"]) == {"parameters", "optimizer", "scheduler", "random", "evaluation"}


def test_what_is_recorded_is_what_was(tmp_path):
    with reproof.jax.Trajectory(steps=4, seeds={"mine": 7}, notes={"why": "a test"}) as trajectory:
        state, losses = run(7, trajectory, saver(trajectory, tmp_path, (3,)))
    told = document(tmp_path / "3.ckpt")
    begin, *steps, end = (moment["streams"] for moment in told["moments"])
    assert [step["loss"]["0"]["samples"][0] for step in steps] == losses[3:]
    weights = np.ravel(state["params"]["layer"]["w"])
    assert end["parameters"]["layer.w"]["samples"] == [float(weights[index * 12 // 8]) for index in range(8)]
    assert end["parameters"]["layer.b"]["dtype"] == "BF16"
    named = {"state.layer.w.inner_state.0.mu", "state.inner_state.0.count", "group.hyperparams.b1"}
    assert named <= set(begin["optimizer"])
    assert begin["scheduler"] == {"step": "3", "count": "3", "hyperparams_states.learning_rate.count": "3"}
    rates = [float(step["learning-rate"]["hyperparams.learning_rate"]) for step in steps]
    assert rates == pytest.approx([float(schedule(step)) for step in range(3, 7)])
    words = lambda key: " ".join(f"{word:08x}" for word in np.asarray(key))
    assert end["random"]["rngs.dropout"] == f"threefry2x32 {words(jax.random.key_data(state['rngs']['dropout']))}"
    assert end["random"]["raw_key"] == f"raw {words(state['raw_key'])}"
    # A key into which the number of the step is folded is drawn from, though it stays.
    assert {step["random"]["rngs.fixed"] for step in steps} == {"as before the step"}
    assert steps[0]["batch"]["0.x"]["shape"] == [8, 4]
    assert (told["step"], told["trainer"], told["framework"]) == (3, "jax", f"jax {jax.__version__}")
    setting = {"backend": "cpu", "device": "cpu", "world-size": "1", "x64": "no", "matmul-precision": "default"}
    assert told["setting"].items() >= setting.items() and told["context"] == {"seeds.mine": "7"}
    assert end["random"].keys() >= {"python", "numpy"}


def test_nothing_is_looked_at_or_held_between_recordings(tmp_path):
    with reproof.jax.Trajectory(steps=1) as trajectory:
        trajectory.batch(object(), object())
        trajectory.step(object(), loss=object(), state=object())
        run(3, trajectory, saver(trajectory, tmp_path, (1,)))
        assert trajectory._subject.state is None
    assert (tmp_path / "1.ckpt.reproof" / "trajectory").exists()


def test_what_fails_while_recording_is_a_warning_and_no_end(tmp_path):
    plain, losses = run(4)
    for parts, message in (
        (lambda state: {"weights": state}, "UsageError: parts named weights"),
        (lambda state: {"parameters": 1 / 0}, "ZeroDivisionError"),
    ):
        trajectory = reproof.jax.Trajectory(parts=parts)
        state, told = run(4, trajectory, saver(trajectory, tmp_path, (2,)))
        with pytest.warns(reproof.jax.CheckpointWarning, match=f"2.ckpt has no trajectory: {message}"):
            trajectory.close()
        assert (raw(state), told) == (raw(plain), losses)
    trajectory, state = reproof.jax.Trajectory(), fresh()
    saver(trajectory, tmp_path, (0,))(0)
    donating(state, np.ones((8, 4), np.float32))
    trajectory.batch(np.ones(2), state)
    with pytest.warns(reproof.jax.CheckpointWarning, match="its memory was donated: tell of a batch"):
        trajectory.close()
    with pytest.raises(reproof.UsageError, match="0 steps"):
        reproof.jax.Trajectory(steps=0)


def test_an_early_end_keeps_what_there_is(tmp_path):
    trajectory = reproof.jax.Trajectory()
    state, _ = run(5, trajectory, saver(trajectory, tmp_path, (3, 5)))
    # What comes after the loop may take the memory of the last state.
    donating(state, np.ones((8, 4), np.float32))
    with pytest.warns(reproof.jax.CheckpointWarning, match="5.ckpt has no trajectory: no step was made after it"):
        trajectory.close()
    assert [moment["kind"] for moment in document(tmp_path / "3.ckpt")["moments"]] == ["begin", "step", "step"]


class Net(nnx.Module):
    def __init__(self, rngs):
        self.first = nnx.Linear(4, 6, rngs=rngs)
        self.norm = nnx.BatchNorm(6, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)
        self.head = nnx.Linear(6, 2, rngs=rngs)

    def __call__(self, x):
        return self.head(self.drop(nnx.relu(self.norm(self.first(x)))))


def test_modules_of_nnx_are_sorted_by_their_variables(tmp_path):
    def train(trajectory=None):
        net = Net(nnx.Rngs(3))
        adam = nnx.Optimizer(net, optax.adamw(optax.cosine_decay_schedule(0.1, 20)), wrt=nnx.Param)

        @nnx.jit
        def step(net, adam, x):
            loss, gradients = nnx.value_and_grad(lambda net: jnp.square(net(x)).mean())(net)
            adam.update(net, gradients)
            return loss

        for done in range(1, 5):
            x = jnp.full((3, 4), done, jnp.float32) + jnp.arange(4)
            if trajectory:
                trajectory.batch(x, {"model": net, "optimizer": adam})
            loss = step(net, adam, x)
            if trajectory:
                trajectory.step(done, loss=loss, state={"model": net, "optimizer": adam})
                saver(trajectory, tmp_path, (2,))(done)
        return raw(nnx.state((net, adam)))

    plain = train()
    with reproof.jax.Trajectory(steps=2) as trajectory:
        assert train(trajectory) == plain
    begin = document(tmp_path / "2.ckpt")["moments"][0]["streams"]
    assert set(begin["parameters"]) == {
        f"{layer}.{name}" for layer in ("first", "head") for name in ("kernel", "bias")
    } | {"norm.scale", "norm.bias"}
    assert set(begin["buffers"]) == {"norm.mean", "norm.var"}
    assert {"state.first.kernel.0.mu", "state.norm.scale.0.nu", "state.0.count"} <= set(begin["optimizer"])
    assert begin["scheduler"] == {"step": "2", "2.count": "2"}
    assert set(begin["random"]) >= {"drop.rngs.count", "drop.rngs.key"}


def test_arrays_on_several_devices_are_told_as_one(tmp_path):
    code = """
import sys, jax, numpy as np, reproof.jax, pathlib
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
for name, axes in (("sharded", P("x")), ("replicated", P())):
    where = NamedSharding(Mesh(np.array(jax.devices()), ("x",)), axes)
    state = {"params": {"w": jax.device_put(np.arange(12.0).reshape(4, 3), where)}}
    path = pathlib.Path(sys.argv[1], name)
    path.write_bytes(b"weights")
    with reproof.jax.Trajectory(steps=1) as trajectory:
        trajectory.saved(path, step=0)
        trajectory.batch(np.ones(2), state)
        trajectory.step(1, state=state)
"""
    environment = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    subprocess.run([sys.executable, "-c", code, tmp_path], env=environment, check=True)
    sharded, replicated = (document(tmp_path / name) for name in ("sharded", "replicated"))
    assert sharded["setting"]["devices"] == "2"
    expected = json.loads(_reproof.tensor_facts([("w", np.arange(12.0, dtype=np.float32).reshape(4, 3))]))
    assert all(told["moments"][0]["streams"]["parameters"] == expected for told in (sharded, replicated))


def first_different(golden, observed):
    """The streams that differ in the first moment in which any does."""
    for one, other in zip(golden["moments"], observed["moments"], strict=True):
        assert (one["kind"], one["step"]) == (other["kind"], other["step"])
        for streams in (one["streams"], other["streams"]):
            # No step draws from it, and nobody has sown it.
            streams["random"].pop("python", None)
        found = {stream for stream, facts in one["streams"].items() if facts != other["streams"][stream]}
        if found:
            return one["kind"], found
    return None


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("loop")
    jax_loop.main(["--out", str(folder)])
    return folder / "step-12.msgpack"


@pytest.mark.parametrize(
    ("piece", "expected", "causes"),
    [
        ("", None, []),
        ("opt_state", ("begin", {"optimizer", "scheduler"}), ["optimizer.missing", "scheduler.missing"]),
        ("key", ("begin", {"random"}), ["random.generator"]),
        ("batch_stats", ("begin", {"buffers"}), ["buffers.missing"]),
        ("schedule", ("begin", {"scheduler"}), ["scheduler.missing"]),
    ],
)
def test_a_lost_piece_is_seen_where_it_is_and_named(tmp_path, checkpoint, piece, expected, causes):
    golden = document(checkpoint)
    begin = list(golden["moments"][0]["streams"])
    request = {"schema": "reproof.resume-request/v0", "steps": 8, "begin": begin}
    (tmp_path / "request.json").write_text(json.dumps(request))
    command = [sys.executable, SCRIPT, "--resume", checkpoint, *(["--without", piece] if piece else [])]
    environment = os.environ | {"REPROOF_RESUME": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    # It ends by itself, and never comes to what the script does then.
    assert done.stdout == ""
    observed = json.loads((tmp_path / "observed.json").read_text())
    explained = json.loads(_reproof.explain_resume(json.dumps(golden), json.dumps(observed)))
    assert [finding["cause"] for finding in explained["findings"]] == causes
    assert {finding["confidence"] for finding in explained["findings"]} <= {"confirmed"}
    assert first_different(golden, observed) == expected
    assert observed["context"]["can-lose"] == ""


def test_threads_that_cannot_be_changed_are_no_experiment(tmp_path, checkpoint):
    request = {"schema": "reproof.resume-request/v0", "steps": 8, "begin": [], "threads": 1}
    (tmp_path / "request.json").write_text(json.dumps(request))
    command = [sys.executable, SCRIPT, "--resume", checkpoint]
    environment = os.environ | {"REPROOF_RESUME": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "JAX takes its threads when it starts" in done.stderr
    assert not (tmp_path / "observed.json").exists()
