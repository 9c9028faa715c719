"""A function of JAX: how it runs, in float64 too, and what it is given besides its inputs."""

import hashlib
import os
import platform

from .. import arrays, loader
from ..failure import Unsupported
from . import base

_NARROW = ("float32", "float16", "bfloat16", "complex64")


def prepare(session):
    """Threads, devices and arithmetic, all of which JAX reads when it is first used."""
    kind = session.device.partition(":")[0]
    # XLA makes as many threads as this variable says, and one per core without it.
    os.environ.setdefault("NPROC", str(session.threads or 1))
    os.environ.setdefault("JAX_PLATFORMS", kind)
    import jax

    if session.float64:
        jax.config.update("jax_enable_x64", True)
    try:
        devices = jax.devices(kind)
    except RuntimeError as error:
        raise Unsupported("the device {} in this JAX: {}".format(session.device, error), "use --device cpu") from None
    index = int(session.device.partition(":")[2] or 0)
    if index >= len(devices):
        raise Unsupported("the device {} of {}".format(session.device, len(devices)), "name another one")
    jax.config.update("jax_default_device", devices[index])
    return jax


class Function(base.Model):
    """A function of weights and inputs; compiled as a whole unless it is the user's own."""

    ENGINE = "jax"

    def __init__(self, function, weights, session, call=None, initialised=(), training=(), compiled=True):
        """`call` is the method whose parameters are the inputs, where `function` does not name them."""
        self._jax = prepare(session)
        self._named = (call, 0) if call else (function, 1)
        self._function = self._jax.jit(function) if compiled else function
        self._weights = self._jax.tree.map(self._array, weights)
        self._session = session
        self._initialised = list(initialised)
        self._training = list(training)
        self._compiled = compiled

    def _array(self, value):
        """An array on the device, wide if asked; anything that is no array stays."""
        numpy = self._jax.numpy
        if not hasattr(value, "dtype") or not hasattr(value, "shape"):
            return value
        if self._jax.dtypes.issubdtype(value.dtype, self._jax.dtypes.prng_key):
            return value
        array = numpy.asarray(value)
        wide = self._jax.config.jax_enable_x64 and self._jax.dtypes.issubdtype(array.dtype, numpy.floating)
        return array.astype("float64") if wide else array

    def run(self, inputs):
        positional, keywords = loader.bind(self._named[0], inputs, self._named[1])
        if self._session.float64:
            self._check_wide(positional, keywords)
        return self._jax.block_until_ready(self._function(self._weights, *positional, **keywords))

    def tapped(self, inputs, taps):
        from . import jax_taps

        bound = loader.bind(self._named[0], inputs, self._named[1])
        return jax_taps.run(self._jax, self._function, self._weights, bound, taps, self._compiled)

    def _check_wide(self, positional, keywords):
        """Ends the claim of a float64 run where any step of it gives a narrow float."""
        traced = self._jax.make_jaxpr(self._function)(self._weights, *positional, **keywords)
        narrow = next(_narrow_steps(self._jax, traced.jaxpr), None)
        if narrow is not None:
            raise Unsupported(
                "float64 throughout: {} gives {}, whatever its inputs".format(*narrow),
                "the model narrows by itself; it is judged without a referee",
            )

    def freeze(self, form, cases, folder):
        from . import stablehlo

        def function(inputs):
            positional, keywords = loader.bind(self._named[0], list(inputs.items()), self._named[1])
            return self._function(self._weights, *positional, **keywords)

        return stablehlo.write(function, form, cases, folder)

    def inputs(self):
        return "a module of JAX takes what it is given: neither its weights nor its code tell shapes"

    def take(self, tensor):
        array = arrays.to_numpy(tensor)
        if array.dtype.kind in "OU":
            raise Unsupported("texts as inputs of JAX", "turn them into numbers in the loader")
        return self._array(array)

    def copy(self, value):
        # Arrays of JAX never change.
        return value

    def settings(self):
        config = self._jax.config
        return {
            "jax.backend": self._jax.default_backend(),
            "jax.x64": config.jax_enable_x64,
            "jax.matmul_precision": config.jax_default_matmul_precision or "default",
            "jax.threads": os.environ["NPROC"],
            "jax.compiled": self._compiled,
            "jax.xla_flags": os.environ.get("XLA_FLAGS", ""),
        }

    def environment_class(self):
        return environment_class(self._jax)

    def state(self):
        named = self._jax.tree_util.tree_flatten_with_path(self._weights)[0]
        return digests((self._jax.tree_util.keystr(path, simple=True, separator="/"), value) for path, value in named)

    def initialised(self):
        return self._initialised

    def training(self):
        return self._training


def environment_class(jax):
    """Device kind and architecture."""
    backend = jax.default_backend()
    if backend == "gpu":
        capability = getattr(jax.devices()[0], "compute_capability", "unknown")
        return "cuda-sm{}".format(capability.replace(".", ""))
    return "{}-{}".format(backend, platform.machine())


def digests(named):
    """SHA-256 of named arrays."""
    found = {}
    for name, value in named:
        tensor = arrays.from_any(value) if hasattr(value, "shape") else None
        if hasattr(tensor, "data"):
            digest = hashlib.sha256("{} {} ".format(tensor.dtype, tensor.shape).encode())
            digest.update(tensor.data)
            found[name] = digest.hexdigest()
        elif not hasattr(value, "shape"):
            found[name] = hashlib.sha256(repr(value).encode()).hexdigest()
    return found


def _narrow_steps(jax, traced):
    """Steps of a traced function, those inside of others too, with the narrow types that they give."""
    for step in traced.eqns:
        for inner in step.params.values():
            for part in inner if isinstance(inner, (list, tuple)) else (inner,):
                part = getattr(part, "jaxpr", part)
                if hasattr(part, "eqns"):
                    yield from _narrow_steps(jax, part)
        for variable in step.outvars:
            dtype = str(getattr(variable.aval, "dtype", ""))
            if dtype in _NARROW:
                yield step.primitive.name, dtype
