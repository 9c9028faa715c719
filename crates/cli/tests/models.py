"""Writes the models that only the command line's tests need.

`models.py OUT` expects the planted models in `OUT/planted` and writes to `OUT/shipped`
(copies of real models, each with one attribute changed, and `shipped.json`),
`OUT/unrefereed` (planted networks that the built-in engine cannot run), `OUT/tables`
(models of tables as converters of scikit-learn and LightGBM write them), `OUT/local`
(pairs that differ in one element, one decision, one integer, one text) and `OUT/twin`
(the tensors of a planted network as a safetensors file).
"""

import json
import shutil
import struct
import sys
from collections.abc import Iterator
from importlib.metadata import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

MILLION = 1_000_000
MOVED = 654_321
"""The element that moves: somewhere inside, on no boundary of a block."""

SHIPPED: dict[str, tuple[str, str, str, str, float | list[int] | str]] = {
    "file-type": ("magika", "standard_v3_3/model.onnx", "Conv", "dilations", [2, 1]),
    "text-angle": (
        "rapidocr-onnxruntime",
        "ch_ppocr_mobile_v2.0_cls_infer.onnx",
        "BatchNormalization",
        "epsilon",
        1e-3,
    ),
    "voice": ("silero-vad", "silero_vad_16k_sequence.onnx", "Pad", "mode", "edge"),
}
"""Package, file, and what is changed: operator, attribute, new value."""


def save(path: Path, model: ModelProto) -> None:
    """Writes a model, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def tensors(model: ModelProto) -> Iterator[tuple[str, TensorProto]]:
    """Every stored tensor of the main graph with the name by which it is known."""
    for tensor in model.graph.initializer:
        yield tensor.name, tensor
    for node in model.graph.node:
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name == "value":
                yield node.output[0], attribute.t


def largest(model: ModelProto, content: bytes) -> dict[str, Any]:
    """The largest stored tensor and where its values begin in the file."""
    name, tensor = max(tensors(model), key=lambda entry: np.prod(entry[1].dims))
    values = numpy_helper.to_array(tensor).tobytes()
    return {"tensor": name, "offset": content.index(values), "bytes": len(values)}


def change_attribute(
    model: ModelProto, operator: str, name: str, value: float | list[int] | str
) -> None:
    """Sets an attribute of the first node of an operator, which must differ."""
    node = next(node for node in model.graph.node if node.op_type == operator)
    changed = helper.make_attribute(name, value)
    for index, attribute in enumerate(node.attribute):
        if attribute.name == name:
            assert attribute != changed
            node.attribute[index].CopyFrom(changed)
            return
    node.attribute.append(changed)


def write_shipped(out: Path) -> None:
    """Copies the real models and changes one attribute of each."""
    out.mkdir()
    described = {}
    for name, (package, suffix, operator, attribute, value) in SHIPPED.items():
        file = next(
            file for file in files(package) or [] if file.as_posix().endswith(suffix)
        )
        target = out / f"{name}.onnx"
        shutil.copyfile(str(file.locate()), target)
        model = onnx.load(target)
        described[name] = largest(model, target.read_bytes())
        change_attribute(model, operator, attribute, value)
        save(out / f"{name}.attribute.onnx", model)
    generator = np.random.default_rng(11)
    np.savez(
        out / "file-type.npz",
        bytes=generator.integers(0, 256, (2, 2048), dtype=np.int32),
    )
    np.savez(
        out / "text-angle.npz",
        x=generator.random((1, 3, 48, 192), dtype=np.float32),
    )
    np.savez(
        out / "voice.npz",
        input=generator.normal(0, 0.1, (8, 576)).astype(np.float32),
        h=np.zeros((1, 1, 128), np.float32),
        c=np.zeros((1, 1, 128), np.float32),
    )
    text = json.dumps(described, indent=1, sort_keys=True)
    (out / "shipped.json").write_text(text, encoding="utf-8")


def blind(model: ModelProto) -> None:
    """Multiplies the logits by 1 from an operator of ONNX Runtime's own, which no other engine has."""
    kind = model.graph.output[0].type.tensor_type.elem_type
    for node in model.graph.node:
        for index, output in enumerate(node.output):
            if output == "logits":
                node.output[index] = "plain_logits"
    one = numpy_helper.from_array(np.ones((1, 1), dtype=np.float32), "only_one")
    model.graph.initializer.append(one)
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    product = helper.make_node(
        "FusedMatMul", ["only_one", "only_one"], ["wide_unit"], domain="com.microsoft"
    )
    model.graph.node.extend(
        [
            product,
            helper.make_node("Cast", ["wide_unit"], ["unit"], to=kind),
            helper.make_node("Mul", ["plain_logits", "unit"], ["logits"]),
        ]
    )


def write_unrefereed(planted: Path, out: Path) -> None:
    """Writes a network and its faults so that only ONNX Runtime runs them."""
    plants = ("", ".epsilon", ".gelu-tanh", ".scale-256", ".bias-1ulp")
    for dtype in ("float32", "float16"):
        for plant in plants:
            name = f"perceptron.{dtype}{plant}.onnx"
            model = onnx.load(planted / name)
            blind(model)
            save(out / name, model)


def pair(
    nodes: list[NodeProto],
    inputs: list[Any],
    outputs: list[Any],
    weights: dict[str, npt.NDArray[Any]],
) -> ModelProto:
    """A checked model of a few nodes."""
    graph = helper.make_graph(
        nodes,
        "graph",
        inputs,
        outputs,
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def info(name: str, dtype: npt.DTypeLike, shape: list[int]) -> Any:
    """A tensor of a signature."""
    return helper.make_tensor_value_info(
        name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape
    )


def million(dtype: npt.DTypeLike, *, moved: bool) -> ModelProto:
    """Adds a stored vector; one element may move by 1000 times its rounding error."""
    vector = np.random.default_rng(5).uniform(0.5, 1, MILLION).astype(dtype)
    if moved:
        rounding = np.finfo(vector.dtype).eps / 2 * float(vector[MOVED])
        vector[MOVED] = float(vector[MOVED]) + 1000 * rounding
    return pair(
        [helper.make_node("Add", ["number", "vector"], ["sums"])],
        [info("number", dtype, [1])],
        [info("sums", dtype, [MILLION])],
        {"vector": vector},
    )


def cancelled(*, detour: bool) -> ModelProto:
    """The same function, with one element by way of a large number that cancels."""
    vector = np.random.default_rng(5).uniform(0.5, 1, MILLION).astype(np.float32)
    large = np.asarray([4000 if detour else 0], dtype=np.float32)
    parts = {
        "before": vector[:MOVED],
        "at": vector[MOVED : MOVED + 1],
        "after": vector[MOVED + 1 :],
    }
    nodes = [
        helper.make_node("Add", ["number", name], [f"sum_{name}"]) for name in parts
    ]
    nodes += [
        helper.make_node("Add", ["sum_at", "large"], ["up"]),
        helper.make_node("Sub", ["up", "large"], ["down"]),
        helper.make_node(
            "Concat", ["sum_before", "down", "sum_after"], ["sums"], axis=0
        ),
    ]
    return pair(
        nodes,
        [info("number", np.float32, [1])],
        [info("sums", np.float32, [MILLION])],
        parts | {"large": large},
    )


def scores(*, swapped: bool) -> ModelProto:
    """Ten scores of which two lie one step apart; they may change places."""
    close = np.array([0.1, 0.3, 0.2, 1, 0.5, 0.4, 0.6, 0, 0.7, 0.8], dtype=np.float32)
    close[7] = np.nextafter(np.float32(1), np.float32(2))
    if swapped:
        close[[3, 7]] = close[[7, 3]]
    return pair(
        [helper.make_node("Add", ["number", "close"], ["scores"])],
        [info("number", np.float32, [1, 1])],
        [info("scores", np.float32, [1, 10])],
        {"close": close.reshape(1, 10)},
    )


def rounded(*, detour: bool) -> ModelProto:
    """The same scores as one function; a detour rounds the winner to a tie."""
    wide = np.zeros((1, 10), dtype=np.float32)
    wide[0, 7] = 4 if detour else 0
    model = scores(swapped=False)
    model.graph.initializer.append(numpy_helper.from_array(wide, "wide"))
    model.graph.node[0].output[0] = "sum"
    model.graph.node.extend(
        [
            helper.make_node("Add", ["sum", "wide"], ["up"]),
            helper.make_node("Sub", ["up", "wide"], ["scores"]),
        ]
    )
    return model


def integer(offset: int) -> ModelProto:
    """Places of the largest numbers, with something added to them."""
    weights = {"three": np.array([3]), "offset": np.array([offset])}
    return pair(
        [
            helper.make_node("TopK", ["numbers", "three"], ["values", "places"]),
            helper.make_node("Add", ["places", "offset"], ["moved"]),
        ],
        [info("numbers", np.float32, [1, 6])],
        [info("values", np.float32, [1, 3]), info("moved", np.int64, [1, 3])],
        weights,
    )


def flag(limit: float) -> ModelProto:
    """Whether each number is above a limit."""
    return pair(
        [helper.make_node("Greater", ["numbers", "limit"], ["above"])],
        [info("numbers", np.float32, [1, 6])],
        [info("above", np.bool_, [1, 6])],
        {"limit": np.array(limit, dtype=np.float32)},
    )


def text(action: str) -> ModelProto:
    """Texts in capitals or in small letters; only ONNX Runtime runs it."""
    node = helper.make_node(
        "StringNormalizer", ["texts"], ["normal"], case_change_action=action, locale="C"
    )
    return pair(
        [node],
        [helper.make_tensor_value_info("texts", TensorProto.STRING, ["n"])],
        [helper.make_tensor_value_info("normal", TensorProto.STRING, ["m"])],
        {},
    )


COLUMNS = 5
"""Features of a table."""


def forest(
    votes: str, low: int, high: int, unit: float, seed: int
) -> dict[str, list[Any]]:
    """Four trees of three tests each way; votes are multiples of a unit, so that any order sums them exactly."""
    generator = np.random.default_rng(seed)
    inner, count = 7, 15
    fields: dict[str, list[Any]] = {}

    def add(name: str, value: Any) -> None:
        fields.setdefault(name, []).append(value)

    for tree in range(4):
        for node in range(count):
            is_leaf = node >= inner
            add("nodes_treeids", tree)
            add("nodes_nodeids", node)
            add("nodes_modes", "LEAF" if is_leaf else "BRANCH_LEQ")
            add("nodes_featureids", 0 if is_leaf else int(generator.integers(COLUMNS)))
            add(
                "nodes_values",
                0.0 if is_leaf else float(generator.integers(-4, 5)) / 4,
            )
            add("nodes_truenodeids", 0 if is_leaf else 2 * node + 1)
            add("nodes_falsenodeids", 0 if is_leaf else 2 * node + 2)
            if is_leaf:
                add(f"{votes}_treeids", tree)
                add(f"{votes}_nodeids", node)
                add(f"{votes}_ids", 0)
                add(f"{votes}_weights", float(generator.integers(low, high)) * unit)
    return fields


def table(nodes: list[NodeProto], outputs: list[Any]) -> ModelProto:
    """A checked model of operators of `ai.onnx.ml` on rows of features."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [info("rows", np.float32, [16, COLUMNS])],
        outputs,
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    onnx.checker.check_model(model)
    return model


def learned(operator: str, inputs: str, outputs: list[str], **fields: Any) -> NodeProto:
    """A node of the domain."""
    return helper.make_node(operator, [inputs], outputs, domain="ai.onnx.ml", **fields)


def write_tables(out: Path) -> None:
    """Writes models of tables, and rows for them."""
    label = helper.make_tensor_value_info("label", TensorProto.STRING, [None])
    labels = [label, info("scores", np.float32, [None, None])]
    # The scores of each row by label, as converters of scikit-learn give them unless told otherwise.
    score = helper.make_tensor_type_proto(TensorProto.FLOAT, [])
    by_label = helper.make_map_type_proto(TensorProto.STRING, score)
    by_row = helper.make_value_info("by_row", helper.make_sequence_type_proto(by_label))
    shares = forest("class", 0, 16, 1 / 64, 1)
    logits = forest("class", -99, 99, 1 / 128, 2)
    values = forest("target", -99, 99, 1 / 16, 3)
    models = {
        "shares": table(
            [
                learned(
                    "Imputer",
                    "rows",
                    ["filled"],
                    replaced_value_float=-1.0,
                    imputed_value_floats=[0.5, 0.25, 0.0, 0.5, 0.75],
                ),
                learned("Scaler", "filled", ["scaled"], offset=[0.25], scale=[2.0]),
                learned(
                    "TreeEnsembleClassifier",
                    "scaled",
                    ["label", "scores"],
                    classlabels_strings=["no", "yes"],
                    **shares,
                ),
                learned(
                    "ZipMap", "scores", ["by_row"], classlabels_strings=["no", "yes"]
                ),
            ],
            [label, by_row],
        ),
        "boosted": table(
            [
                learned(
                    "TreeEnsembleClassifier",
                    "rows",
                    ["number", "scores"],
                    classlabels_int64s=[0, 1],
                    base_values=[0.125],
                    post_transform="LOGISTIC",
                    **logits,
                ),
                learned(
                    "LabelEncoder",
                    "number",
                    ["label"],
                    keys_int64s=[0, 1],
                    values_strings=["no", "yes"],
                ),
            ],
            labels,
        ),
        "averaged": table(
            [
                learned(
                    "TreeEnsembleRegressor",
                    "rows",
                    ["value"],
                    n_targets=1,
                    aggregate_function="AVERAGE",
                    **values,
                )
            ],
            [info("value", np.float32, [None, None])],
        ),
        "linear": table(
            [
                learned(
                    "LinearClassifier",
                    "rows",
                    ["label", "scores"],
                    classlabels_strings=["a", "b", "c"],
                    coefficients=[(place * 7 % 11 - 5) / 8 for place in range(15)],
                    intercepts=[0.25, -0.5, 0.0],
                    post_transform="SOFTMAX",
                ),
                learned(
                    "ZipMap", "scores", ["by_row"], classlabels_strings=["a", "b", "c"]
                ),
            ],
            [label, by_row],
        ),
    }
    rows = (
        np.random.default_rng(7).integers(-8, 9, (16, COLUMNS)).astype(np.float32) / 4
    )
    for name, model in models.items():
        save(out / f"{name}.onnx", model)
        np.savez(out / f"{name}.npz", rows=rows)


def write_local(out: Path) -> None:
    """Writes the pairs `<name>.onnx` and `<name>.changed.onnx`, and inputs."""
    pairs = {
        "million-float32": (
            million(np.float32, moved=False),
            million(np.float32, moved=True),
        ),
        "million-float16": (
            million(np.float16, moved=False),
            million(np.float16, moved=True),
        ),
        "cancelled": (cancelled(detour=False), cancelled(detour=True)),
        "scores": (scores(swapped=False), scores(swapped=True)),
        "rounded": (rounded(detour=False), rounded(detour=True)),
        "integer": (integer(0), integer(1)),
        "flag": (flag(0.5), flag(0.35)),
        "text": (text("UPPER"), text("LOWER")),
    }
    for name, (original, changed) in pairs.items():
        save(out / f"{name}.onnx", original)
        save(out / f"{name}.changed.onnx", changed)
    np.savez(out / "million-float32.npz", number=np.array([0.25], dtype=np.float32))
    np.savez(out / "million-float16.npz", number=np.array([0.25], dtype=np.float16))
    np.savez(out / "cancelled.npz", number=np.array([0.3], dtype=np.float32))
    np.savez(out / "scores.npz", number=np.zeros((1, 1), dtype=np.float32))
    np.savez(out / "rounded.npz", number=np.zeros((1, 1), dtype=np.float32))
    numbers = np.array([[0.3, -1, 2, 0.75, 0.4, 1]], dtype=np.float32)
    np.savez(out / "integer.npz", numbers=numbers)
    np.savez(out / "flag.npz", numbers=numbers)


def write_twin(planted: Path, out: Path) -> None:
    """Writes the initializers of a network as safetensors, in an order of its own."""
    model = onnx.load(planted / "perceptron.float32.onnx")
    names = {"float32": "F32", "int64": "I64"}
    header, content = {}, b""
    for tensor in reversed(model.graph.initializer):
        values = numpy_helper.to_array(tensor)
        begin, content = len(content), content + values.tobytes()
        header[tensor.name] = {
            "dtype": names[values.dtype.name],
            "shape": list(values.shape),
            "data_offsets": [begin, len(content)],
        }
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    out.mkdir()
    file = struct.pack("<Q", len(encoded)) + encoded + content
    (out / "perceptron.float32.safetensors").write_bytes(file)


def main() -> None:
    """Writes everything."""
    out = Path(sys.argv[1])
    write_shipped(out / "shipped")
    write_unrefereed(out / "planted", out / "unrefereed")
    write_tables(out / "tables")
    write_local(out / "local")
    write_twin(out / "planted", out / "twin")


if __name__ == "__main__":
    main()
