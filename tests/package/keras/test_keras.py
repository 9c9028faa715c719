"""Keras: contracts for what ModelCheckpoint saves, and not one bit of the training changed."""

import json

import keras
import numpy as np
import reproof
import reproof.keras


def fit(folder, callbacks):
    keras.utils.set_random_seed(5)
    model = keras.Sequential([keras.layers.Input((8,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    rows = np.random.default_rng(2).random((32, 8), dtype=np.float32)
    folder.mkdir()
    saving = keras.callbacks.ModelCheckpoint(str(folder / "epoch-{epoch}.keras"))
    history = model.fit(rows, rows.sum(1), epochs=2, batch_size=8, verbose=0, callbacks=[saving, *callbacks])
    return history.history["loss"], [weight.tobytes() for weight in model.get_weights()], np.random.random(3).tolist()


def test_each_saved_file_gets_a_contract_and_training_is_the_same(tmp_path):
    plain = fit(tmp_path / "plain", [])
    callback = reproof.keras.ContractCallback(tmp_path / "watched" / "epoch-*.keras", notes={"why": "a test"})
    assert fit(tmp_path / "watched", [callback]) == plain
    assert len(callback.recorder.recorded) == 2
    for epoch in (1, 2):
        saved = tmp_path / "watched" / f"epoch-{epoch}.keras"
        assert reproof.verify(saved).check().assurance == "bytes"
        contract = json.loads((saved.with_name(saved.name + ".reproof") / "contract.json").read_text())
        assert contract["context"]["notes"] == {"recorded-by": "training", "epoch": str(epoch - 1), "why": "a test"}
    data = bytearray(saved.read_bytes())
    data[len(data) // 2] ^= 1
    saved.write_bytes(bytes(data))
    assert reproof.verify(saved).verdict == "corrupt"


def test_op_determinism_is_set_and_put_back():
    import tensorflow

    before = {switch.name: switch.value for switch in reproof._determinism.current()}
    with reproof.determinism() as switches:
        told = {switch.name: switch for switch in switches.switches}
        assert told["tensorflow.op_determinism"].value is True
        tensorflow.constant(1.0)
    assert {switch.name: switch.value for switch in reproof._determinism.current()} == before
