"""What postmaster.pid says of a server, whole or not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from collector.embedded.postmaster import Postmaster, is_running, read_postmaster, release_stale

WHOLE = "4321\n/d/pg18\n1700000000\n54321\n\n127.0.0.1\n   12345 678\nready   \n"


@pytest.mark.parametrize(
    "text, expected",
    [
        pytest.param(WHOLE, Postmaster(pid=4321, port=54321, status="ready"), id="ready"),
        pytest.param(
            WHOLE.replace("ready", "stopping"), Postmaster(pid=4321, port=54321, status="stopping"), id="stop"
        ),
        pytest.param("4321\n/d/pg18\n17000", Postmaster(pid=4321, port=None, status=""), id="half-written"),
        pytest.param("-4321\n/d/pg18\n", Postmaster(pid=4321, port=None, status=""), id="single-user"),
        pytest.param("", None, id="empty"),
        pytest.param("garbage\n", None, id="garbage"),
        pytest.param(None, None, id="absent"),
    ],
)
def test_a_reading_is_as_good_as_the_file(tmp_path: Path, text: str | None, expected: Postmaster | None) -> None:
    """A file that is still being written tells less; it never raises."""
    if text is not None:
        (tmp_path / "postmaster.pid").write_text(text)

    assert read_postmaster(tmp_path) == expected


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="the system does not tell where a process works")
def test_a_living_process_is_the_server_only_where_it_works_in_the_directory(tmp_path: Path) -> None:
    """A pid that another program got meanwhile is no server."""
    ourselves = Postmaster(pid=os.getpid(), port=None, status="ready")

    assert is_running(ourselves, Path.cwd())
    assert not is_running(ourselves, tmp_path)


def test_a_released_file_names_nobody_and_keeps_the_rest(tmp_path: Path) -> None:
    """The shared memory's key must stay for PostgreSQL to check; the pid must be one that cannot live."""
    file = tmp_path / "postmaster.pid"
    file.write_text(WHOLE.replace("4321\n", f"{os.getpid()}\n", 1))

    release_stale(tmp_path)

    pid, rest = file.read_text().split("\n", 1)
    assert rest == WHOLE.split("\n", 1)[1]
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_an_empty_file_is_taken_away(tmp_path: Path) -> None:
    """A full disk or a crash leaves one, and PostgreSQL would refuse it for ever."""
    file = tmp_path / "postmaster.pid"
    file.touch()

    release_stale(tmp_path)

    assert not file.exists()
