"""What an alteration changes, put back to the bit when it is left. For all frameworks."""

import contextlib


@contextlib.contextmanager
def attributes(places, change):
    """Attributes as they were, after a change; `places` are objects with a name and the value to put back."""
    try:
        change()
        yield
    finally:
        for part, name, value in places:
            setattr(part, name, value)


def replaced(part, name, value):
    """Another value of one attribute."""
    return attributes([(part, name, getattr(part, name))], lambda: setattr(part, name, value))


@contextlib.contextmanager
def shadowed(part, name, function):
    """Another function in place of a method of one object."""
    setattr(part, name, function)
    try:
        yield
    finally:
        delattr(part, name)


@contextlib.contextmanager
def arrays(kept, change):
    """Arrays of NumPy as they were, after a change of their values in place."""
    copies = [(array, array.copy()) for array in kept]
    try:
        change()
        yield
    finally:
        for array, values in copies:
            array[...] = values
