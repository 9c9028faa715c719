"""Pickles and joblib files, of arrays and of estimators."""

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from .record import Entry, Record, entries

COMPRESSORS: dict[str, Any] = {
    "raw": 0,
    "zlib": ("zlib", 3),
    "gzip": ("gzip", 3),
    "bz2": ("bz2", 3),
    "xz": ("xz", 3),
    "lzma": ("lzma", 3),
    "lz4": ("lz4", 3),
}


def arrays() -> dict[str, npt.NDArray[Any]]:
    """Arrays in every order, byte order and shape."""
    numbers = np.arange(12, dtype=np.float32).reshape(3, 4)
    return {
        "c": numbers,
        "fortran": np.asfortranarray(numbers),
        "big-endian": numbers.astype(">f8"),
        "big-endian-fortran": np.asfortranarray(numbers.astype(">i4")),
        "scalar": np.array(2.5),
        "empty": np.empty((0, 3), np.float32),
        "strided": numbers[::2, ::3],
        "reversed": numbers[::-1],
        "transposed": numbers.T,
        "again": numbers,
        "bool": numbers > 5,
        "complex": (numbers + 1j).astype(np.complex64),
        "complex-double": numbers[0] * 1j + np.float64(0),
        "half": numbers.astype(np.float16),
        "words": np.arange(5, dtype=np.uint16),
        "bytes": np.arange(5, dtype=np.int8),
        "long": np.array([2**63, 1], dtype=np.uint64),
        "cube": np.asfortranarray(np.arange(24, dtype=np.int64).reshape(2, 3, 4)),
    }


def estimators() -> dict[str, Any]:
    """A fitted pipeline and a small forest."""
    random = np.random.default_rng(0)
    values = random.standard_normal((40, 3))
    labels = (values.sum(1) > 0).astype(int)
    line: Pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    forest = RandomForestClassifier(5, max_depth=3, random_state=0)
    return {"pipeline": line.fit(values, labels), "forest": forest.fit(values, labels)}


def read_pickle(path: Path) -> Any:
    """What Python reads from a file that this script wrote."""
    with path.open("rb") as file:
        return pickle.load(file)


def listed(value: object) -> Iterator[Entry]:
    """The arrays of a dict; an estimator's are not named."""
    return entries("model", value if isinstance(value, dict) else {})


def write(record: Record) -> None:
    """Writes all of them."""
    fitted = estimators()
    for protocol in (0, 1, 2, 3, 4, 5):
        for name, value in ({"arrays": arrays()} | fitted).items():
            path = f"pickle/{name}-protocol-{protocol}.pkl"
            record.path(path).write_bytes(pickle.dumps(value, protocol))
            found = listed(read_pickle(record.path(path)))
            record.add(path, "pickle", found)
    for compressor, chosen in COMPRESSORS.items():
        for name, value in {"arrays": arrays(), "forest": fitted["forest"]}.items():
            path = f"joblib/{name}-{compressor}.joblib"
            joblib.dump(value, record.path(path), compress=chosen)
            record.add(path, "joblib", listed(joblib.load(record.path(path))))
    for protocol in (2, 4):
        path = f"joblib/arrays-protocol-{protocol}.joblib"
        joblib.dump(arrays(), record.path(path), protocol=protocol)
        record.add(path, "joblib", listed(joblib.load(record.path(path))))
    path = "joblib/pipeline.joblib"
    joblib.dump(fitted["pipeline"], record.path(path))
    record.add(path, "joblib", [])
    write_states(record)


def write_states(record: Record) -> None:
    """Tensors pickled without `torch.save`: each storage is a torch file inside the pickle."""
    torch.manual_seed(0)
    weight = torch.randn(40, 30)
    state = {
        "weight": weight,
        "transposed": weight.T,
        "row": weight[3],
        "tied": weight,
        "large": torch.randn(80, 90, dtype=torch.float64),
        "half": torch.randn(5).to(torch.bfloat16),
    }
    for protocol in (2, 3, 4, 5):
        path = f"pickle/tensors-protocol-{protocol}.pkl"
        record.path(path).write_bytes(pickle.dumps(state, protocol))
        record.add(path, "pickle", entries("model", read_pickle(record.path(path))))
    path = "joblib/tensors.joblib"
    joblib.dump(state, record.path(path), compress=3)
    record.add(path, "joblib", entries("model", joblib.load(record.path(path))))
