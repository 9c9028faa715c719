"""Names, sources and references in words that may be shared: without addresses, home folders and credentials."""

from __future__ import annotations

import functools
import inspect
import os
import re
from typing import Any

from .facts import sha256

# Longer texts are cut; their digests are over the whole.
_LENGTH = 2_000

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_HOME = re.compile(r"(?:/home|/Users|[A-Za-z]:\\Users)[/\\][^/\\\s'\",)]+")
_URL = re.compile(r"\b([a-zA-Z][a-zA-Z0-9+.-]*://)(?:[^/\s@'\"]*@)?([^\s'\"?#]*)(?:[?#][^\s'\"]*)?")
_SECRET = re.compile(
    r"\b((?:\w+_)?(?:api_?key|secret|secret_key|password|passwd|credentials?|authorization)"
    r"|(?:auth_|hf_|access_)?token)\b"
    r"(['\"]?\s*[=:]\s*['\"]?)[^\s,'\")\]}]+",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"\b(?:hf_|ghp_|glpat-|sk-|AKIA)[A-Za-z0-9_-]{12,}")


def shared(text: str) -> str:
    """A text without what is nobody's business or different in every process."""
    text = _ADDRESS.sub("", text)
    text = _URL.sub(r"\1\2", text)
    text = _SECRET.sub(r"\1\2***", _TOKEN.sub("***", text))
    home = os.path.expanduser("~")
    if len(home) > 1:
        text = re.sub(re.escape(home) + r"(?=[/\\\s'\",)]|$)", "~", text)
    return _HOME.sub("~", text)


def cut(text: str) -> str:
    return text if len(text) <= _LENGTH else text[:_LENGTH] + f"… ({len(text)} characters)"


def name(item: Any) -> str:
    """The qualified name of a function or class, or of an object's class."""
    if isinstance(item, functools.partial):
        return f"partial of {name(item.func)}"
    named = _named(item)
    module, qualified = getattr(named, "__module__", None), named.__qualname__
    return qualified if module in (None, "builtins") else f"{module}.{qualified}"


def code(item: Any) -> str:
    """A digest over the source of what computes: a function, or an object with its settings and its parts."""
    return sha256("\n".join(_sources(item, 4)))


def settings(item: Any) -> str:
    """An object in its own words."""
    try:
        return shared(repr(item))
    except Exception as error:
        return f"a {name(item)} without words: {type(error).__name__}"


def _sources(item: Any, depth: int) -> list[str]:
    if isinstance(item, functools.partial):
        return [settings((item.args, item.keywords)), *_sources(item.func, depth)]
    named = _named(item)
    sources = [name(item), _source(named)]
    if named is not item:
        sources.append(settings(item))
        parts = getattr(item, "transforms", None)
        if depth and isinstance(parts, (list, tuple)):
            sources += [source for part in parts for source in _sources(part, depth - 1)]
    return sources


def _named(item: Any) -> Any:
    """What has a name and a source: a function or class itself, or the class of anything else, generators included."""
    return item if callable(item) and hasattr(item, "__qualname__") else type(item)


def _source(named: Any) -> str:
    try:
        return inspect.getsource(named)
    except (OSError, TypeError):
        # What was typed at a prompt has compiled code only; what is built in is known by its name.
        compiled = getattr(named, "__code__", None)
        return "" if compiled is None else f"{compiled.co_code.hex()} {shared(repr(compiled.co_consts))}"
