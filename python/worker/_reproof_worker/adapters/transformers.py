"""`transformers`: a folder with a configuration and weights, as `save_pretrained` leaves it."""

import os

import torch

from ..failure import Unsupported
from . import torch_module, transformers_image, transformers_inputs, transformers_text


def load(session):
    return load_as(session, Transformer)


def load_as(session, kind):
    """The model of a folder, run as `kind` does it."""
    # The variables HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE are the parent's; nothing is asked of the hub.
    import transformers

    transformers.logging.set_verbosity_error()
    torch_module.prepare(session)
    folder = session.artifact
    if not os.path.isdir(folder):
        # What lies beside a file was not recorded with it.
        raise Unsupported(
            "a folder of save_pretrained: {} is a file".format(os.path.basename(folder)), "name the folder itself"
        )
    options = {"local_files_only": True, "trust_remote_code": session.trust}
    configuration = transformers.AutoConfig.from_pretrained(folder, **options)
    model, notes = _class(transformers, configuration).from_pretrained(
        folder, dtype="auto", output_loading_info=True, **options
    )
    missing = sorted(map(_name, notes.get("missing_keys", ())))
    mismatched = sorted(map(_name, notes.get("mismatched_keys", ())))
    unexpected = sorted(map(_name, notes.get("unexpected_keys", ())))
    if unexpected and not missing:
        # Weights that nothing uses: the class is smaller than the file.
        print("not used by {}: {}".format(type(model).__name__, ", ".join(unexpected)))
    stages = transformers_text.Tokenizer(folder, options), transformers_image.ImageProcessor(folder, options)
    return kind(model, session, missing + mismatched, stages)


def _class(transformers, configuration):
    """The class that was saved, by its name; the bare model where the configuration names none."""
    named = (configuration.architectures or [None])[0]
    found = getattr(transformers, named, None) if named else None
    if isinstance(found, type) and issubclass(found, transformers.PreTrainedModel):
        return found
    if named and getattr(configuration, "auto_map", None):
        # Code in the folder, which runs only with trust.
        for auto, reference in configuration.auto_map.items():
            if reference.rpartition(".")[2] == named and hasattr(transformers, auto):
                return getattr(transformers, auto)
    if named:
        raise Unsupported(
            "the class {} in transformers {}".format(named, transformers.__version__),
            "use a version that has it, or load it yourself with --loader",
        )
    return transformers.AutoModel


def _name(key):
    return key if isinstance(key, str) else str(key[0])


class Transformer(torch_module.Module):
    """A model of the library, with the tokenizer and the image processor that lie beside it."""

    def __init__(self, model, session, initialised, stages):
        super().__init__(model, session, initialised)
        self._tokenizer, self._processor = stages

    def run(self, inputs):
        taps, inputs = self._stages(inputs)
        outputs = self.forward(inputs)
        return {"preprocessing": taps, **outputs} if taps and isinstance(outputs, dict) else outputs

    def forward(self, inputs):
        """The model itself, on what comes out of preprocessing."""
        outputs = super().forward(inputs)
        # A cache for the next token is a means, not a result, and the logits already depend on what it holds.
        for key in ("past_key_values", "encoder_last_hidden_state"):
            if isinstance(outputs, dict) and key in outputs:
                outputs = {name: value for name, value in outputs.items() if name != key}
        return dict(outputs) if isinstance(outputs, dict) else outputs

    def prepared(self, inputs):
        return self._stages(inputs)[1]

    def _stages(self, inputs):
        """What preprocessing gives, and the same as inputs of the model."""
        if len(inputs) != 1 or inputs[0][0] not in ("text", "image", "preprocessing"):
            return {}, inputs
        name, value = inputs[0]
        if name == "text":
            taps = self._tokenizer.tokenize(value)
        else:
            taps = self._processor.process(value) if name == "image" else value
        given = transformers_image.taken(taps)
        # Pixels come in single precision, which a model of half would refuse.
        narrow = lambda tensor: tensor.to(self._module.dtype) if tensor.is_floating_point() else tensor
        return taps, [(key, narrow(tensor).to(self._session.device)) for key, tensor in given.items()]

    def inputs(self):
        return transformers_inputs.ways(self._module, self._tokenizer)

    def sources(self):
        return self._tokenizer.sources() + self._processor.sources()

    def settings(self):
        found = super().settings()
        found["transformers.attention"] = getattr(self._module.config, "_attn_implementation", None) or "unknown"
        return found
