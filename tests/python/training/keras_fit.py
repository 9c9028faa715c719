"""A training with Keras, whose checkpoints are whole models; `--without PIECE` forgets one piece when it resumes.

    python keras_fit.py --out DIR                               # 2 epochs, with DIR/epoch-1.keras and its contract
    python keras_fit.py --resume DIR/epoch-1.keras              # the epoch that followed
    python keras_fit.py --resume DIR/epoch-1.keras --without optimizer

Several pieces may be named. `seed` is what files of Keras do not hold: the states of the generators of layers.

Prints the losses as JSON.
"""

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import reproof.keras

EPOCHS, BATCHES, ROWS, WIDTH = 2, 12, 16, 12


def fresh():
    layers = keras.layers
    model = keras.Sequential(
        [layers.Input((WIDTH,)), layers.Dense(24), layers.BatchNormalization(), layers.Dropout(0.2), layers.Dense(1)]
    )
    model.compile(optimizer(), "mse")
    return model


def optimizer():
    return keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(0.02, EPOCHS * BATCHES))


def forget(model, piece):
    if piece == "optimizer":
        model.compile(optimizer(), "mse")
    elif piece == "iterations":
        model.optimizer.iterations.assign(0)
    elif piece == "buffers":
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.moving_mean.assign(keras.ops.zeros_like(layer.moving_mean))
    elif piece != "seed":
        raise SystemExit(f"no piece {piece}")


class Sowing(keras.callbacks.Callback):
    """What layers draw follows from the epoch: files of Keras do not hold the states of their generators."""

    def on_epoch_begin(self, epoch, logs=None):
        for variable in self.model.non_trainable_variables:
            if variable.path.endswith("seed_generator_state"):
                variable.assign([3, 1000 * epoch])


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--resume", type=Path)
    parser.add_argument("--without", nargs="*", default=[])
    parser.add_argument("--steps", type=int, default=8, help="steps to record after the checkpoint")
    told = parser.parse_args(arguments)
    # A process that resumes begins with other random numbers: what is the same later was restored.
    keras.utils.set_random_seed(4711 if told.resume else 3)
    if told.resume:
        model = keras.models.load_model(told.resume)
        for piece in told.without:
            forget(model, piece)
    else:
        model = fresh()
    folder = told.out or told.resume.parent
    saved = folder / "epoch-{epoch}.keras"
    rows = np.random.default_rng(5).normal(size=(BATCHES * ROWS, WIDTH)).astype(np.float32)
    examples = np.random.default_rng(6).normal(size=(8, WIDTH)).astype(np.float32)
    callbacks = [
        *([] if "seed" in told.without else [Sowing()]),
        keras.callbacks.ModelCheckpoint(str(saved)),
        reproof.keras.ContractCallback(folder / "epoch-*.keras", trajectory=told.steps, inputs=examples),
    ]
    # The order is the same in each epoch, so that it needs no state.
    history = model.fit(
        rows, rows[:, :4].sum(1), batch_size=ROWS, shuffle=False, verbose=0, callbacks=callbacks, epochs=EPOCHS,
        initial_epoch=int(told.resume.stem.rpartition("-")[2]) if told.resume else 0,
    )  # fmt: skip
    print(json.dumps(history.history["loss"]))


if __name__ == "__main__":
    main()
