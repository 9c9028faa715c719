"""Why something did not work, in the words that the parent knows: refused by the model, or lacking here."""

import errno
import os
import socket
import sys
import traceback

_OWN = os.path.dirname(os.path.abspath(__file__))

# The longest message that travels; a framework's can hold a whole tensor.
_LONGEST = 2000


class Refused(Exception):
    """The model itself rejects this input or this artifact."""


class Unsupported(Exception):
    """Something is lacking here; nothing is said about the model."""

    def __init__(self, what, hint):
        super().__init__(what)
        self.what = what
        self.hint = hint


class NoLoader(Unsupported):
    """The artifact alone makes no model: it takes a loader of the user."""


def status(error):
    """The status of a step that raised `error`."""
    # For the last words in the report; the message alone travels in the status.
    if not isinstance(error, (Refused, Unsupported)):
        traceback.print_exception(type(error), error, error.__traceback__)
        sys.stderr.flush()
    chain = list(_chain(error))
    for cause in chain:
        if isinstance(cause, Unsupported):
            return _unsupported(cause.what, cause.hint)
        if isinstance(cause, Refused):
            return {"status": "refused", "message": _short(str(cause))}
    if any(_is_network(cause) for cause in chain):
        return _unsupported(
            "the network, which is denied to models: {}".format(_told(error)),
            "put what it downloads into the artifact, or allow it with --network",
        )
    missing = next((cause for cause in chain if isinstance(cause, ModuleNotFoundError)), None)
    if missing is not None and missing.name:
        return _unsupported(
            "the Python package `{}`, which {} does not have".format(missing.name, sys.executable),
            "install it there, or name another interpreter with --python",
        )
    if any(isinstance(cause, MemoryError) or _is_memory(cause) for cause in chain):
        return _unsupported(
            "the run was refused memory: {}".format(_told(error)),
            "give it more with --memory-limit, on a machine that has it",
        )
    if isinstance(error, SystemExit):
        return {"status": "refused", "message": "its code called exit({!r})".format(error.code)}
    return {"status": "refused", "message": _short(_told(error) + _place(error))}


def _unsupported(what, hint):
    return {"status": "unsupported", "what": _short(what), "hint": hint}


def _chain(error):
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _is_network(error):
    if isinstance(error, socket.gaierror):
        return True
    return isinstance(error, OSError) and error.errno == errno.ENETUNREACH


def _is_memory(error):
    text = str(error)
    return "DefaultCPUAllocator: can't allocate memory" in text or type(error).__name__ == "OutOfMemoryError"


def _told(error):
    text = str(error).strip()
    name = type(error).__name__
    return "{}: {}".format(name, text) if text else name


def _place(error):
    """The innermost line that is neither ours nor a library's: where the user can do something."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = os.path.abspath(frame.filename)
        foreign = path.startswith(_OWN) or "site-packages" in path or path.startswith(sys.base_prefix)
        if not foreign and os.path.isfile(path):
            return " ({}:{})".format(os.path.basename(path), frame.lineno)
    return ""


def _short(text):
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= _LONGEST else text[: _LONGEST // 2] + " ... " + text[-_LONGEST // 2 :]
