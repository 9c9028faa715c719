"""What cases tell of the graph that shall compute them all: its inputs, and which of their dims are open."""

from .failure import Unsupported


def alike(one, other):
    """Whether two cases can be inputs of one graph: the same names, each of one type and as many dims."""
    return [(name, _kind(value)) for name, value in one] == [(name, _kind(value)) for name, value in other]


def _kind(value):
    if not hasattr(value, "shape") or not hasattr(value, "dtype"):
        return None
    return str(value.dtype), len(value.shape)


def check(case):
    """Refuses inputs that no graph takes."""
    for name, value in case:
        if _kind(value) is None:
            raise Unsupported(
                "a graph whose input `{}` is a {}".format(name, type(value).__name__),
                "record cases of tensors, or leave out --freeze",
            )


def open_dims(cases):
    """Per input the axes whose size differs between cases, each with a word that axes of equal sizes share."""
    words = {}
    opened = []
    for place in range(len(cases[0])):
        shapes = [tuple(case[place][1].shape) for case in cases]
        axes = {}
        for axis, sizes in enumerate(zip(*shapes)):
            if len(set(sizes)) > 1:
                axes[axis] = words.setdefault(sizes, "dim_{}".format(len(words)))
        opened.append(axes)
    return opened


def largest(cases):
    """The case whose smallest size is the largest: exporters take a size of 1 for a constant."""
    return max(cases, key=lambda case: min((min(value.shape, default=1) for _, value in case), default=1))


def leaves(outputs, is_tensor):
    """Tensors in what a model gave, by the paths under which they are compared."""
    from . import values

    found = []

    def walk(path, value):
        if is_tensor(value):
            found.append((path, value))
            return
        entries = values.entries(value)
        if entries is not None:
            for key, item in entries:
                walk("{}.{}".format(path, key), item)
        elif isinstance(value, (list, tuple)):
            for index, item in enumerate(value):
                walk("{}[{}]".format(path, index), item)
        elif value is not None:
            raise Unsupported(
                "a graph with the output `{}`, which is a {}".format(path, type(value).__name__),
                "return tensors alone from the loader's module",
            )

    for name, value in values.named(outputs):
        walk(name, value)
    return found
