"""What the tests of the package share; run by `cargo xtask package`, with NumPy and pytest and no framework."""

import pathlib
import shutil

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]

pytest_plugins = ["pytester"]


@pytest.fixture
def digits(tmp_path):
    """A copy of the trained example with its contract."""
    folder = tmp_path / "digits"
    shutil.copytree(ROOT / "examples" / "digits", folder)
    return folder
