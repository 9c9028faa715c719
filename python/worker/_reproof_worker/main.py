"""The worker's life: take the channel, say hello, answer requests until the parent has no more."""

import platform
import sys
import time

from . import PROTOCOL, confine, facts, failure, network
from .adapters import NAMES
from .channel import Channel


def main():
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
    worker = _Worker()
    for request in channel.requests():
        channel.send({"id": request["id"], "reply": worker.answer(request)})


class _Worker:
    def __init__(self):
        self.model = None

    def answer(self, request):
        started = time.perf_counter()
        try:
            reply = getattr(self, "_" + request["do"])(request)
        # A loader may raise anything, `SystemExit` included: all of it is an answer.
        except BaseException as error:
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

        self.model = session.Session(request)
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

    def _fingerprint(self, request):
        _confine(request)
        from . import fingerprint

        return {"fingerprint": fingerprint.take(request["frameworks"], request["threads"])}


def _confine(request):
    """Before anything of the user is imported; returns what became of the network."""
    confine.limit_memory(request.get("memory_bytes"))
    return network.deny() if not request["network"] else "allowed"
