"""What is watched of a training with Keras: a model that `fit` trains."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._tensors import digest_live
from ..errors import UsageError
from . import evaluation, generators, setting
from .facts import Known, Streams, flags, leaves, looked_at
from .hooks import Hooks

_PACKAGES = ("keras", "tensorflow", "jax", "torch", "numpy")

# Variables by which users choose how processors compute.
_VARIABLES = (
    "NVIDIA_TF32_OVERRIDE",
    "OMP_NUM_THREADS",
    "PYTHONHASHSEED",
    "TF_CUDNN_DETERMINISTIC",
    "TF_DETERMINISTIC_OPS",
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_XLA_FLAGS",
    "XLA_FLAGS",
)

# What optimizers keep that belongs to no weight: the scaler of losses, and settings.
_OF_SCALER = ("step_counter", "dynamic_scale")
_SETTINGS = ("learning_rate",)


@dataclass(eq=False)
class Fitted:
    """A model while it is trained; all that `training.Training` asks for."""

    model: Any
    inputs: Any = None
    generators: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.inputs = self.inputs if callable(self.inputs) else evaluation.copied(self.inputs)

    @property
    def framework(self) -> str:
        backend = _backend()
        return f"keras {setting.version('keras')} with {backend} {setting.version(backend)}"

    @property
    def done(self) -> int:
        """The steps that the optimizer has counted."""
        self._sync()
        return int(_array(self.model.optimizer.iterations))

    @property
    def accumulation(self) -> int:
        """The batches that the optimizer takes for a step."""
        return int(getattr(self.model.optimizer, "gradient_accumulation_steps", None) or 1)

    def initialisation(self) -> dict[str, str]:
        weights = {variable.path: _array(variable) for variable in self.model.trainable_variables}
        return {"initialisation": str(digest_live(weights).weights_digest)} if weights else {}

    def setting(self) -> dict[str, str]:
        import keras

        told = {
            "world-size": "1",
            "rank": str(setting.rank()),
            "backend": _backend(),
            "device": "cpu",
            "precision": str(keras.config.dtype_policy().name),
            "compiled": "no" if self.model.run_eagerly else "jit" if self.model.jit_compile else "graph",
            "steps-per-execution": str(getattr(self.model, "steps_per_execution", 1)),
        }
        if _backend() == "tensorflow":
            told.update(_of_tensorflow(sys.modules["tensorflow"]))
        return {**told, **setting.of_any(None, _PACKAGES, _VARIABLES)}

    def context(self, seeds: Mapping[str, int]) -> dict[str, str]:
        return setting.context_of_any(None, seeds)

    def set_threads(self, count: int) -> None:
        # Whoever asks is told that this experiment cannot be made, rather than that it changed nothing.
        raise UsageError(f"{count} threads: {_backend()} takes its threads when it starts")

    def can_lose(self) -> list[str]:
        return []

    def lose(self, piece: str) -> None:
        raise UsageError(f"{piece} cannot be lost with Keras")

    def hook(self, hooks: Hooks) -> None:
        pass

    def leaves(self, value: Any) -> Iterator[tuple[str, Known]]:
        return leaves("", value)

    def random(self) -> dict[str, str]:
        self._sync()
        # By their order: their names are counted up whenever a model is made.
        states = (_array(variable).reshape(-1) for variable in self.model.non_trainable_variables if _is_seed(variable))
        seeds = {f"seed-generator.{place}": " ".join(map(str, state.tolist())) for place, state in enumerate(states)}
        return {**generators.states(self.generators), **seeds}

    def modes(self) -> dict[str, Known]:
        trained = {id(variable) for variable in self.model.trainable_variables}
        frozen = {_name(self.model, weight): id(weight) not in trained for weight in self.model.weights}
        return {"frozen": flags(frozen, "weights frozen")}

    def begin(self, random: dict[str, str], gradients: bool) -> Streams:
        return looked_at({**self._state(), "modes": self.modes(), "random": random})

    def end(self) -> Streams:
        streams = {**self._state(), "random": self.random()}
        if self.inputs is not None:
            streams["evaluation"] = self._evaluated()
        return looked_at(streams)

    def note_gradients(self) -> None:
        pass

    def gradients_wait(self) -> bool:
        # Keras accumulates in variables of the optimizer.
        return False

    def learning_rates(self) -> dict[str, Known]:
        return {"0": repr(float(_array(self.model.optimizer.learning_rate)))}

    def gradient_norm(self) -> dict[str, Known]:
        return {}

    def scale(self) -> dict[str, Known]:
        return {}

    def _sync(self) -> None:
        """With JAX, variables of a model are those of the last epoch unless somebody asks for them."""
        sync = getattr(self.model, "jax_state_sync", None)
        if _backend() == "jax" and callable(sync):
            sync()

    def _state(self) -> Streams:
        self._sync()
        model = self.model
        others = (variable for variable in model.non_trainable_variables if not _is_seed(variable))
        return {
            "parameters": {_name(model, variable): _array(variable) for variable in model.trainable_variables},
            "buffers": {_name(model, variable): _array(variable) for variable in others},
            **self._driving(),
        }

    def _driving(self) -> Streams:
        """What the optimizer keeps, by the weights to which it belongs."""
        import keras

        optimizer, streams = self.model.optimizer, Streams(optimizer={}, scheduler={}, scaler={}, ema={})
        if not isinstance(optimizer.learning_rate, keras.Variable):
            # A schedule, whose place is the number of steps.
            streams["scheduler"]["iterations"] = str(self.done)
        owners = {weight.path.replace("/", "_"): _name(self.model, weight) for weight in self.model.trainable_variables}
        for variable in optimizer.variables:
            own, value = variable.path.rsplit("/", 1)[-1], _array(variable)
            owner = max((path for path in owners if own.startswith(f"{path}_")), key=len, default=None)
            if owner is not None:
                kind = own[len(owner) + 1 :]
                is_average = kind == "average"
                name = owners[owner] if is_average else f"state.{owners[owner]}.{kind}"
                streams["ema" if is_average else "optimizer"][name] = value
            elif own in _OF_SCALER:
                streams["scaler"][own] = value
            else:
                streams["optimizer"][f"{'group.0' if own in _SETTINGS else 'state'}.{own}"] = value
        state = {name: value for name, value in streams["optimizer"].items() if name.startswith("state.")}
        if not any(bool(value.any()) for value in state.values()):
            # Before its first step an optimizer has no state yet, as with PyTorch.
            streams["optimizer"] = {name: value for name, value in streams["optimizer"].items() if name not in state}
        return streams

    def _evaluated(self) -> dict[str, Known]:
        model = self.model
        with generators.preserved(self.generators):
            if callable(self.inputs) and not isinstance(self.inputs, Mapping):
                before = [(variable, _array(variable).copy()) for variable in model.variables]
                given = self.inputs(model)
                for variable, value in before:
                    if _array(variable).tobytes() != value.tobytes():
                        variable.assign(value)
            else:
                # Variables are lent to it: none of the model's own is written to.
                lent = model.trainable_variables, model.non_trainable_variables
                given, _ = model.stateless_call(*lent, self.inputs, training=False)
            return {name or "output": _array(value) for name, value in _nested("", given)}


def _backend() -> str:
    import keras

    return str(keras.config.backend())


def _array(value: Any) -> Any:
    """A variable or tensor as an array, as it is now."""
    import keras

    if isinstance(value, sys.modules["numpy"].ndarray):
        return value
    tensor = keras.ops.convert_to_tensor(value)
    # What Keras does for all backends is deprecated by NumPy for this one.
    return tensor.numpy() if _backend() == "tensorflow" else keras.ops.convert_to_numpy(tensor)


def _name(model: Any, variable: Any) -> str:
    """The path of a variable, without the name of the model, which counts up."""
    return str(variable.path).removeprefix(f"{model.name}/").replace("/", ".")


def _is_seed(variable: Any) -> bool:
    return str(variable.path).endswith("seed_generator_state")


def _nested(name: str, given: Any) -> Iterator[tuple[str, Any]]:
    """Outputs by path: whatever is neither a mapping nor a sequence is one."""
    if isinstance(given, Mapping):
        pairs = [(str(key), value) for key, value in given.items()]
    elif isinstance(given, (list, tuple)):
        pairs = [(str(index), value) for index, value in enumerate(given)]
    else:
        yield name, given
        return
    for key, value in pairs:
        yield from _nested(f"{name}.{key}" if name else key, value)


def _of_tensorflow(tensorflow: Any) -> dict[str, str]:
    threading, devices = tensorflow.config.threading, tensorflow.config.list_physical_devices("GPU")
    told = {
        "intra-op-threads": str(threading.get_intra_op_parallelism_threads() or "as many as processors"),
        "inter-op-threads": str(threading.get_inter_op_parallelism_threads() or "as many as processors"),
    }
    if devices:
        details = tensorflow.config.experimental.get_device_details(devices[0])
        told["device"] = f"gpu {details.get('device_name', 'unknown')}"
        told["tf32"] = "yes" if tensorflow.config.experimental.tensor_float_32_execution_enabled() else "no"
    return told
