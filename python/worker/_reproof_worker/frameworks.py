"""What frameworks say of the libraries that they compute with."""

import importlib
import importlib.util
import re

# By the name that is imported.
_KNOWN = (
    "numpy", "scipy", "torch", "jax", "sklearn", "onnxruntime", "xgboost", "lightgbm", "tensorflow", "PIL",
)  # fmt: skip


def facts():
    """Facts by dotted name from everything that is installed, and what did not import."""
    found, problems = {}, []
    for name in _KNOWN:
        if importlib.util.find_spec(name) is None:
            continue
        try:
            module = importlib.import_module(name)
            told = _ASKED[name](module) if name in _ASKED else {}
        # A framework may fail in any way when it is imported.
        except BaseException as error:
            problems.append("{} does not import: {}: {}".format(name, type(error).__name__, error))
            continue
        found.update({"{}.{}".format(name, key): str(value) for key, value in told.items() if value is not None})
    found.update(_pools())
    return found, problems


def _numpy(numpy):
    told = {}
    config = getattr(numpy, "__config__", None)
    # Older versions print it and return nothing.
    try:
        shown = numpy.show_config(mode="dicts")
    except TypeError:
        shown = None
    if isinstance(shown, dict):
        libraries = shown.get("Build Dependencies", {})
        for kind in ("blas", "lapack"):
            library = libraries.get(kind, {})
            told[kind] = " ".join(str(library[key]) for key in ("name", "version") if library.get(key))
        told["simd"] = " ".join(shown.get("SIMD Extensions", {}).get("found", []))
    elif config is not None and hasattr(config, "get_info"):
        told["blas"] = " ".join(config.get_info("blas_opt").get("libraries", []))
    return told


def _torch(torch):
    told = {
        "capability": torch.backends.cpu.get_cpu_capability() if hasattr(torch.backends, "cpu") else None,
        "threads": torch.get_num_threads(),
        "interop_threads": torch.get_num_interop_threads(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "matmul_precision": matmul_precision(torch),
        "mkldnn.enabled": torch.backends.mkldnn.is_available() and torch.backends.mkldnn.enabled,
        "cuda": torch.version.cuda or getattr(torch.version, "hip", None) or "none",
    }
    built = torch.__config__.show()
    for name, pattern in (
        ("mkl", r"oneAPI Math Kernel Library Version (\S+)"),
        ("onednn", r"MKL-DNN v(\S+)"),
        ("blas", r"BLAS_INFO=(\w+)"),
        ("compiler", r"(GCC [\d.]+|clang [\d.]+|Clang [\d.]+)"),
    ):
        match = re.search(pattern, built)
        told[name] = match.group(1) if match else None
    if torch.cuda.is_available():
        told["cudnn"] = torch.backends.cudnn.version()
        told["cudnn.benchmark"] = torch.backends.cudnn.benchmark
        told["cudnn.deterministic"] = torch.backends.cudnn.deterministic
        told["cuda.tf32"] = _tf32(torch)
        for index in range(torch.cuda.device_count()):
            told["cuda.{}".format(index)] = "{} sm{}{}".format(
                torch.cuda.get_device_name(index), *torch.cuda.get_device_capability(index)
            )
    return told


def matmul_precision(torch):
    """How exactly matrices are multiplied."""
    try:
        return torch.get_float32_matmul_precision()
    except RuntimeError:
        # It was chosen for each backend, and then nobody tells it for all.
        backends = torch.backends
        return "cuda {}, mkldnn {}".format(backends.cuda.matmul.fp32_precision, backends.mkldnn.matmul.fp32_precision)


def _tf32(torch):
    try:
        return torch.backends.cuda.matmul.allow_tf32
    except RuntimeError:
        return torch.backends.cuda.matmul.fp32_precision


def _jax(jax):
    return {
        "backend": jax.default_backend(),
        "devices": ", ".join(str(device.device_kind) for device in jax.devices()),
        "matmul_precision": jax.config.jax_default_matmul_precision or "default",
        "x64": jax.config.jax_enable_x64,
        "threefry_partitionable": jax.config.jax_threefry_partitionable,
    }


def _onnxruntime(onnxruntime):
    return {"providers": " ".join(onnxruntime.get_available_providers())}


_ASKED = {"numpy": _numpy, "torch": _torch, "jax": _jax, "onnxruntime": _onnxruntime}


def _pools():
    """BLAS and OpenMP as `threadpoolctl` sees them, where it is installed."""
    if importlib.util.find_spec("threadpoolctl") is None:
        return {}
    import threadpoolctl

    found = {}
    for pool in threadpoolctl.threadpool_info():
        name = "{}.{}".format(pool.get("user_api"), pool.get("prefix"))
        told = [str(pool.get(key)) for key in ("internal_api", "version", "architecture", "threading_layer")]
        shown = " ".join(part for part in told if part != "None")
        found["pool." + name] = "{}, {} threads".format(shown, pool.get("num_threads"))
    return found
