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
        path = os.path.join(str(module.get("path", "")), "config.json")
        configuration = _read(folder, path) if os.path.isfile(os.path.join(folder, path)) else {}
        activation = configuration.get("activation_function") if isinstance(configuration, dict) else None
        if activation and not str(activation).startswith("torch.nn.modules."):
            raise _leave(activation, path)


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
        features = dict(inputs)
        if "input_ids" not in features:
            if len(features) != 1:
                raise Refused("the model takes texts or `input_ids`, and got {}".format(", ".join(features)))
            (texts,) = features.values()
            texts = [texts] if isinstance(texts, str) else texts
            # Its name in version 5 and before.
            prepare = getattr(self._module, "preprocess", None) or self._module.tokenize
            features = {name: self._placed(value) for name, value in prepare(list(texts)).items()}
        # Wrapped, so that a float64 run is watched as every other.
        outputs = super().run([("features", features)])
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
