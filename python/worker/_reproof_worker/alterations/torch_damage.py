"""Weights that are damaged, lost or left as they were initialised."""

import functools

from . import torch_bits, torch_keeping, torch_parts

_STATISTICS = ("running_mean", "running_var")


def lost(module):
    """Whole tensors that never arrived."""
    found = {}
    found.update(_zeroed(module))
    found.update(_norms(module))
    found.update(_statistics(module))
    found.update(_buffers(module))
    return found


def bits(module, read, is_wide):
    """Single bits, by what they mean, and a last place of a whole tensor; `read` has rows that are known to be read. Of a model
    that was made wide, these are the bits of the type that it is stored in: the same fault."""
    known = torch_parts.weights(module)
    if not known:
        return {}
    largest, names = torch_parts.largest(module), list(known)
    dtype = torch_bits.stored(module, is_wide)
    wanted = [(largest, bit) for bit in reversed(torch_bits.significant(dtype(known[largest])))]
    wanted += [(name, torch_bits.top_mantissa(dtype(known[name]))) for name in (names[0], names[-1])]
    found = {}
    for name, bit in wanted:
        place, part = name, known[name]
        if name in read and read[name][0] < len(part):
            # Of a table of embeddings, a row that is read.
            place, part = "{}[{}]".format(name, read[name][0]), part.detach()[read[name][0]]
        found["weight=bit:{}:{}".format(bit, place)] = _changed(part, functools.partial(torch_bits.flip, part, bit, dtype(part)))
    found["weight=ulp:" + largest] = _changed(known[largest], functools.partial(torch_bits.step, known[largest], dtype(known[largest])))
    return found


def _changed(tensor, change):
    return functools.partial(torch_keeping.tensors, [tensor], change)


def _zeroed(module):
    known = torch_parts.weights(module)
    biases = [name for name in known if name.rpartition(".")[2].endswith("bias") and bool(known[name].any())]
    norms = [name for name in torch_parts.norm_weights(module) if name in known and bool(known[name].any())]
    return {"weight=zeroed:" + name: _changed(known[name], known[name].zero_) for name in biases[:1] + norms[:1]}


def _norms(module):
    """Norms as initialised: the first and the last that are not."""
    learned = [(name, part) for name, part in torch_parts.norms(module) if not _is_initial(part)]
    return {
        "norm=reset:" + name: functools.partial(torch_keeping.tensors, _own(part), functools.partial(_reset, part))
        for name, part in learned[:1] + learned[-1:]
    }


def _own(part):
    return [tensor for tensor in (part.weight, getattr(part, "bias", None)) if tensor is not None]


def _is_initial(part):
    bias = getattr(part, "bias", None)
    return bool((part.weight == 1).all()) and (bias is None or not bool(bias.any()))


def _reset(part):
    part.weight.fill_(1)
    if getattr(part, "bias", None) is not None:
        part.bias.zero_()


def _statistics(module):
    """Norms over batches that forgot what they had seen."""
    kept = [tensor for name, tensor in module.named_buffers() if name.rpartition(".")[2] in _STATISTICS]
    means = [tensor for name, tensor in module.named_buffers() if name.rpartition(".")[2] == _STATISTICS[0]]
    spreads = [tensor for name, tensor in module.named_buffers() if name.rpartition(".")[2] == _STATISTICS[1]]
    if not any(bool(tensor.any()) for tensor in means) and all(bool((tensor == 1).all()) for tensor in spreads):
        return {}

    def change():
        for tensor in means:
            tensor.zero_()
        for tensor in spreads:
            tensor.fill_(1)

    return {"statistics=reset": functools.partial(torch_keeping.tensors, kept, change)}


def _buffers(module):
    """Tables that no training made; one of each name, since a model holds the same in every layer."""
    found = {}
    for name, tensor in module.named_buffers():
        last = name.rpartition(".")[2]
        # Nothing computes with a copy that is kept for later.
        is_used = last not in _STATISTICS and not last.startswith("original_")
        if is_used and torch_bits.is_known(tensor) and bool(tensor.any()):
            found.setdefault(last, (name, tensor))
    return {"buffer=zeroed:" + name: _changed(tensor, tensor.zero_) for name, tensor in found.values()}
