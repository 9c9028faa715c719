"""Computes sampled operators from docs/referee.md alone, with fractions and decimals: `referee_oracle.py make FOLDER`
writes models with a case, `referee_oracle.py check FOLDER TYPE GOLDEN` compares the outputs that an engine gave.

Nothing here knows the engine: what is exact is a fraction, what is a function is a decimal of 80 digits.
"""

import decimal
import json
import math
import struct
import sys
from fractions import Fraction
from pathlib import Path

import numpy
import onnx
from onnx import TensorProto, helper

decimal.getcontext().prec = 80

# Bits of fraction, lowest exponent and largest number.
TYPES = {
    "float32": (23, -126, (2 - 2.0**-23) * 2.0**127, TensorProto.FLOAT),
    "float16": (10, -14, 65504.0, TensorProto.FLOAT16),
    "bfloat16": (7, -126, (2 - 2.0**-7) * 2.0**127, TensorProto.BFLOAT16),
}


def rounded(kind, value):
    """The number of a type that is nearest to a fraction or a float, ties to even."""
    bits, lowest, largest, _ = TYPES[kind]
    if isinstance(value, float):
        if not math.isfinite(value) or value == 0.0:
            return value
        value = Fraction(value)
    if value == 0:
        return 0.0
    exponent = lowest
    while Fraction(2) ** (exponent + 1) <= abs(value):
        exponent += 1
    # Python rounds fractions to integers with ties to even.
    steps = round(value / Fraction(2) ** (exponent - bits))
    found = math.copysign(float(steps * Fraction(2) ** (exponent - bits)), value)
    return math.copysign(math.inf, found) if abs(found) > largest else found


def nearest(value):
    """The float64 nearest to a decimal."""
    return float(value)


def exp(x):
    return nearest(decimal.Decimal(x).exp())


def erfc(x):
    """By the series of the error function, whose terms grow to exp(x * x) before they cancel."""
    if abs(x) > 28:
        # Below the smallest float64, and its complement.
        return 0.0 if x > 0 else 2.0
    with decimal.localcontext() as context:
        context.prec = 60 + 2 * int(x * x)
        x, smallest = decimal.Decimal(x), decimal.Decimal(10) ** -(50 + int(x * x))
        term, total, n = x, x, 0
        while abs(term) > smallest:
            n += 1
            term = -term * x * x / n
            total += term / (2 * n + 1)
        return nearest(1 - 2 * total / pi(context.prec).sqrt())


def pi(digits):
    """By Machin's formula."""
    one = 10 ** (digits + 10)

    def arctangent(x):
        term = total = one // x
        n, sign = 3, -1
        while term:
            term //= x * x
            total += sign * (term // n)
            n, sign = n + 2, -sign
        return total

    return decimal.Decimal(4 * (4 * arctangent(5) - arctangent(239))) / one


def lanes(values):
    found = [0.0] * 16
    for index, value in enumerate(values):
        found[index % 16] += value
    width = 8
    while width:
        for lane in range(width):
            found[lane] += found[lane + width]
        width //= 2
    return found[0]


def exact(terms):
    return sum((Fraction(left) * Fraction(right) for left, right in terms), Fraction(0))


def sigmoid(x):
    return 1.0 / (1.0 + exp(-x))


def matmul(kind, left, right, bias=None):
    rows, steps, columns = len(left), len(right), len(right[0])
    start = lambda column: Fraction(bias[column]) if bias else 0
    element = lambda row, column: rounded(
        kind, exact((left[row][step], right[step][column]) for step in range(steps)) + start(column)
    )
    return [[element(row, column) for column in range(columns)] for row in range(rows)]


def conv(kind, image, weights, bias):
    """One item, padding of 1, windows of 3 x 3."""
    channels, height, width = len(image), len(image[0]), len(image[0][0])
    at = lambda c, y, x: image[c][y][x] if 0 <= y < height and 0 <= x < width else 0.0
    window = [(c, i, j) for c in range(channels) for i in range(3) for j in range(3)]
    element = lambda f, y, x: rounded(
        kind, exact((at(c, y + i - 1, x + j - 1), weights[f][c][i][j]) for c, i, j in window) + Fraction(bias[f])
    )
    return [[[element(f, y, x) for x in range(width)] for y in range(height)] for f in range(len(weights))]


def softmax(kind, row):
    largest = max(row)
    powers = [exp(value - largest) for value in row]
    total = lanes(powers)
    return [rounded(kind, power / total) for power in powers]


def layer_norm(kind, row, scale, bias):
    mean = lanes(row) / len(row)
    variance = lanes([(value - mean) * (value - mean) for value in row]) / len(row)
    factor = 1.0 / math.sqrt(variance + float(numpy.float32(1e-5)))
    return [rounded(kind, (x - mean) * factor * s + b) for x, s, b in zip(row, scale, bias)]


def gelu(kind, x):
    return rounded(kind, 0.5 * x * erfc(-x * 0.7071067811865476))


def gelu_tanh(kind, x):
    return rounded(kind, x * sigmoid(2.0 * (0.7978845608028654 * (x + 0.044715 * (x * x * x)))))


def inputs():
    """Numbers of every size, whose sums cancel."""
    random = numpy.random.default_rng(20261126)
    wide = lambda *shape: (random.normal(size=shape) * 2.0 ** random.integers(-8, 6, size=shape)).astype("float32")
    return {
        "a": wide(5, 300), "b": wide(300, 7), "c": wide(7), "image": wide(1, 3, 5, 6), "weights": wide(4, 3, 3, 3),
        "bias": wide(4), "row": wide(3, 37), "scale": wide(37), "shift": wide(37),
    }  # fmt: skip


NODES = [
    ("product", "MatMul", ["a", "b"], {}),
    ("gemm", "Gemm", ["a", "b", "c"], {}),
    ("conv", "Conv", ["image", "weights", "bias"], {"pads": [1, 1, 1, 1]}),
    ("softmax", "Softmax", ["row"], {"axis": -1}),
    ("norm", "LayerNormalization", ["row", "scale", "shift"], {"axis": -1}),
    ("gelu", "Gelu", ["row"], {}),
    ("gelu_tanh", "Gelu", ["row"], {"approximate": "tanh"}),
    ("sigmoid", "Sigmoid", ["row"], {}),
    ("mean", "ReduceMean", ["row"], {"keepdims": 0}),
    ("pool", "GlobalAveragePool", ["image"], {}),
    ("sum", "Add", ["row", "scale"], {}),
]


def expected(kind):
    given = {name: json.loads(json.dumps(array.astype(float).tolist())) for name, array in inputs().items()}
    cast = lambda tree: [cast(item) for item in tree] if isinstance(tree, list) else rounded(kind, tree)
    given = {name: cast(tree) for name, tree in given.items()}
    every = lambda work, tree: [every(work, item) if isinstance(item, list) else work(item) for item in tree]
    flat = [value for row in given["row"] for value in row]
    planes = [[value for line in plane for value in line] for plane in given["image"][0]]
    return {
        "product": matmul(kind, given["a"], given["b"]),
        "gemm": matmul(kind, given["a"], given["b"], given["c"]),
        "conv": [conv(kind, given["image"][0], given["weights"], given["bias"])],
        "softmax": [softmax(kind, row) for row in given["row"]],
        "norm": [layer_norm(kind, row, given["scale"], given["shift"]) for row in given["row"]],
        "gelu": every(lambda x: gelu(kind, x), given["row"]),
        "gelu_tanh": every(lambda x: gelu_tanh(kind, x), given["row"]),
        "sigmoid": every(lambda x: rounded(kind, sigmoid(x)), given["row"]),
        "mean": rounded(kind, sum(map(Fraction, flat)) / len(flat)),
        "pool": [[[[rounded(kind, sum(map(Fraction, plane)) / len(plane))]] for plane in planes]],
        "sum": [[rounded(kind, x + y) for x, y in zip(row, given["scale"])] for row in given["row"]],
    }


def make(folder):
    arrays = inputs()
    numpy.savez(folder / "case.npz", **arrays)
    for kind, (_, _, _, code) in TYPES.items():
        nodes = [helper.make_node("Cast", [name], [name + "_"], to=code) for name in arrays]
        for name, operator, taken, attributes in NODES:
            nodes.append(helper.make_node(operator, [one + "_" for one in taken], [name + "_"], **attributes))
            nodes.append(helper.make_node("Cast", [name + "_"], [name], to=TensorProto.FLOAT))
        graph = helper.make_graph(
            nodes,
            kind,
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, array.shape) for name, array in arrays.items()],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name, *_ in NODES],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
        onnx.save(model, folder / (kind + ".onnx"))


def check(kind, golden):
    content = Path(golden).read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header, body = json.loads(content[8 : 8 + length]), content[8 + length :]
    wrong = []
    for name, tree in expected(kind).items():
        begin, end = header[name]["data_offsets"]
        actual = numpy.frombuffer(body[begin:end], dtype="<u4")
        wanted = numpy.array(tree, dtype="float32").reshape(-1).view("<u4")
        for place in numpy.flatnonzero(actual != wanted):
            pair = numpy.array([actual[place], wanted[place]], dtype="<u4").view("<f4")
            wrong.append("{}[{}] of {}: {!r}, by the page {!r}".format(name, place, kind, *pair.tolist()))
    print("\n".join(wrong) or "same")


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]))
    else:
        check(sys.argv[2], sys.argv[3])
