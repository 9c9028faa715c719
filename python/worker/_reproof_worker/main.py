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
            reply = self._load(request) if request["do"] == "load" else self._run(request)
        # A loader may raise anything, `SystemExit` included: all of it is an answer.
        except BaseException as error:
            reply = {"status": failure.status(error)}
        reply.setdefault("status", {"status": "done"})
        reply.setdefault("seconds", time.perf_counter() - started)
        return reply

    def _load(self, request):
        # Before anything of the user is imported.
        confine.limit_memory(request.get("memory_bytes"))
        state = network.deny() if not request["network"] else "allowed"
        # Last: what lies beside an artifact must not stand in for a package. Without a loader and without trust, nothing
        # there has any business to be imported.
        if request["loader"] or request["trust"]:
            sys.path.extend(request["modules"])
        from . import session

        self.model = session.Session(request)
        reply = {"environment": facts.environment(self.model, state)}
        if request["state"]:
            reply["state"] = self.model.state()
        return reply

    def _run(self, request):
        return self.model.run(request)
