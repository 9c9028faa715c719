"""Bits of numbers in tensors: which mean what, and how one is changed without arithmetic that could round it away."""

import torch

# Width, bits of the mantissa, and the integer of the same width.
_LAYOUTS = {
    torch.float16: (16, 10, torch.int16),
    torch.bfloat16: (16, 7, torch.int16),
    torch.float32: (32, 23, torch.int32),
    torch.float64: (64, 52, torch.int64),
}


def is_known(tensor):
    """Whether the bits of a tensor lie in memory in a form that is known here."""
    return tensor.dtype in _LAYOUTS and tensor.layout is torch.strided and not tensor.is_meta and tensor.numel() > 0


def stored(module, is_wide):
    """The type of each tensor before the model was made wide: the smallest in which all of its numbers are what they are."""
    tensors = [tensor.detach() for tensor in module.parameters() if is_known(tensor)]
    if not is_wide or not tensors:
        return lambda tensor: tensor.dtype
    for dtype in (torch.bfloat16, torch.float16, torch.float32):
        if all(torch.equal(tensor.to(dtype).to(tensor.dtype), tensor) for tensor in tensors):
            return lambda tensor: dtype
    return lambda tensor: tensor.dtype


def significant(dtype):
    """Bits from the least to the most telling: last and first of the mantissa, last of the exponent, sign."""
    width, mantissa, _ = _LAYOUTS[dtype]
    return [0, mantissa - 1, mantissa, width - 1]


def top_mantissa(dtype):
    return _LAYOUTS[dtype][1] - 1


def is_finer(dtype, other):
    """Whether a type tells numbers apart that another one does not."""
    return dtype in _LAYOUTS and _LAYOUTS[dtype][1] > _LAYOUTS[other][1]


def flip(tensor, bit, dtype):
    """One bit, as a type has it, of the element of largest magnitude: the one that most outputs depend on."""
    place = _place(int(tensor.detach().abs().argmax()), tensor.shape)
    width, _, integer = _LAYOUTS[dtype]
    # The highest bit of a signed integer is negative.
    mask = 1 << bit if bit < width - 1 else -(1 << bit)
    values = tensor.detach().to(dtype)
    bits = values.view(integer)
    bits[place] = bits[place] ^ mask
    tensor.detach().copy_(values)


def _place(index, shape):
    """Where the element of a number lies; PyTorch tells it from 2.2 on."""
    place = []
    for size in reversed(shape):
        index, rest = divmod(index, size)
        place.append(rest)
    return tuple(reversed(place))


def step(tensor, dtype):
    """Every element by one unit in its last place, as a type has it, nearer to zero, which overflows nowhere."""
    values = tensor.detach().to(dtype)
    bits = values.view(_LAYOUTS[dtype][2])
    bits.sub_((torch.isfinite(values) & (values != 0)).to(bits.dtype))
    tensor.detach().copy_(values)
