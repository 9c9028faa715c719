"""The worker's life: take the channel, say hello, answer requests until the parent has no more."""

import gc
import os
import platform
import sys
import time

from . import PROTOCOL, confine, facts, failure, network
from .adapters import NAMES
from .channel import Channel

# Frameworks make hundreds of thousands of objects that stay when they are imported. Looking through them for cycles after
# each 700 new ones, as Python does, is a seventh of the time.
_OBJECTS = 100_000


def main(arguments):
    if arguments == ["copies"]:
        from . import copies

        # Each copy comes back from here to work.
        if not copies.serve():
            return
    channel = Channel.take()
    channel.send(
        {
            "hello": {
                "protocol": PROTOCOL,
                "python": platform.python_version(),
                "implementation": sys.implementation.name,
                "adapters": sorted(NAMES),
            }
        }
    )
    worker = _Worker(channel)
    for request in channel.requests():
        channel.send({"id": request["id"], "reply": worker.answer(request)})


class _Worker:
    def __init__(self, channel):
        self.model = None
        self._channel = channel

    def answer(self, request):
        started = time.perf_counter()
        try:
            reply = getattr(self, "_" + request["do"])(request)
        # A loader may raise anything, `SystemExit` included: all of it is an answer.
        except BaseException as error:
            if self._channel.is_copied:
                _leave(error)
            reply = {"status": failure.status(error)}
            if isinstance(error, failure.NoLoader):
                reply["inputs"] = "no-loader"
        reply.setdefault("status", {"status": "done"})
        reply.setdefault("seconds", time.perf_counter() - started)
        return reply

    def _load(self, request):
        state = _confine(request)
        # Last: what lies beside an artifact must not stand in for a package. Without a loader and without trust, nothing
        # there has any business to be imported.
        if request["loader"] or request["trust"]:
            sys.path.extend(request["modules"])
        from . import session

        usual = gc.get_threshold()
        gc.set_threshold(_OBJECTS, *usual[1:])
        self.model = session.Session(request)
        gc.set_threshold(*usual)
        environment = facts.environment(self.model, state, request["variables"])
        reply = {"environment": environment, "sources": self.model.sources()}
        if request["state"]:
            reply["state"] = self.model.state()
        if request["inputs"]:
            reply["inputs"] = self.model.inputs()
        return reply

    def _run(self, request):
        return self.model.run(request)

    def _freeze(self, request):
        return self.model.freeze(request)

    def _describe(self, request):
        _confine(request)
        from . import interpreter

        return {"interpreter": interpreter.describe(request["imported"])}

    def _imported(self, request):
        from . import interpreter

        return {"imported": interpreter.imported()}

    def _fingerprint(self, request):
        _confine(request)
        from . import fingerprint

        gc.set_threshold(_OBJECTS)
        return {"fingerprint": fingerprint.take(request["frameworks"], request["threads"])}


def _leave(error):
    """Ends a copy of this process as Python would."""
    sys.stdout.flush()
    sys.stderr.flush()
    code = error.code if isinstance(error, SystemExit) else 1
    os._exit(0 if code is None else code if isinstance(code, int) else 1)


def _confine(request):
    """Before anything of the user is imported; returns what became of the network."""
    confine.limit_memory(request.get("memory_bytes"))
    return network.deny() if not request["network"] else "allowed"
