"""NumPy: its loops by instruction set, its linear algebra by whichever BLAS it was built with."""

import numpy

from . import inputs


def values(shape, stream=0, dtype="float32"):
    count = 1
    for size in shape:
        count *= size
    exact = inputs.centred(numpy.arange(count, dtype=numpy.int64), stream)
    return (exact.astype(dtype) * numpy.asarray(inputs.SCALE, dtype)).reshape(shape)


def digests(threads):
    # The number of threads was told to BLAS by variables, before it was loaded.
    del threads
    return inputs.all_digests(_operators(), _content)


def _content(array):
    array = numpy.ascontiguousarray(array)
    return array.dtype.str, array.shape, array.astype(array.dtype.newbyteorder("<")).tobytes()


def _operators():
    x = values((64, 513))
    positive = numpy.abs(x) + numpy.float32(0.5)
    wide = values((64, 513), 1, "float64")
    long = values((3000000,), 2)
    a, b = values((128, 257), 3), values((257, 96), 4)
    square = values((48, 48), 5, "float64")
    symmetric = square @ square.T + 48 * numpy.eye(48)
    stack_a, stack_b = values((8, 33, 65), 6), values((8, 65, 17), 7)
    return {
        "exp": lambda: numpy.exp(x),
        "log": lambda: numpy.log(positive),
        "sin": lambda: numpy.sin(x),
        "tanh": lambda: numpy.tanh(x),
        "sqrt": lambda: numpy.sqrt(positive),
        "power": lambda: numpy.power(positive, numpy.float32(1.7)),
        "exp_float64": lambda: numpy.exp(wide),
        "log_float64": lambda: numpy.log(numpy.abs(wide) + 0.5),
        "sin_float64": lambda: numpy.sin(wide),
        "arctan2": lambda: numpy.arctan2(x, positive),
        "sum": lambda: long.sum(),
        "mean_axis": lambda: x.mean(axis=0),
        "var": lambda: x.var(axis=1),
        "cumsum": lambda: numpy.cumsum(x, axis=1),
        "dot": lambda: numpy.dot(long, long),
        "matmul": lambda: a @ b,
        "matmul_float64": lambda: a.astype("float64") @ b.astype("float64"),
        "matmul_vector": lambda: a @ b[:, 0],
        "matmul_stack": lambda: stack_a @ stack_b,
        "einsum": lambda: numpy.einsum("bij,bjk->bik", stack_a, stack_b),
        "norm": lambda: numpy.linalg.norm(x),
        "solve": lambda: numpy.linalg.solve(symmetric, square),
        "inverse": lambda: numpy.linalg.inv(symmetric),
        "cholesky": lambda: numpy.linalg.cholesky(symmetric),
        "svd_values": lambda: numpy.linalg.svd(square, compute_uv=False),
        "eigenvalues": lambda: numpy.linalg.eigvalsh(symmetric),
        "fft": lambda: numpy.fft.fft(x, axis=1),
        "sort": lambda: numpy.sort(x, axis=1),
        "argsort": lambda: numpy.argsort(x, axis=1, kind="stable"),
        "convolve": lambda: numpy.convolve(x[0], x[1]),
        "random_normal": lambda: numpy.random.default_rng(7).standard_normal(100000),
        "random_permutation": lambda: numpy.random.default_rng(7).permutation(1000),
    }
