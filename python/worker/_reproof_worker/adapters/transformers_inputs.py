"""What a model of `transformers` takes, as its configuration tells."""

import inspect

from . import base, torch_tensor


def ways(model, tokenizer):
    """Signatures: token ids, and texts where there is a tokenizer; or pixels."""
    configuration = model.config.get_text_config() if hasattr(model.config, "get_text_config") else model.config
    takes = set(inspect.signature(model.forward).parameters)
    if model.main_input_name == "input_ids":
        found = [base.signature("tokens", *_tokens(configuration, takes, model))]
        return found + ([base.signature("text", base.port("text", None, "batch"))] if tokenizer.is_there() else [])
    size = getattr(model.config, "image_size", None)
    channels = getattr(model.config, "num_channels", None)
    if model.main_input_name == "pixel_values" and isinstance(channels, int):
        sides = size if isinstance(size, (list, tuple)) else (size, size)
        if all(isinstance(side, int) for side in sides):
            dtype = torch_tensor.name_of(model.dtype)
            return [base.signature("pixels", base.port("pixel_values", dtype, "batch", channels, *sides))]
    return "the configuration does not tell the shape of `{}`".format(model.main_input_name)


def _tokens(configuration, takes, model):
    longest = getattr(configuration, "max_position_embeddings", None)
    # Position embeddings of some begin behind the padding token.
    offset = getattr(configuration, "pad_token_id", None) or 0
    longest = longest - offset - 1 if isinstance(longest, int) and longest > offset + 1 else None
    row = ("batch", ("sequence", longest))
    vocabulary = getattr(configuration, "vocab_size", None)
    ports = [base.port("input_ids", "I64", *row, below=vocabulary)]
    if "attention_mask" in takes:
        ports.append(base.port("attention_mask", "I64", *row))
    types = getattr(configuration, "type_vocab_size", None)
    if "token_type_ids" in takes and isinstance(types, int) and types > 0:
        ports.append(base.port("token_type_ids", "I64", *row, below=types))
    if getattr(model.config, "is_encoder_decoder", False) and "decoder_input_ids" in takes:
        ports.append(base.port("decoder_input_ids", "I64", *row, below=vocabulary))
    return ports
