"""`sentence-transformers`: a folder of modules, from texts or tokens to one vector each."""

import json
import os

from ..failure import Refused, Unsupported
from . import torch_module


def load(session):
    folder = session.artifact
    with open(os.path.join(folder, "modules.json"), encoding="utf-8") as file:
        modules = json.load(file)
    for module in modules:
        # Any class of any package can be named here, and is imported and made.
        if not session.trust and not str(module.get("type")).startswith("sentence_transformers."):
            raise Unsupported(
                "leave to import {}, which modules.json names".format(module.get("type")),
                "give --trust if you know where the model is from",
            )
    torch_module.prepare(session)
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(
        folder, device=session.device, local_files_only=True, trust_remote_code=session.trust, backend="torch"
    )
    return Encoder(model.eval(), session)


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
            tokenized = self._module.tokenize(list(texts))
            features = {name: value.to(self._session.device) for name, value in tokenized.items() if hasattr(value, "to")}
        # Wrapped, so that a float64 run is watched as every other.
        outputs = super().run([("features", features)])
        return {name: outputs[name] for name in ("sentence_embedding", "token_embeddings") if name in outputs}

    def _bind(self, inputs):
        return [inputs[0][1]], {}
