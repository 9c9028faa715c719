"""A module that is called sample by sample."""

import functools

import torch

from .torch_calls import around, mapped


def singly(model):
    """Each sample by itself."""

    def wrap(forward):
        @functools.wraps(forward)
        def called(*arguments, **keywords):
            tensors = [value for value in [*arguments, *keywords.values()] if isinstance(value, torch.Tensor)]
            count = tensors[0].shape[0] if tensors and tensors[0].dim() else 0
            if count < 2 or any(not value.dim() or value.shape[0] != count for value in tensors):
                return forward(*arguments, **keywords)
            rows = [
                forward(*mapped(arguments, _row(index)), **mapped(dict(keywords), _row(index)))
                for index in range(count)
            ]
            return _joined(rows)

        return called

    return around(model, wrap)


def _row(index):
    return lambda tensor: tensor[index : index + 1]


def _joined(rows):
    first = rows[0]
    if isinstance(first, torch.Tensor):
        return torch.cat(rows) if first.dim() else first
    if isinstance(first, dict):
        for key in list(first):
            first[key] = _joined([row[key] for row in rows])
        return first
    if isinstance(first, (list, tuple)) and not hasattr(first, "_fields"):
        return type(first)(_joined(list(items)) for items in zip(*rows))
    return first
