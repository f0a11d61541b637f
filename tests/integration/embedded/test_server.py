"""The embedded server from its first start on: databases, adoption, ports, privacy."""

from __future__ import annotations

import asyncio
import socket
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from collector.embedded import EmbeddedError, EmbeddedServer, find_binaries
from tests.integration.embedded.conftest import Start
from tests.postgres import chosen_binaries


def _major() -> int:
    return (chosen_binaries() or find_binaries()).major


def _rights(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_mode, status.st_uid, status.st_gid


async def fetch_value(url: str, query: str) -> object:
    """Connect, ask for one value, and leave."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_rows_survive_a_stop_and_a_start(place: Path, start: Start) -> None:
    """What was written is there after a restart, under the same connection string."""
    with start(place) as server:
        first_url = server.create_database("inventory")
        await fetch_value(first_url, "CREATE TABLE kept AS SELECT 42 AS value")

    with start(place) as server:
        second_url = server.create_database("inventory")

        assert second_url == first_url
        assert await fetch_value(second_url, "SELECT value FROM kept") == 42


async def test_letters_are_letters_and_order_is_by_code_point(postgres: EmbeddedServer) -> None:
    """Case works beyond ASCII, and sorting is the same on every system."""
    query = "SELECT upper('é') || string_agg(v, '' ORDER BY v) FROM unnest(ARRAY['é', 'a', 'B', 'A']) AS v"

    assert await fetch_value(postgres.create_database("letters"), query) == "ÉABaé"


@pytest.mark.parametrize("name", ["Two words", 'quo"te', "apo'strophe", "back\\slash", "база", ":name"])
async def test_any_name_makes_a_database_once(postgres: EmbeddedServer, name: str) -> None:
    """Asked again, the same database is meant, whatever signs its name has."""
    first = postgres.create_database(name)

    second = postgres.create_database(name)

    assert second == first
    assert await fetch_value(first, "SELECT current_database()") == name


def test_makers_of_one_database_at_once_all_get_it(postgres: EmbeddedServer) -> None:
    """Two that both find it missing do not collide."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        urls = list(pool.map(postgres.create_database, ["shared"] * 4))

    assert urls == [postgres.url_of("shared")] * 4


def test_a_server_that_runs_is_adopted_and_left_alone(place: Path, start: Start) -> None:
    """A second start finds the first server; stopping the second object stops nothing."""
    with start(place) as owner:
        guest = start(place)
        guest.stop()

        assert (guest.pid, guest.url) == (owner.pid, owner.url)
        assert start(place).pid == owner.pid

    with pytest.raises(EmbeddedError, match="refused"):
        guest.create_database("gone")


def test_of_starters_at_once_one_starts_and_the_others_adopt(place: Path, start: Start) -> None:
    """Also at the very first start, when there is no directory yet."""
    with ThreadPoolExecutor(max_workers=3) as pool:
        servers = list(pool.map(start, [place / "new"] * 3))

    try:
        assert len({server.pid for server in servers}) == 1
    finally:
        for server in servers:
            server.stop()
    with pytest.raises(EmbeddedError):
        servers[0].create_database("gone")


def test_stopping_twice_is_harmless(place: Path, start: Start) -> None:
    """A stopped server is stopped; the object does not signal a pid that is another's by now."""
    server = start(place)
    server.stop()

    server.stop()

    assert not (place / f"pg{_major()}" / "postmaster.pid").exists()


def test_a_wished_port_is_taken_or_the_next_free_one(place: Path, start: Start) -> None:
    """A port of somebody else is no reason to fail."""
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        wished = somebody.getsockname()[1]

        with start(place, settings={"port": str(wished)}) as server:
            assert server.port > wished

    with start(place, settings={"port": str(wished)}) as server:
        assert server.port == wished


def test_a_long_path_with_spaces_is_a_place_like_any_other(place: Path, start: Start) -> None:
    """No socket file, so no limit of 107 bytes."""
    with start(place / "a deep place" / ("x" * 120) / "база") as server:
        assert server.create_database("inventory")


def test_variables_of_other_servers_do_not_redirect_ours(
    place: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell prepared for another PostgreSQL starts ours all the same."""
    for name in ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATA", "PGUSER", "PGOPTIONS", "PGSERVICE", "PGSSLMODE", "LC_ALL"):
        monkeypatch.setenv(name, "/nonsense")

    with start(place) as server:
        assert server.create_database("inventory")


def test_nothing_outside_the_directory_changes_its_mode_or_owner(place: Path, start: Start) -> None:
    """Neither the parents of the data directory nor those of the programs."""
    data_dir = place / "data"
    bin_dir = (chosen_binaries() or find_binaries()).bin_dir
    outside = [place, *place.parents, bin_dir, *bin_dir.parents]
    before = [_rights(path) for path in outside]

    start(data_dir).stop()

    assert [_rights(path) for path in outside] == before


async def test_strangers_find_the_door_locked(place: Path, start: Start) -> None:
    """Every user of the machine reaches the port; only who can read the directory has the password."""
    with start(place / "data") as server:
        password = urlsplit(server.url).password or ""
        kept = next((place / "data").glob("pg*/collector.password"))

        assert (len(password), password) == (32, kept.read_text())
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(server.url.replace(password, "guess"))
        assert password not in repr(server)


def test_a_setting_the_server_refuses_is_shown_with_its_words(place: Path, start: Start) -> None:
    """The end of the log is in the error, so nobody has to look for the file."""
    with pytest.raises(EmbeddedError, match='invalid value for parameter "shared_buffers"'):
        start(place, settings={"shared_buffers": "plenty"})


@pytest.mark.parametrize("obstacle", ["data", "data/pg{major}/keepsake"], ids=["a-file", "a-directory-of-another"])
def test_what_is_not_ours_is_refused_and_stays(place: Path, start: Start, obstacle: str) -> None:
    """A place that holds something else is not cleaned up for us."""
    file = place / obstacle.format(major=_major())
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("mine")

    with pytest.raises(EmbeddedError, match=f"cannot run PostgreSQL in {place / 'data'}"):
        start(place / "data")

    assert file.read_text() == "mine"


async def test_a_server_started_in_a_worker_thread_outlives_the_thread(place: Path, start: Start) -> None:
    """The tie to the parent is to the process, not to the thread that happened to call."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        server = await asyncio.get_running_loop().run_in_executor(pool, start, place)

    with server:
        assert await fetch_value(server.url, "SELECT 1") == 1
