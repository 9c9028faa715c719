"""Attention with another mask or another scale."""

import torch

from .torch_functions import Calls, spelled

_PRODUCT = "scaled_dot_product_attention"
_MODULE = "multi_head_attention_forward"
_NAMES = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal")


def told(function, arguments, keywords):
    """What a call says of attention: `attention` where it is the product itself, `mask` where some positions are kept
    from others, `open` where earlier ones may look at later ones."""
    name = spelled(function)
    if name not in (_PRODUCT, _MODULE):
        return set()
    if name == _PRODUCT:
        keywords = dict(zip(_NAMES, arguments), **keywords)
    is_causal = bool(keywords.get("is_causal"))
    masked = is_causal or any(keywords.get(mask) is not None for mask in ("attn_mask", "key_padding_mask"))
    found = {"attention", *(() if is_causal else ("open",))} if name == _PRODUCT else set()
    return found | ({"mask"} if masked else set())


class Attention(Calls):
    """`mask` is `dropped`, `inverted` or `causal`, `scale` is `dropped` or `default`; nothing leaves what there is."""

    def __init__(self, mask=None, scale=None):
        super().__init__()
        self._mask, self._scale = mask, scale

    def changed(self, function, arguments, keywords):
        name = spelled(function)
        if name == _MODULE and self._mask == "dropped":
            keywords = dict(keywords, attn_mask=None, key_padding_mask=None, is_causal=False)
        if name == _PRODUCT:
            keywords = dict(zip(_NAMES, arguments), **keywords)
            arguments = ()
            if self._mask is not None:
                keywords.update(attn_mask=self._masked(keywords), is_causal=self._mask == "causal")
            if self._scale is not None:
                keywords["scale"] = 1.0 if self._scale == "dropped" else None
        return function, arguments, keywords

    def _masked(self, keywords):
        if self._mask != "inverted":
            return None
        given, query, key = keywords.get("attn_mask"), keywords["query"], keywords["key"]
        if keywords.get("is_causal"):
            given = torch.ones(query.shape[-2], key.shape[-2], dtype=torch.bool, device=query.device).tril()
        if given is None:
            return None
        seen = given if given.dtype is torch.bool else given >= 0
        # A position that sees nothing at all has no outputs: it keeps what it saw.
        return torch.where((~seen).any(-1, keepdim=True), ~seen, seen)
