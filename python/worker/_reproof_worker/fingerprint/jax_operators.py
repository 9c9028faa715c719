"""JAX: what XLA compiles for this processor."""

import jax
import numpy
from jax import lax
from jax import numpy as jnp

from . import inputs
from .numpy_operators import values


def digests(threads):
    # XLA takes its threads from the machine.
    del threads
    return inputs.all_digests(_operators(), _content)


def _content(value):
    array = numpy.ascontiguousarray(numpy.asarray(value))
    return array.dtype.str, array.shape, array.tobytes()


def _operators():
    x = jnp.asarray(values((64, 513)))
    positive = jnp.abs(x) + 0.5
    long = jnp.asarray(values((3000000,), 1))
    a, b = jnp.asarray(values((128, 257), 3)), jnp.asarray(values((257, 96), 4))
    stack_a, stack_b = jnp.asarray(values((8, 33, 65), 7)), jnp.asarray(values((8, 65, 17), 8))
    image, kernel = jnp.asarray(values((4, 8, 37, 41), 9)), jnp.asarray(values((16, 8, 3, 3), 10))
    square = jnp.asarray(values((48, 48), 6))
    symmetric = square @ square.T + 48 * jnp.eye(48)
    key = lambda: jax.random.PRNGKey(7)
    conv = lambda i, k: lax.conv(i, k, (1, 1), "SAME")
    return {
        "exp": lambda: jnp.exp(x),
        "log": lambda: jnp.log(positive),
        "sin": lambda: jnp.sin(x),
        "tanh": lambda: jnp.tanh(x),
        "erf": lambda: lax.erf(x),
        "sqrt": lambda: jnp.sqrt(positive),
        "rsqrt": lambda: lax.rsqrt(positive),
        "sigmoid": lambda: jax.nn.sigmoid(x),
        "gelu": lambda: jax.nn.gelu(x, approximate=False),
        "gelu_tanh": lambda: jax.nn.gelu(x),
        "silu": lambda: jax.nn.silu(x),
        "sum": lambda: long.sum(),
        "dot": lambda: jnp.dot(long, long),
        "mean_axis": lambda: x.mean(0),
        "var": lambda: x.var(1),
        "cumsum": lambda: jnp.cumsum(x, 1),
        "logsumexp": lambda: jax.nn.logsumexp(x, 1),
        "softmax": lambda: jax.nn.softmax(x, 1),
        "log_softmax": lambda: jax.nn.log_softmax(x, 1),
        "matmul": lambda: a @ b,
        "matmul_vector": lambda: a @ b[:, 0],
        "matmul_stack": lambda: stack_a @ stack_b,
        "matmul_bfloat16": lambda: (a.astype("bfloat16") @ b.astype("bfloat16")).astype("float32"),
        "matmul_gradient": lambda: jax.grad(lambda w: ((a @ w) ** 2).sum())(b),
        "solve": lambda: jnp.linalg.solve(symmetric, square),
        "cholesky": lambda: jnp.linalg.cholesky(symmetric),
        "svd_values": lambda: jnp.linalg.svd(square, compute_uv=False),
        "conv2d": lambda: conv(image, kernel),
        "conv2d_gradients": lambda: jax.grad(lambda i, k: (conv(i, k) ** 2).sum(), (0, 1))(image, kernel),
        "softmax_compiled": lambda: jax.jit(lambda v: jax.nn.softmax(v * 3 + 1, 1))(x),
        "fft": lambda: jnp.fft.fft(x),
        "sort": lambda: jnp.sort(x, 1),
        "random_normal": lambda: jax.random.normal(key(), (100000,)),
        "random_permutation": lambda: jax.random.permutation(key(), 1000),
    }
