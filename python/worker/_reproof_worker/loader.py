"""The user's own code that makes a model: `package.module:function`."""

import importlib
import importlib.machinery
import importlib.util
import inspect
import os
import sys

from .failure import Refused, Unsupported


def find(session):
    """The function that `--loader` names."""
    name = session.loader
    module_name, _, path = name.partition(":")
    if not module_name or not path:
        raise Unsupported(
            "a loader called `{}`".format(name),
            "name it as MODULE:FUNCTION, such as `--loader my_package.models:build`",
        )
    try:
        if module_name.partition(".")[0] == "reproof":
            _installed(session.modules)
        else:
            _prefer(session.modules, module_name.partition(".")[0])
        found = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        # A package that the module itself lacks is another story.
        if error.name and (module_name == error.name or module_name.startswith(error.name + ".")):
            raise Unsupported(
                "the module `{}` of the loader".format(error.name),
                "start reproof in the folder that holds it, put it beside the artifact, or install it for {}".format(
                    sys.executable
                ),
            ) from None
        raise
    session.source = getattr(found, "__file__", None)
    for part in path.split("."):
        if not hasattr(found, part):
            raise Unsupported(
                "`{}` in the loader's module `{}`".format(path, module_name),
                "it has: {}".format(", ".join(sorted(_functions(found))) or "no function"),
            )
        found = getattr(found, part)
    if not callable(found):
        raise Unsupported("a loader that is a {}".format(type(found).__name__), "name a function or a class")
    return found


def _installed(folders):
    """Sees to it that the package `reproof`, which has loaders of its own, comes from where packages are installed: the
    folder of that name in a model is its contract, which no trust covers."""
    elsewhere = [entry for entry in sys.path if os.path.abspath(entry) not in map(os.path.abspath, folders)]
    spec = importlib.machinery.PathFinder.find_spec("reproof", elsewhere)
    if spec is None or spec.loader is None:
        raise Unsupported("the package `reproof` with the loader", "install it for {}".format(sys.executable))


def _prefer(folders, name):
    """Takes the loader's own package from the user's folders, which come last for everything else: a file beside the
    artifact must not stand in for a framework."""
    if name in sys.modules or name in sys.builtin_module_names:
        return
    spec = importlib.machinery.PathFinder.find_spec(name, folders)
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise


def call(session):
    """What the loader makes, given the artifact if it takes an argument."""
    function = find(session)
    return function(session.artifact) if takes_artifact(function) else function()


def takes_artifact(function):
    """Whether the function needs an argument: then it reads the artifact itself."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return True
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return any(parameter.kind in positional and parameter.default is parameter.empty for parameter in parameters)


def bind(function, inputs, skipped=0):
    """Arguments for `function` from named values: by name where all names are parameters, else in order.

    The first `skipped` parameters are not inputs.
    """
    names = [name for name, _ in inputs]
    try:
        parameters = list(inspect.signature(function).parameters.values())[skipped:]
    except (TypeError, ValueError):
        # Native code tells no names.
        return [value for _, value in inputs], {}
    kinds = inspect.Parameter
    keywords = [p.name for p in parameters if p.kind in (kinds.POSITIONAL_OR_KEYWORD, kinds.KEYWORD_ONLY)]
    anything = any(p.kind is kinds.VAR_KEYWORD for p in parameters)
    if all(name in keywords for name in names) or (anything and not any(map(_is_generic, names))):
        return [], dict(inputs)
    if all(map(_is_generic, names)) or any(p.kind is kinds.VAR_POSITIONAL for p in parameters):
        return [value for _, value in inputs], {}

    stray = next(name for name in names if name not in keywords)
    raise Refused("the model has no input `{}`: expected {}".format(stray, ", ".join(keywords)))


def _is_generic(name):
    """Whether a name says no more than that this is an input: then its place counts."""
    stem = name.lower().rstrip("0123456789").rstrip("_")
    return stem in ("", "input", "inputs", "input_layer", "keras_tensor", "arg", "args", "arr", "x")


def _functions(module):
    return [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]


def source_digest(session):
    """SHA-256 of the file that holds the loader, or nothing."""
    import hashlib

    if not session.source or not os.path.isfile(session.source):
        return None
    with open(session.source, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def by_name(wanted, inputs):
    """The inputs of a model whose input names are known: by name, or by place where one side's names say nothing."""
    names = [name for name, _ in inputs]
    if sorted(names) == sorted(wanted):
        return dict(inputs)
    if len(names) == len(wanted) and (all(map(_is_generic, names)) or all(map(_is_generic, wanted))):
        return {name: value for name, (_, value) in zip(wanted, inputs)}
    raise Refused("the model takes {}, and got {}".format(", ".join(wanted), ", ".join(names)))
