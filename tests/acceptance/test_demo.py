"""The demo, from nothing to a table, and back to nothing."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import aiohttp
import asyncpg

from tests.acceptance.program import Program, end_of


def running_in(directory: Path) -> list[str]:
    """List the processes whose working directory lies there: a server's is its data directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink().is_relative_to(directory):
                found.append(process.name)
        except OSError:
            continue
    return found


async def test_the_demo_shows_verdicts_and_changes_and_leaves_nothing(program: Program) -> None:
    """All three verdicts, a backup that vanished, a cluster in no list; afterwards neither a file nor a process."""
    scratch = program.home / "scratch"
    scratch.mkdir(mode=0o711)
    scratch.chmod(0o711)

    ended = await program.run("demo", env={"TMPDIR": str(scratch)})

    assert (ended.code, ended.stderr) == (0, "")
    assert "24 clusters: 17 fresh, 5 stale, 2 unknown" in ended.stdout
    assert re.search(r"^sweep 3 .* 21 missing, 21 vanished", ended.stdout, re.MULTILINE)
    assert "permission_denied: HTTP 403" in ended.stdout
    assert re.findall(r"^(load\S+|recom\S+) +(excluded|unlisted) +(\w+)", ended.stdout, re.MULTILINE) == [
        ("load-test-dev", "excluded", "False"),
        ("recommendations-prod", "unlisted", "True"),
    ]
    assert list(scratch.iterdir()) == []
    assert running_in(scratch) == []
    assert sorted(path.name for path in program.home.iterdir()) == ["scratch"]


async def test_a_kept_demo_lets_go_of_our_pipes_and_can_be_stopped(program: Program) -> None:
    """PostgreSQL runs on and is reached by what was printed; `--stop` takes it all away."""
    kept = await program.run("demo", "--keep")
    found = re.search(r"psql '(.+)'", kept.stdout)
    assert found is not None
    connection = await asyncpg.connect(found[1])
    clusters = await connection.fetchval("SELECT count(*) FROM inventory.freshness")
    await connection.close()

    again = await program.run("demo", "--keep")
    stopped = await program.run("demo", "--stop")
    twice = await program.run("demo", "--stop")

    assert (kept.code, clusters) == (0, 24)
    assert (again.code, found[0] in again.stdout) == (0, True)
    assert (stopped.code, twice.code) == (0, 2)
    assert "no demo was kept" in twice.stderr
    assert running_in(program.home) == []


async def test_an_interrupted_demo_leaves_nothing_either(program: Program) -> None:
    """Ctrl-C in the middle is cleared up after."""
    scratch = program.home / "scratch"
    scratch.mkdir()
    scratch.chmod(0o711)
    process = await program.start("demo", env={"TMPDIR": str(scratch), "PYTHONUNBUFFERED": "1"})
    assert process.stdout is not None
    await process.stdout.readline()  # the first sweep is done

    process.send_signal(signal.SIGINT)

    ended = await end_of(process)
    assert ended.code == 130
    assert list(scratch.iterdir()) == []
    assert running_in(scratch) == []


async def test_a_served_demo_shows_its_page_until_it_is_ended(program: Program) -> None:
    """At the address that it prints, with the fleet that it swept; Ctrl-C is its normal end, and leaves nothing."""
    scratch = program.home / "scratch"
    scratch.mkdir()
    scratch.chmod(0o711)
    process = await program.start("demo", "--serve", env={"TMPDIR": str(scratch), "PYTHONUNBUFFERED": "1"})
    assert process.stdout is not None
    found = None
    while found is None:
        line = (await process.stdout.readline()).decode()
        assert line, "it ended"
        found = re.search(r"^The page is at (http://127.0.0.1:\d+) ", line)
    async with aiohttp.ClientSession() as client, client.get(found[1]) as answer:
        text = await answer.text()

    process.send_signal(signal.SIGINT)

    ended = await end_of(process)
    assert answer.status == 200
    assert "17 fresh, 5 stale, 2 unknown" in text
    assert ended.code == 0
    assert list(scratch.iterdir()) == []
    assert running_in(scratch) == []
