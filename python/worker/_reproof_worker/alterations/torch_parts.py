"""Parts of a module by what they are for, found by type where there is one and else by name."""

import re

import torch

from . import torch_bits

_POSITIONS = re.compile(r"(^|\.)(wpe|pos(ition)?(al)?_?(emb|enc)\w*)(\.weight)?$")
_NORMS = re.compile(r"(^|[._])(\w*norm|ln|bn)[_\d]*[._]weight$", re.IGNORECASE)
_QUERIES = ("query", "q_proj", "q_lin", "q")


def weights(module):
    """Parameters whose numbers can be changed, by name and each once."""
    return {name: tensor for name, tensor in module.named_parameters() if torch_bits.is_known(tensor)}


def largest(module):
    """The largest parameter of which every number counts: of a table of embeddings, a case reads few rows."""
    tables = {id(part.weight) for part in module.modules() if isinstance(part, torch.nn.Embedding)}
    tables -= {id(part.weight) for part in module.modules() if isinstance(part, torch.nn.Linear)}
    known = weights(module)
    wanted = {name: tensor for name, tensor in known.items() if id(tensor) not in tables} or known
    return max(wanted, key=lambda name: wanted[name].numel(), default=None)


def norms(module):
    """Normalisations with weights of their own."""
    return [
        (name, part)
        for name, part in module.named_modules()
        if "Norm" in type(part).__name__ and isinstance(getattr(part, "weight", None), torch.Tensor)
    ]


def norm_weights(module):
    """Names of the weights of normalisations; of a graph, which has no modules, those that are called so."""
    found = ["{}.weight".format(name) if name else "weight" for name, _ in norms(module)]
    return found or [name for name in weights(module) if _NORMS.search(name)]


def convolution(module):
    """The first convolution over several channels that all reach every output."""
    for name, part in module.named_modules():
        if isinstance(part, torch.nn.modules.conv._ConvNd) and part.groups == 1 and part.in_channels > 1:
            return name, part
    return None


def embedding(module):
    """The first table of embeddings, by the name of its weight."""
    for name, part in module.named_modules():
        if isinstance(part, torch.nn.Embedding) and part.num_embeddings > 1:
            return "{}.weight".format(name) if name else "weight", part.weight
    return None


def heads(module):
    """Linear layers that share their weight with a table of embeddings."""
    tables = {id(part.weight) for part in module.modules() if isinstance(part, torch.nn.Embedding)}
    return [part for part in module.modules() if isinstance(part, torch.nn.Linear) and id(part.weight) in tables]


def last_linear(module):
    """The last linear layer with several outputs."""
    found = [part for part in module.modules() if type(part) is torch.nn.Linear and part.out_features > 1]
    return found[-1] if found else None


def positions(module):
    """Learned embeddings of positions, by name."""
    known = {name: tensor for name, tensor in weights(module).items() if tensor.dim() >= 2 and tensor.shape[-2] > 1}
    return [(name, tensor) for name, tensor in known.items() if _POSITIONS.search(name)]


def queries(module):
    """The first attention of several heads: its name, the weight that makes queries, and how many rows a head has."""
    for name, part in module.named_modules():
        config = getattr(part, "config", None)
        places = [(part, "num_heads"), (part, "num_attention_heads"), (config, "num_attention_heads")]
        count = next((getattr(*place) for place in places if isinstance(getattr(*place, None), int)), 0)
        if isinstance(part, torch.nn.MultiheadAttention) and part.in_proj_weight is not None and count > 1:
            return name, part.in_proj_weight, part.embed_dim // count
        linear = next((getattr(part, query) for query in _QUERIES if hasattr(part, query)), None)
        if isinstance(linear, torch.nn.Linear) and count > 1 and linear.out_features % count == 0:
            return name, linear.weight, linear.out_features // count
    return None
