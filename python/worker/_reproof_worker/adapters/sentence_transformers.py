"""`sentence-transformers`: a folder of modules, from texts or tokens to one vector each."""

import json
import os

from ..failure import Refused, Unsupported
from . import base, torch_module, transformers_text


def load(session):
    folder = session.artifact
    if not session.trust:
        _check(folder)
    torch_module.prepare(session)
    import transformers
    from sentence_transformers import SentenceTransformer

    transformers.logging.set_verbosity_error()
    model = SentenceTransformer(
        folder, device=session.device, local_files_only=True, trust_remote_code=session.trust, backend="torch"
    )
    return Encoder(model.eval(), session)


def _check(folder):
    """Refuses names of anything that is neither a module of this framework nor an activation of torch: whatever a
    configuration names is imported and called."""
    for module in _read(folder, "modules.json"):
        kind = str(module.get("type"))
        if not kind.startswith("sentence_transformers."):
            raise _leave(kind, "modules.json")
    # Routers have modules of their own, in folders of their own.
    for place, _, names in os.walk(folder):
        for name in (name for name in names if name.endswith("config.json")):
            _check_configuration(folder, os.path.relpath(os.path.join(place, name), folder))


def _check_configuration(folder, path):
    configuration = _read(folder, path)
    if not isinstance(configuration, dict):
        return
    activation = configuration.get("activation_function")
    # Of a text encoder it is a word such as `gelu`; what has dots is imported.
    if isinstance(activation, str) and "." in activation and not activation.startswith("torch.nn.modules."):
        raise _leave(activation, path)
    kinds = configuration.get("types")
    for kind in kinds.values() if isinstance(kinds, dict) else ():
        if not str(kind).startswith("sentence_transformers."):
            raise _leave(kind, path)


def _read(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return json.load(file)


def _leave(name, place):
    return Unsupported(
        "leave to import {}, which {} names".format(name, place), "give --trust if you know where the model is from"
    )


class Encoder(torch_module.Module):
    """Vectors for texts, tokenizer included, or for tokens."""

    ENGINE = "sentence_transformers"

    def run(self, inputs):
        return self.forward(self.prepared(inputs))

    def prepared(self, inputs):
        features = dict(inputs)
        if "input_ids" not in features:
            if len(features) != 1:
                raise Refused("the model takes texts or `input_ids`, and got {}".format(", ".join(features)))
            (texts,) = features.values()
            texts = [texts] if isinstance(texts, str) else texts
            # Its name in version 5 and before.
            prepare = getattr(self._module, "preprocess", None) or self._module.tokenize
            features = {name: self._placed(value) for name, value in prepare(list(texts)).items()}
        return list(features.items())

    def forward(self, inputs):
        # Wrapped, so that a float64 run is watched as every other.
        outputs = super().forward([("features", dict(inputs))])
        return {name: outputs[name] for name in ("sentence_embedding", "token_embeddings") if name in outputs}

    def inputs(self):
        return [base.signature("text", base.port("text", None, "texts"))]

    def sources(self):
        files = [("modules", os.path.join(self._session.artifact, "modules.json"))]
        return files + transformers_text.Tokenizer(self._session.artifact, {}).sources()

    def _placed(self, value):
        return value.to(self._session.device) if hasattr(value, "to") else value

    def _bind(self, inputs):
        return [inputs[0][1]], {}
