"""What the tests of the package share; run by `cargo xtask package`, with PyTorch, transformers and Lightning."""

import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent

# Where fresh processes find the loaders that tests name.
sys.path.insert(0, str(HERE))


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    """Fresh processes look for loaders through the path, as this one does; nothing asks a hub."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(HERE), prepend=":")
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.setenv(name, "1")
