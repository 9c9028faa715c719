"""Makes real models of JAX and of tables, their inputs, and modules of loaders: `frameworks_jax.py OUT`."""

import importlib.util
import json
import os
import shutil
import sys
import warnings
from pathlib import Path

os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import lightgbm
import numpy
import optax
import orbax.checkpoint
import skops.io
import xgboost
from flax import nnx, serialization
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

warnings.filterwarnings("ignore")
out = Path(sys.argv[1]).absolute()
out.mkdir(parents=True)
for name in ("flax_loaders.py", "table_functions.py"):
    shutil.copy(Path(__file__).parent / "frameworks" / name, out / name)
sys.path.insert(0, str(out))
import flax_loaders  # noqa: E402
import table_functions  # noqa: E402

digits = load_digits()
images = (digits.images / 16).astype("float32")[..., None]
labels = digits.target


def train(apply, parameters, rate=0.02):
    """Fifty steps with Adam, which is enough to read digits."""
    optimizer = optax.adam(rate)
    state = optimizer.init(parameters)

    def loss(parameters):
        scores = apply(parameters, images[:1500])
        return optax.softmax_cross_entropy_with_integer_labels(scores, labels[:1500]).mean()

    @jax.jit
    def step(parameters, state):
        updates, state = optimizer.update(jax.grad(loss)(parameters), state)
        return optax.apply_updates(parameters, updates), state

    for _ in range(50):
        parameters, state = step(parameters, state)
    right = (apply(parameters, images[1500:]).argmax(1) == labels[1500:]).mean()
    assert right > 0.8, right
    return parameters, state


module = flax_loaders.Net()
variables = module.init(jax.random.key(7), images[:1])
parameters, state = train(lambda parameters, x: module.apply({**variables, "params": parameters}, x), variables["params"])
variables = {**variables, "params": parameters}
(out / "variables.msgpack").write_bytes(serialization.to_bytes(variables))
trained = {"step": 50, "params": parameters, "batch_stats": variables["batch_stats"], "opt_state": state}
(out / "state.msgpack").write_bytes(serialization.to_bytes(trained))

network = nnx.clone(flax_loaders.build_nnx())
graph, learned, rest = nnx.split(network, nnx.Param, ...)
learned, _ = train(lambda learned, x: nnx.merge(graph, learned, rest)(x), learned)
(out / "nnx.msgpack").write_bytes(serialization.to_bytes(nnx.to_pure_dict(learned)))

with orbax.checkpoint.StandardCheckpointer() as checkpointer:
    checkpointer.save(out / "orbax", variables)
options = orbax.checkpoint.CheckpointManagerOptions(max_to_keep=2)
with orbax.checkpoint.CheckpointManager(out / "manager", options=options) as manager:
    for number in (1, 2):
        saved = orbax.checkpoint.args.StandardSave({"params": parameters, "batch_stats": variables["batch_stats"]})
        about = orbax.checkpoint.args.JsonSave({"epoch": number})
        manager.save(number, args=orbax.checkpoint.args.Composite(state=saved, about=about))

table = digits.data.astype("float32")
boosted = xgboost.train(
    {"objective": "multi:softprob", "num_class": 10, "max_depth": 3, "seed": 7}, xgboost.DMatrix(table[:1500], labels[:1500]), 12
)  # fmt: skip
boosted.save_model(out / "boosted.json")
boosted.save_model(out / "boosted.ubj")
(out / "broken.ubj").write_bytes((out / "boosted.ubj").read_bytes()[:9000])
# One leaf of one tree says more than it has learned.
planted = json.loads((out / "boosted.json").read_text())
tree = planted["learner"]["gradient_booster"]["model"]["trees"][0]
leaf = tree["left_children"].index(-1)
tree["split_conditions"][leaf] += 0.001
(out / "planted.json").write_text(json.dumps(planted))

diabetes = load_diabetes()
quiet = {"verbose": -1, "num_threads": 1, "deterministic": True, "seed": 7, "num_leaves": 7, "objective": "regression"}
grown = lightgbm.train(quiet, lightgbm.Dataset(diabetes.data, diabetes.target, feature_name=diabetes.feature_names), 12)
grown.save_model(out / "grown.txt")
text = (out / "grown.txt").read_text()
first = text.index("leaf_value=") + len("leaf_value=")
end = text.index(" ", first)
(out / "planted.txt").write_text(text[:first] + repr(float(text[first:end]) * (1 + 1e-6)) + text[end:])

# Trees that nobody here has grown; the package itself is not imported.
(shipped,) = importlib.util.find_spec("hyperopt").submodule_search_locations
shutil.copytree(Path(shipped) / "atpe_models", out / "shipped", ignore=lambda _, names: [n for n in names if n[-4:] != ".txt"])
for name in ("gamma", "nEICandidates"):
    width = lightgbm.Booster(model_file=out / f"shipped/model-{name}.txt").num_feature()
    (out / f"features-{name}").mkdir()
    numpy.save(out / f"features-{name}/random.npy", numpy.random.default_rng(7).normal(size=(16, width)))

pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(digits.data[:1500], labels[:1500])
skops.io.dump(pipeline, out / "pipeline.skops")
own = make_pipeline(FunctionTransformer(table_functions.halve), StandardScaler(), LogisticRegression(max_iter=500))
skops.io.dump(own.fit(digits.data[:1500], labels[:1500]), out / "own.skops")
pipeline[-1].coef_[3, 21] *= 1.01
skops.io.dump(pipeline, out / "planted.skops")

for kind in ("images", "tables", "rows", "columns"):
    (out / kind).mkdir()
for number in range(2):
    rows = slice(1500 + 4 * number, 1504 + 4 * number)
    numpy.savez(out / f"images/digits-{number}.npz", x=images[rows])
    numpy.savez(out / f"tables/digits-{number}.npz", X=table[rows])
    patients = diabetes.data[40 * number : 40 * number + 4]
    numpy.savez(out / f"rows/patients-{number}.npz", X=patients)
    # Each column by its name, in another order than the model's.
    columns = dict(reversed(list(zip(diabetes.feature_names, patients.T))))
    numpy.savez(out / f"columns/patients-{number}.npz", **columns)
