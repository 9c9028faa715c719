"""A training loop with Flax and Optax, which resumes to the bit; `--without PIECE` forgets one piece of its state.

    python jax_loop.py --out DIR                                 # 24 steps, with DIR/step-12.msgpack and its contract
    python jax_loop.py --resume DIR/step-12.msgpack              # the same steps that followed
    python jax_loop.py --resume DIR/step-12.msgpack --without key

Prints the losses as JSON.
"""

import argparse
import functools
import json
from pathlib import Path
from typing import Any

import flax.linen
import flax.training.train_state
import jax
import jax.numpy as jnp
import numpy as np
import optax
import reproof.jax
from flax import serialization

# Three epochs of eight batches; the checkpoint is in the middle of the second.
STEPS, CHECKPOINT, BATCHES, ROWS, WIDTH, CLASSES = 24, 12, 8, 16, 12, 4


class Net(flax.linen.Module):
    @flax.linen.compact
    def __call__(self, x, training=False):
        x = flax.linen.BatchNorm(use_running_average=not training, momentum=0.9)(flax.linen.Dense(24)(x))
        x = flax.linen.Dropout(0.2, deterministic=not training)(flax.linen.relu(x))
        return flax.linen.Dense(CLASSES)(x)


class State(flax.training.train_state.TrainState):
    batch_stats: Any
    ema: Any
    key: jax.Array


def fresh(seed):
    """The state before the first step."""
    variables = Net().init(jax.random.key(seed), jnp.zeros((1, WIDTH)))
    schedule = optax.cosine_decay_schedule(0.02, STEPS)
    return State.create(
        apply_fn=Net().apply, params=variables["params"], tx=optax.adamw(schedule, weight_decay=0.01),
        batch_stats=variables["batch_stats"], ema=jax.tree.map(jnp.copy, variables["params"]),
        key=jax.random.key(seed + 1),
    )  # fmt: skip


@functools.partial(jax.jit, donate_argnums=0)
def train_step(state, x, y):
    key, dropout = jax.random.split(state.key)

    def loss_of(params):
        logits, changed = state.apply_fn(
            {"params": params, "batch_stats": state.batch_stats}, x, training=True, mutable=["batch_stats"],
            rngs={"dropout": dropout},
        )  # fmt: skip
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean(), changed["batch_stats"]

    (loss, batch_stats), gradients = jax.value_and_grad(loss_of, has_aux=True)(state.params)
    state = state.apply_gradients(grads=gradients, batch_stats=batch_stats, key=key)
    return state.replace(ema=optax.incremental_update(state.params, state.ema, 0.1)), loss


def batches(first):
    """From some step on: the order is the epoch's, and what is added to the rows is NumPy's."""
    numbers = np.random.default_rng(5)
    rows = numbers.normal(size=(BATCHES * ROWS, WIDTH)).astype(np.float32)
    labels = rows[:, :CLASSES].argmax(1)
    for step in range(first, STEPS):
        epoch, place = divmod(step, BATCHES)
        chosen = np.random.default_rng(epoch).permutation(len(rows))[place * ROWS : (place + 1) * ROWS]
        yield rows[chosen] + np.random.normal(scale=0.1, size=(ROWS, WIDTH)).astype(np.float32), labels[chosen]


def packed(state):
    """The state as Flax packs it, with the data of its key, and NumPy's random state."""
    told = serialization.to_state_dict(state.replace(key=jax.random.key_data(state.key)))
    numbers = np.random.get_state(legacy=False)
    return serialization.msgpack_serialize({"state": jax.tree.map(np.asarray, told), "numpy": numbers})


def restored(path, without):
    """The state in a checkpoint but for one piece of it, and the steps that are done."""
    read = serialization.msgpack_restore(Path(path).read_bytes())
    new = fresh(4711)
    kept = serialization.to_state_dict(new.replace(key=jax.random.key_data(new.key)))
    told, done = dict(read["state"]), int(read["state"]["step"])
    if without in kept:
        told[without] = kept[without]
    elif without == "schedule":
        told["opt_state"]["2"] = kept["opt_state"]["2"]
    elif without in ("mu", "nu", "count"):
        told["opt_state"]["0"][without] = kept["opt_state"]["0"][without]
    elif without == "precision":
        told["params"] = jax.tree.map(lambda value: value.astype(jnp.bfloat16).astype(np.float32), told["params"])
    if without != "numpy":
        np.random.set_state(read["numpy"])
    state = serialization.from_state_dict(new.replace(key=jax.random.key_data(new.key)), told)
    state = jax.tree.map(jnp.asarray, state)
    return state.replace(key=jax.random.wrap_key_data(state.key)), done - (without == "position")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--resume", type=Path)
    parser.add_argument("--without", default="")
    parser.add_argument("--steps", type=int, default=8, help="steps to record after the checkpoint")
    told = parser.parse_args(arguments)
    # A process that resumes begins with other random numbers: what is the same later was restored.
    np.random.seed(4711 if told.resume else 3)
    state, done = restored(told.resume, told.without) if told.resume else (fresh(3), 0)
    examples = np.random.default_rng(6).normal(size=(8, WIDTH)).astype(np.float32)
    losses = []
    with reproof.jax.Trajectory(
        steps=told.steps, seeds={"training": 3},
        evaluate=lambda state: state.apply_fn({"params": state.params, "batch_stats": state.batch_stats}, examples),
    ) as trajectory:  # fmt: skip
        for x, y in batches(done):
            trajectory.batch((x, y), state)
            state, loss = train_step(state, x, y)
            losses.append(loss)
            done += 1
            trajectory.step(done, loss=loss, state=state)
            if done == CHECKPOINT and told.out and not trajectory.resuming:
                told.out.mkdir(parents=True, exist_ok=True)
                path = told.out / f"step-{done}.msgpack"
                path.write_bytes(packed(state))
                trajectory.saved(path, step=done)
    print(json.dumps([float(loss) for loss in losses]))


if __name__ == "__main__":
    main()
