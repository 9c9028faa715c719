"""npy and npz files."""

import numpy as np

from .pickles import arrays
from .record import Record, entries


def write(record: Record) -> None:
    """Writes all of them; the array of an npy file has the empty name."""
    for name, array in arrays().items():
        path = f"npy/{name}.npy"
        np.save(record.path(path), array, allow_pickle=False)
        read = np.load(record.path(path), allow_pickle=False)
        record.add(path, "npy", entries("model", read))
    for version in ((2, 0), (3, 0)):
        path = f"npy/version-{version[0]}.npy"
        with record.path(path).open("wb") as file:
            np.lib.format.write_array(file, arrays()["fortran"], version)
        record.add(path, "npy", entries("model", np.load(record.path(path))))
    for name, save in {"stored": np.savez, "compressed": np.savez_compressed}.items():
        path = f"npz/{name}.npz"
        save(record.path(path), **arrays())
        with np.load(record.path(path), allow_pickle=False) as read:
            record.add(path, "npz", entries("model", dict(read)))
