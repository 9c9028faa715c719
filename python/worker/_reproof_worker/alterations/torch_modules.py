"""Alterations of PyTorch modules: constants of their code, activations, precisions, modes and kernels."""

import contextlib
import functools

import torch
from torch.overrides import TorchFunctionMode

_EPSILONS = (1e-5, 1e-6, 1e-12, 1e-3, 1e-8, 1e-7)
_EPSILON_NAMES = ("eps", "variance_epsilon", "epsilon")
_TYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}
_FUNCTIONS = {
    "gelu": torch.nn.functional.gelu,
    "gelu-tanh": functools.partial(torch.nn.functional.gelu, approximate="tanh"),
    "gelu-sigmoid": lambda value: value * torch.sigmoid(1.702 * value),
    "relu": torch.nn.functional.relu,
    "relu6": torch.nn.functional.relu6,
    "silu": torch.nn.functional.silu,
    "tanh": torch.tanh,
    "leaky-relu": torch.nn.functional.leaky_relu,
    "elu": torch.nn.functional.elu,
}


def alterations(model):
    """By text, what makes the context; `model` is the adapter's."""
    module = model.module
    if not isinstance(module, torch.nn.Module) or isinstance(module, torch.jit.ScriptModule):
        return {}
    found = {}
    found.update(_modes(module))
    found.update(_constants(module))
    found.update(_activations(model))
    for name, dtype in _TYPES.items():
        found["weights=" + name] = functools.partial(_rounded, module, dtype)
        found["compute=" + name] = functools.partial(_computing, model, dtype)
        found["autocast=" + name] = functools.partial(torch.autocast, "cpu", dtype)
    found["matmul=medium"] = functools.partial(_matmul, "medium")
    found["matmul=highest"] = functools.partial(_matmul, "highest")
    found["mkldnn=off"] = functools.partial(torch.backends.mkldnn.flags, enabled=False)
    found["attention=math"] = _math_attention
    found["mask=dropped"] = functools.partial(_Attention, mask=False)
    found["scale=dropped"] = functools.partial(_Attention, scale=False)
    found["layout=channels_last"] = functools.partial(_layout, module, torch.channels_last)
    found["batch=1"] = functools.partial(_singly, model)
    for name, change in _INPUTS.items():
        found["inputs=" + name] = functools.partial(_inputs, model, change)
    found["deterministic=on"] = _deterministic
    found["threads=1"] = functools.partial(_threads, 1)
    return found


def _modes(module):
    found = {}
    if any(part.training for part in module.modules()):
        found["mode=eval"] = functools.partial(_mode, module, False)
    return found


def _mode(module, training):
    return _kept(
        [(part, "training", part.training) for part in module.modules()], lambda: module.train(training)
    )


def _constants(module):
    """Other constants for each kind of normalisation."""
    kinds = {}
    for part in module.modules():
        for name in _EPSILON_NAMES:
            if "Norm" in type(part).__name__ and isinstance(getattr(part, name, None), float):
                kinds.setdefault(type(part).__name__, []).append((part, name, getattr(part, name)))
    return {
        "epsilon={}:{:g}".format(kind, epsilon): functools.partial(_set, places, epsilon)
        for kind, places in kinds.items()
        for epsilon in _EPSILONS
        if any(value != epsilon for _, _, value in places)
    }


def _set(places, value):
    def change():
        for part, name, _ in places:
            setattr(part, name, value)

    return _kept(places, change)


@contextlib.contextmanager
def _kept(places, change):
    """Attributes as they were, after a change."""
    try:
        change()
        yield
    finally:
        for part, name, value in places:
            setattr(part, name, value)


class _Activation(TorchFunctionMode):
    """Calls another function wherever an activation is called, by a module or by name."""

    def __init__(self, given, wanted):
        super().__init__()
        self._given, self._wanted, self.seen = given, wanted, set()

    def __torch_function__(self, function, types, arguments=(), keywords=None):
        keywords = keywords or {}
        name = _named(function, keywords)
        if name is not None:
            self.seen.add(name)
            if name == self._given:
                with torch._C.DisableTorchFunction():
                    return _FUNCTIONS[self._wanted](arguments[0] if arguments else keywords["input"])
        return function(*arguments, **keywords)


def _named(function, keywords):
    name = getattr(function, "__name__", "")
    if name == "gelu":
        return "gelu-tanh" if keywords.get("approximate") == "tanh" else "gelu"
    known = {"relu": "relu", "relu_": "relu", "relu6": "relu6", "hardtanh": "relu6", "silu": "silu", "tanh": "tanh"}
    known.update({"leaky_relu": "leaky-relu", "elu": "elu"})
    return known.get(name)


def _activations(model):
    """Other functions for the activations that the model calls; which these are is seen when it runs."""
    return {
        "activation={}->{}".format(given, wanted): functools.partial(_Activation, given, wanted)
        for given in _FUNCTIONS
        if given in getattr(model, "activations_seen", ())
        for wanted in _FUNCTIONS
        if wanted != given
    }


@contextlib.contextmanager
def watching(model):
    """Notes which activations a model calls."""
    mode = _Activation(None, None)
    with mode:
        yield
    model.activations_seen = mode.seen


class _Attention(TorchFunctionMode):
    """Attention without its mask or its scale."""

    def __init__(self, mask=True, scale=True):
        super().__init__()
        self._mask, self._scale = mask, scale

    def __torch_function__(self, function, types, arguments=(), keywords=None):
        keywords = dict(keywords or {})
        if getattr(function, "__name__", "") == "scaled_dot_product_attention":
            if not self._mask:
                arguments = arguments[:3]
                keywords.update(attn_mask=None, is_causal=False)
            if not self._scale:
                keywords["scale"] = 1.0
        return function(*arguments, **keywords)


@contextlib.contextmanager
def _rounded(module, dtype):
    """Weights as they are after a smaller type; what was there is put back to the bit."""
    tensors = [tensor for tensor in [*module.parameters(), *module.buffers()] if tensor.is_floating_point()]
    kept = [tensor.detach().clone() for tensor in tensors]
    try:
        with torch.no_grad():
            for tensor in tensors:
                tensor.copy_(tensor.to(dtype))
        yield
    finally:
        with torch.no_grad():
            for tensor, value in zip(tensors, kept):
                tensor.copy_(value)


@contextlib.contextmanager
def _around(model, wrap):
    """Another way to call the module, for a while."""
    module = model.module
    forward = module.__dict__.get("forward")
    module.forward = wrap(module.forward)
    try:
        yield
    finally:
        if forward is None:
            del module.__dict__["forward"]
        else:
            module.forward = forward


def _mapped(value, change):
    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_mapped(item, change) for item in value))
    if isinstance(value, (list, tuple)):
        return type(value)(_mapped(item, change) for item in value)
    if isinstance(value, dict):
        for key in list(value):
            value[key] = _mapped(value[key], change)
    return value


def _to(dtype):
    return lambda tensor: tensor.to(dtype) if tensor.is_floating_point() else tensor


@contextlib.contextmanager
def _computing(model, dtype):
    """Weights, inputs and arithmetic in a smaller type; outputs come back in the type that they had."""
    module = model.module
    tensors = [tensor for tensor in [*module.parameters(), *module.buffers()] if tensor.is_floating_point()]
    kept = [tensor.data for tensor in tensors]
    back = kept[0].dtype if kept else torch.float32

    def wrap(forward):
        @functools.wraps(forward)
        def called(*arguments, **keywords):
            given = forward(*_mapped(arguments, _to(dtype)), **_mapped(dict(keywords), _to(dtype)))
            return _mapped(given, _to(back))

        return called

    try:
        for tensor in tensors:
            tensor.data = tensor.data.to(dtype)
        with _around(model, wrap):
            yield
    finally:
        for tensor, value in zip(tensors, kept):
            tensor.data = value


def _pictures(change):
    return lambda tensor: change(tensor) if tensor.is_floating_point() else tensor


def _normalised(tensor, undo=False):
    if tensor.dim() < 3 or tensor.shape[-3] != 3:
        return tensor
    mean = tensor.new_tensor([0.485, 0.456, 0.406])[:, None, None]
    spread = tensor.new_tensor([0.229, 0.224, 0.225])[:, None, None]
    return tensor * spread + mean if undo else (tensor - mean) / spread


def _reversed(tensor):
    places = [place for place in (-3, -1) if tensor.dim() >= 3 and tensor.shape[place] == 3]
    return tensor.flip(places[0]) if places else tensor


_INPUTS = {
    "divided-by-255": _pictures(lambda tensor: tensor / 255),
    "times-255": _pictures(lambda tensor: tensor * 255),
    "times-256/255": _pictures(lambda tensor: tensor * (256 / 255)),
    "times-255/256": _pictures(lambda tensor: tensor * (255 / 256)),
    "reversed-channels": _pictures(_reversed),
    "flipped": _pictures(lambda tensor: tensor.flip(-1) if tensor.dim() >= 3 else tensor),
    "centred": _pictures(lambda tensor: (tensor - 0.5) / 0.5),
    "uncentred": _pictures(lambda tensor: tensor * 0.5 + 0.5),
    "normalised": _pictures(_normalised),
    "unnormalised": _pictures(functools.partial(_normalised, undo=True)),
    "float16": _pictures(lambda tensor: tensor.half().to(tensor.dtype)),
}


def _inputs(model, change):
    def wrap(forward):
        @functools.wraps(forward)
        def called(*arguments, **keywords):
            return forward(*_mapped(arguments, change), **_mapped(dict(keywords), change))

        return called

    return _around(model, wrap)


def _singly(model):
    """Each sample by itself."""

    def wrap(forward):
        @functools.wraps(forward)
        def called(*arguments, **keywords):
            tensors = [value for value in [*arguments, *keywords.values()] if isinstance(value, torch.Tensor)]
            count = tensors[0].shape[0] if tensors and tensors[0].dim() else 0
            if count < 2 or any(not value.dim() or value.shape[0] != count for value in tensors):
                return forward(*arguments, **keywords)
            rows = [
                forward(*_mapped(arguments, _row(index)), **_mapped(dict(keywords), _row(index)))
                for index in range(count)
            ]
            return _joined(rows)

        return called

    return _around(model, wrap)


def _row(index):
    return lambda tensor: tensor[index : index + 1]


def _joined(rows):
    first = rows[0]
    if isinstance(first, torch.Tensor):
        return torch.cat(rows) if first.dim() else first
    if isinstance(first, dict):
        for key in list(first):
            first[key] = _joined([row[key] for row in rows])
        return first
    if isinstance(first, (list, tuple)) and not hasattr(first, "_fields"):
        return type(first)(_joined(list(items)) for items in zip(*rows))
    return first


@contextlib.contextmanager
def _layout(module, layout):
    tensors = [tensor for tensor in module.parameters() if tensor.dim() == 4]
    kept = [tensor.data for tensor in tensors]
    try:
        for tensor in tensors:
            tensor.data = tensor.data.contiguous(memory_format=layout)
        yield
    finally:
        for tensor, value in zip(tensors, kept):
            tensor.data = value


def _math_attention():
    from torch.nn.attention import SDPBackend, sdpa_kernel

    return sdpa_kernel([SDPBackend.MATH])


def _matmul(precision):
    return _toggled(torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, precision)


def _threads(count):
    return _toggled(torch.get_num_threads, torch.set_num_threads, count)


def _deterministic():
    return _toggled(
        torch.are_deterministic_algorithms_enabled, functools.partial(torch.use_deterministic_algorithms, warn_only=True), True
    )


@contextlib.contextmanager
def _toggled(get, put, value):
    before = get()
    put(value)
    try:
        yield
    finally:
        put(before)
