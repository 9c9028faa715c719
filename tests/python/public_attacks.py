"""Lays out hostile and harmless model files that another scanner's authors published as their tests.

`public_attacks.py OUT` downloads the sources of modelaudit (MIT) from PyPI, checks their
digest and writes `tests/assets` to `OUT`, file by file, without running anything.
"""

import argparse
import hashlib
import io
import tarfile
import urllib.request
from pathlib import Path, PurePosixPath

SOURCE = (
    "https://files.pythonhosted.org/packages/e8/48/"
    "b2cbd32c53a7c0c2264c0a3c13bf159bf1a085dc49cc4999c138cfff41c0/modelaudit-0.2.37.tar.gz"
)
SHA256 = "4b48ce9db15b93fb2bc8b47b1302c812dea0d5e4a0363d05ee52851662540b36"

ASSETS = PurePosixPath("modelaudit-0.2.37/tests/assets")


def main() -> None:
    """Downloads and writes."""
    parser = argparse.ArgumentParser(description="Lay out published attacks.")
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    with urllib.request.urlopen(SOURCE, timeout=120) as response:
        archive = response.read()
    if (found := hashlib.sha256(archive).hexdigest()) != SHA256:
        raise SystemExit(f"{SOURCE}: expected SHA-256 {SHA256}, got {found}")
    with tarfile.open(fileobj=io.BytesIO(archive)) as members:
        for member in members:
            name = PurePosixPath(member.name)
            if not (member.isfile() and name.is_relative_to(ASSETS)):
                continue
            path = out / name.relative_to(ASSETS)
            path.parent.mkdir(parents=True, exist_ok=True)
            content = members.extractfile(member)
            path.write_bytes(content.read() if content else b"")


if __name__ == "__main__":
    main()
