"""What ran, in which versions and settings: the interpreter's part of an environment."""

import os
import platform
import sys

# Packages whose version can change what a model computes, where they were imported.
_PACKAGES = (
    "torch", "numpy", "scipy", "sklearn", "transformers", "tokenizers", "safetensors", "joblib", "jax", "jaxlib",
    "flax", "keras", "tensorflow", "xgboost", "lightgbm", "onnxruntime", "PIL", "torchvision", "pandas", "timm",
)  # fmt: skip


def environment(session, network, variables):
    """Facts for the parent, which knows the machine itself."""
    from . import interpreter, loader

    settings = {
        "adapter": session.adapter,
        "network": network,
        "python": "{} {}".format(sys.implementation.name, platform.python_version()),
    }
    settings.update(session.settings())
    digest = loader.source_digest(session)
    if digest is not None:
        settings["loader.sha256"] = digest
    for name in _PACKAGES:
        version = _version(name)
        if version is not None and name != session.engine:
            settings["package.{}".format(name)] = version
    return {
        "engine": session.engine,
        "version": _version(session.engine) or platform.python_version(),
        "class": session.environment_class(),
        "libc": " ".join(part for part in platform.libc_ver() if part),
        "settings": {name: str(value) for name, value in settings.items()},
        "libraries": interpreter.libraries(),
        "variables": {name: os.environ[name] for name in variables if name in os.environ},
    }


def _version(name):
    """The version of a package that was imported."""
    module = sys.modules.get(name)
    version = getattr(module, "__version__", None)
    return str(version) if version is not None else None
