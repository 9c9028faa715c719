"""Digests of Python objects that are the same in every process.

A pickle alone is not: records of NumPy have gaps that hold whatever lay in memory, and a set has the order of this
process's hashes.
"""

import hashlib
import pickle
import sys


def digest(value):
    """SHA-256 of what a pickle of the object would hold, without gaps and with sets in order."""
    sink = _Sink()
    _Pickler(sink, protocol=4).dump(value)
    return sink.hash.hexdigest()


class _Sink:
    def __init__(self):
        self.hash = hashlib.sha256()

    def write(self, piece):
        self.hash.update(piece)


class _Pickler(pickle.Pickler):
    # Asked for every object before it is written, even for those of types that pickle knows by itself.
    def persistent_id(self, value):
        if type(value) in (set, frozenset):
            return ("set", sorted(digest(item) for item in value))
        numpy = sys.modules.get("numpy")
        if numpy is not None and isinstance(value, (numpy.ndarray, numpy.void)) and value.dtype.names:
            return ("fields", [(name, digest(numpy.asarray(value[name]).copy())) for name in value.dtype.names])
        return None
