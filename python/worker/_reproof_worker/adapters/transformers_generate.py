"""`transformers-generate`: the tokens that a language model writes when it always takes the likeliest, with the scores
that it took them by."""

import torch

from ..failure import Unsupported
from . import transformers

# As many as tell a changed model from rounding; the folder's own generation_config.json may say otherwise.
_TOKENS = 16


def load(session):
    if session.float64:
        # Rounding may choose another token, and everything after it is another text.
        raise Unsupported(
            "float64 for generated text", "record the model with --adapter transformers too: its scores have a referee"
        )
    model = transformers.load_as(session, Writer)
    if not model.writes():
        raise Unsupported("a model that generates text", "use --adapter transformers")
    return model


class Writer(transformers.Transformer):
    def writes(self):
        # Of bare encoders the library knows the method and refuses the call.
        return callable(getattr(self._module, "generate", None)) and self._module.can_generate()

    def forward(self, inputs):
        told = self._module.generation_config.max_new_tokens
        with torch.no_grad():
            written = self._module.generate(
                **dict(inputs),
                max_new_tokens=told or _TOKENS,
                do_sample=False,
                num_beams=1,
                output_logits=True,
                return_dict_in_generate=True,
            )
        count = len(written.logits)
        return {"tokens": written.sequences[:, -count:], "logits": torch.stack(written.logits, dim=1)}

    def graphless(self):
        return Unsupported("a graph of generated text, which is written in a loop", "freeze with --adapter transformers")

    def inputs(self):
        ways = super().inputs()
        if isinstance(ways, str):
            return ways
        for way in ways:
            # The library makes these itself while it generates.
            way["inputs"] = [port for port in way["inputs"] if port["name"] in ("text", "input_ids", "attention_mask")]
            for port in way["inputs"]:
                _leave_room(port, self._module.generation_config.max_new_tokens or _TOKENS)
        return ways


def _leave_room(port, count):
    for dim in port["dims"]:
        if dim.get("at_most"):
            dim["at_most"] = max(1, dim["at_most"] - count)
