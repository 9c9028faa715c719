"""One loaded model and the cases that it runs."""

import contextlib
import hashlib
import os
import sys
import time

from . import adapters, alterations, detect, failure, freezing, taps, values


# The folder of this program, which a run has in a place of its own.
_OWN = os.path.dirname(os.path.abspath(__file__))

# Where installers put what is no code of the user's.
_PACKAGES = ("site-packages", "dist-packages")


def _source(told, folder=None):
    """A file with its digest, by its name or by its place below a folder; nothing for what is no file."""
    role, path = told
    if not os.path.isfile(path):
        return None
    name = os.path.relpath(path, folder).replace(os.sep, "/") if folder else os.path.basename(path)
    with open(path, "rb") as file:
        return {"role": role, "file": name, "sha256": hashlib.sha256(file.read()).hexdigest()}


class Session:
    def __init__(self, request):
        self.artifact = request["artifact"]
        self.device = request["device"]
        self.threads = request["threads"]
        self.float64 = request["precision"] == "float64"
        self.loader = request["loader"]
        self.trust = request["trust"]
        self.modules = request["modules"]
        self.adapter = request["adapter"] or detect.adapter(self.artifact, self.loader)
        # The loader's source file, once it was found.
        self.source = None
        self._restore = None
        self._model = adapters.load(self.adapter, self)
        # A drill asks what would be noticed if the model had these faults.
        self._planted = contextlib.ExitStack()
        for fault in request.get("planted", ()):
            self._planted.enter_context(alterations.plant(self._model, fault))
        # Told before anything is computed that a graph would be proved with.
        if request.get("graph"):
            self._check_graph()

    @property
    def engine(self):
        """The distribution that computes, by name."""
        return self._model.ENGINE

    def settings(self):
        """What the framework says of its own setup."""
        return self._model.settings()

    def environment_class(self):
        return self._model.environment_class()

    def state(self):
        """Digests of everything that the model remembers, and what is wrong with how it was loaded."""
        return {
            "tensors": self._model.state(),
            "initialised": self._model.initialised(),
            "training": self._model.training(),
        }

    def inputs(self):
        """What the model can be given, or why nobody knows."""
        known = self._model.inputs()
        return {"unknown": known} if isinstance(known, str) else {"known": known}

    def sources(self):
        """Files beside the weights that have a part in what the model computes."""
        found = [("loader", self.source)] if self.source else []
        code = [_source(("code", path), folder) for folder, path in self._code()]
        return [source for source in [*map(_source, found + self._model.sources()), *code] if source]

    def _code(self):
        """The user's own modules that the loader imported, each with the folder that it was found in."""
        if not self.source:
            return
        installed = tuple({os.path.realpath(path) + os.sep for path in (sys.prefix, sys.base_prefix, _OWN)})
        files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
        for path in sorted(os.path.realpath(file) for file in files if file and file != self.source):
            folders = (os.path.realpath(folder) for folder in self.modules)
            folder = next((folder for folder in folders if path.startswith(folder + os.sep)), None)
            if folder and not path.startswith(installed) and not any(name in path for name in _PACKAGES):
                yield folder, path

    def run(self, request):
        """One case, as often as asked."""
        inputs = values.read(request["inputs"], self._model.take)
        if request.get("trials"):
            # Statistics that a model in training keeps must not reach the next run.
            self._restore = self._restore or self._model.snapshot()
        reply = {"outputs": [], "seconds": 0.0}
        try:
            for repeat in range(request["repeats"]):
                started = time.perf_counter()
                # A model that changes its input in place must not see the change the next time.
                outputs = self._model.run(self._copies(inputs))
                if repeat == 0:
                    reply["seconds"] = time.perf_counter() - started
                folder = os.path.join(request["outputs"], "told-{}".format(repeat))
                os.makedirs(folder)
                values.write(folder, outputs, self._model.give)
                reply["outputs"].append(folder)
                if repeat == 0 and request["taps"]:
                    reply.update(self._tap(inputs, outputs, request))
                if repeat == 0 and request.get("trials"):
                    reply.update(self._try(inputs, outputs, request))
        except BaseException as error:
            reply["status"] = failure.status(error)
        if request["state"]:
            reply["state"] = self.state()
        return reply

    def _copies(self, inputs):
        return [(name, self._model.copy(value)) for name, value in inputs]

    def _tap(self, inputs, outputs, request):
        """One more run of a case, with the steps on its way in a folder."""
        wanted = request["taps"]
        found = taps.Taps(wanted, self._model.give)
        try:
            tapped = self._model.tapped(self._copies(inputs), found)
        except Exception:
            if wanted == "offered":
                return {}
            raise
        folder = os.path.join(request["outputs"], "told-taps")
        found.write(folder, disturbed=found.digests(tapped) != found.digests(outputs))
        return {"taps": folder}

    def _try(self, inputs, outputs, request):
        """The same case once more with each alteration by itself, or the list of those that would change something."""
        self._restore()
        with self._model.watching():
            # Looking can take another kernel, so that these outputs say nothing.
            self._model.run(self._copies(inputs))
        if request["trials"] == ["?"]:
            return {"catalogue": alterations.catalogue(self._model)}
        if request["trials"] == ["!"]:
            return {"catalogue": alterations.faults(self._model)}
        self._restore()
        again = self._model.run(self._copies(inputs))
        tried = []
        for index, text in enumerate(request["trials"]):
            try:
                self._restore()
                with alterations.apply(self._model, text):
                    altered = self._model.run(self._copies(inputs))
                folder = os.path.join(request["outputs"], "told-trial-{}".format(index))
                os.makedirs(folder)
                values.write(folder, altered, self._model.give)
                tried.append({"alteration": text, "outputs": folder})
            except Exception as error:
                # An alteration that fails says nothing of the model.
                tried.append({"alteration": text, "status": failure.status(error)})
        found = taps.Taps([], self._model.give)
        self._restore()
        after = self._model.run(self._copies(inputs))
        self._restore()
        # A model of chance is none that an alteration has left behind.
        steady = found.digests(again) == found.digests(outputs)
        return {"trials": tried, "restored": not steady or found.digests(after) == found.digests(outputs)}

    def freeze(self, request):
        """The graph that computes the cases which take the same inputs as the first, and those inputs as it takes them."""
        self._check_graph()
        take = self._model.take
        cases = [self._model.prepared(values.read(folder, take)) for folder in request["cases"]]
        chosen = [index for index, case in enumerate(cases) if freezing.alike(case, cases[0])]
        frozen = self._model.freeze(request["form"], [cases[index] for index in chosen], request["folder"])
        for index in chosen:
            folder = os.path.join(request["prepared"], str(index))
            os.makedirs(folder)
            values.write(folder, dict(cases[index]), self._model.give)
        return {"frozen": dict(frozen, cases=chosen)}

    def _check_graph(self):
        graphless = self._model.graphless()
        if graphless:
            raise graphless
