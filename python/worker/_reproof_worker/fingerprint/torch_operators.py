"""PyTorch: operators of each library that it computes with, chosen so that the set of those that move names it.

Loops of ATen by instruction set (softmax, norms), BLAS (mm, linear), oneDNN (conv, gelu, lstm), sums whose order
depends on the number of threads (long reductions, gradients of weights), generators."""

import torch
from torch.nn import functional as F

from ..adapters import torch_tensor
from . import inputs


def values(shape, stream=0, dtype=torch.float32):
    count = 1
    for size in shape:
        count *= size
    exact = inputs.centred(torch.arange(count, dtype=torch.int64), stream)
    return (exact.to(dtype) * inputs.SCALE).reshape(shape)


def digests(threads):
    torch.set_num_threads(threads)
    with torch.enable_grad():
        return inputs.all_digests(_operators(), torch_tensor.content)


def _gradient(of, *leaves):
    leaves = [leaf.clone().requires_grad_() for leaf in leaves]
    result = of(*leaves)
    weights = values(result.shape, 91, result.dtype)
    return torch.autograd.grad((result * weights).sum(), leaves)


def _seeded(draw):
    generator = torch.Generator().manual_seed(7)
    return lambda: draw(generator)


def _recurrent(kind):
    layer = kind(24, 40, batch_first=True)
    with torch.no_grad():
        for index, parameter in enumerate(layer.parameters()):
            parameter.copy_(values(parameter.shape, 70 + index) * 0.25)
        return layer(values((4, 19, 24), 69))[0]


def _indices(count, limit, stream):
    return inputs.mixed(torch.arange(count, dtype=torch.int64), stream) % limit


def _operators():
    x = values((64, 513))
    positive = x.abs() + 0.5
    long = values((3000000,), 1)
    other = values((3000000,), 2)
    a, b = values((128, 257), 3), values((257, 96), 4)
    bias = values((96,), 5)
    square = values((48, 48), 6, torch.float64)
    symmetric = square @ square.T + 48 * torch.eye(48, dtype=torch.float64)
    stack_a, stack_b = values((8, 33, 65), 7), values((8, 65, 17), 8)
    image, kernel = values((4, 8, 37, 41), 9), values((16, 8, 3, 3), 10)
    signal, taps = values((4, 8, 301), 11), values((16, 8, 5), 12)
    volume, cube = values((2, 4, 9, 11, 13), 13), values((6, 4, 3, 3, 3), 14)
    scale, shift = values((513,), 15), values((513,), 16)
    channels = values((8,), 17)
    query, key, value = (values((2, 4, 48, 32), stream) for stream in (18, 19, 20))
    table = values((50, 24), 21)
    rows = _indices(4000, 50, 22)
    updates = values((4000, 24), 23)
    classes = _indices(64, 513, 24)
    half = torch.bfloat16
    return {
        "exp": lambda: torch.exp(x),
        "log": lambda: torch.log(positive),
        "sin": lambda: torch.sin(x),
        "tanh": lambda: torch.tanh(x),
        "erf": lambda: torch.erf(x),
        "sqrt": lambda: torch.sqrt(positive),
        "sigmoid": lambda: torch.sigmoid(long),
        "gelu": lambda: F.gelu(x),
        "gelu_tanh": lambda: F.gelu(x, approximate="tanh"),
        "silu": lambda: F.silu(x),
        "sum": lambda: long.sum(),
        "dot": lambda: torch.dot(long, other),
        "mean_axis": lambda: x.mean(0),
        "var": lambda: x.var(1),
        "norm": lambda: torch.linalg.vector_norm(x),
        "cumsum": lambda: torch.cumsum(x, 1),
        "logsumexp": lambda: torch.logsumexp(x, 1),
        "softmax": lambda: torch.softmax(x, 1),
        "log_softmax": lambda: torch.log_softmax(x, 1),
        "mm": lambda: a @ b,
        "mv": lambda: a @ b[:, 0],
        "bmm": lambda: torch.bmm(stack_a, stack_b),
        "linear": lambda: F.linear(a, b.T, bias),
        "mm_float64": lambda: a.double() @ b.double(),
        "mm_bfloat16": lambda: a.to(half) @ b.to(half),
        "linear_weight_gradient": lambda: _gradient(lambda w: F.linear(a, w), b.T.contiguous()),
        "svd_values": lambda: torch.linalg.svdvals(square),
        "solve": lambda: torch.linalg.solve(symmetric, square),
        "conv1d": lambda: F.conv1d(signal, taps),
        "conv2d": lambda: F.conv2d(image, kernel, padding=1),
        "conv3d": lambda: F.conv3d(volume, cube),
        "conv_transpose2d": lambda: F.conv_transpose2d(image, kernel.transpose(0, 1).contiguous()),
        "conv2d_bfloat16": lambda: F.conv2d(image.to(half), kernel.to(half), padding=1),
        "conv2d_gradients": lambda: _gradient(lambda i, w: F.conv2d(i, w, padding=1), image, kernel),
        "avg_pool2d": lambda: F.avg_pool2d(image, 3),
        "interpolate_bilinear": lambda: F.interpolate(image, scale_factor=1.7, mode="bilinear"),
        "interpolate_bicubic": lambda: F.interpolate(image, scale_factor=1.7, mode="bicubic"),
        "layer_norm": lambda: F.layer_norm(x, (513,), scale, shift),
        "layer_norm_gradients": lambda: _gradient(lambda w, s: F.layer_norm(x, (513,), w, s), scale, shift),
        "batch_norm_training": lambda: F.batch_norm(image, None, None, channels, channels, training=True),
        "group_norm": lambda: F.group_norm(image, 4, channels, channels),
        "attention": lambda: F.scaled_dot_product_attention(query, key, value),
        "lstm": lambda: _recurrent(torch.nn.LSTM),
        "gru": lambda: _recurrent(torch.nn.GRU),
        "embedding_gradient": lambda: _gradient(lambda t: F.embedding(rows, t), table),
        "index_add": lambda: table.index_add(0, rows, updates),
        "index_put_accumulate": lambda: table.clone().index_put_((rows,), updates, accumulate=True),
        "cross_entropy": lambda: F.cross_entropy(x, classes),
        "mse_loss": lambda: F.mse_loss(long, other),
        "fft": lambda: torch.view_as_real(torch.fft.fft(x)),
        "topk": lambda: torch.topk(x, 5).values,
        "random_normal": _seeded(lambda generator: torch.randn(1000000, generator=generator)),
        "random_permutation": _seeded(lambda generator: torch.randperm(1000, generator=generator)),
    }
