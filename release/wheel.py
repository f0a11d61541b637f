"""
The wheel and the source archive, built without a network; the same tree gives the same bytes.

    python -m release.wheel [FOLDER]

No time of a file or of the build gets into an archive: all carry `SOURCE_DATE_EPOCH`, or else a fixed date.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from collector import __version__
from release.pins import ROOT


def build(folder: Path) -> list[Path]:
    """Build both with the locked backend, and return where they lie."""
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    stem = f"backup_inventory_collector-{__version__}"
    return [folder / f"{stem}-py3-none-any.whl", folder / f"{stem}.tar.gz"]


def main(folder: str = "dist") -> None:
    """Build both, and say where they are and what their digests are."""
    for path in build(Path(folder).absolute()):
        print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path}")


if __name__ == "__main__":
    main(*sys.argv[1:])
