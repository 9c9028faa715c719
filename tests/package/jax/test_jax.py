"""JAX: tensors where they lie, and contracts for the steps that Orbax saves."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint
import reproof
import reproof.orbax


def test_arrays_are_read_where_they_lie():
    for dtype in (jnp.float32, jnp.bfloat16, jnp.float16, jnp.int8, jnp.bool_):
        array = jnp.arange(12).reshape(3, 4).astype(dtype)
        assert reproof.compare(array, np.asarray(array)).identical
        assert reproof.digest({"w": array}).weights_digest == reproof.digest({"w": np.asarray(array)}).weights_digest
    one = jax.random.normal(jax.random.key(1), (5, 6))
    assert reproof.compare({"y": one}, {"y": one.at[2, 3].add(1)})["y"].worst[0] == (2, 3)
    assert reproof.compare(one.T, np.asarray(one).T).identical


def test_each_step_of_orbax_gets_a_contract(tmp_path):
    weights = {"w": jax.random.normal(jax.random.key(0), (64, 64)), "b": jnp.zeros(64)}
    with orbax.checkpoint.CheckpointManager(tmp_path / "run") as manager:
        hook = reproof.orbax.ContractHook(manager, owner="tests")
        for step in range(2):
            if manager.save(step, args=orbax.checkpoint.args.StandardSave(weights)):
                hook.saved(step)
        hook.wait()
        for step in range(2):
            folder = tmp_path / "run" / str(step)
            contract = json.loads((folder / "reproof" / "contract.json").read_text())
            assert contract["governance"]["owner"] == "tests" and contract["context"]["notes"] == {"recorded-by": "training", "step": str(step)}
            assert reproof.verify(folder).check().assurance == "bytes"
        # A step with a contract in it is restored as any other.
        restored = manager.restore(1, args=orbax.checkpoint.args.StandardRestore(weights))
        assert reproof.compare(restored, weights).identical


def test_matmul_precision_is_set_and_put_back():
    before = jax.config.jax_default_matmul_precision
    with reproof.determinism() as switches:
        assert jax.config.jax_default_matmul_precision == "highest"
        assert any(note.startswith("XLA_FLAGS") for note in switches.notes)
    assert jax.config.jax_default_matmul_precision == before
