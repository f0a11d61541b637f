"""The stage of a benchmark: a PostgreSQL, a fleet, and workers that are measured against them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks.copying import save_rows
from benchmarks.fleet_server import TOKEN
from collector.embedded import EmbeddedServer
from collector.store.migrations import migrate

TIMEOUT_S = 900
PEERS_PYTHON = Path(__file__).parents[1] / ".venv-peers" / "bin" / "python"


class Stage:
    """Everything a case needs; `open_stage` builds it up and takes it down."""

    def __init__(self, directory: Path, postgres: EmbeddedServer, fleet: subprocess.Popen[str]) -> None:
        """Take over running processes."""
        self.directory = directory
        self._postgres = postgres
        self._fleet = fleet
        self._api_url: str = self._answer()["url"]
        self._admin_url = postgres.url
        self.database_url = ""

    def tell(self, do: str, **arguments: float) -> dict[str, Any]:
        """Have the fleet's process do something."""
        assert self._fleet.stdin is not None
        self._fleet.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self._fleet.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._fleet.stdout is not None
        answer: dict[str, Any] = json.loads(self._fleet.stdout.readline())
        return answer

    def generate(self, *, clusters: int, backups: int, concurrency: int, latency_s: float = 0.0) -> None:
        """Make the fleet of a case, and the configuration that names its clusters."""
        self.tell("latency", seconds=latency_s)
        ids = self.tell("generate", clusters=clusters, backups=backups, seed=1)["cluster_ids"]
        (self.directory / "clusters.txt").write_text("\n".join(ids), encoding="utf-8")
        lines = [
            "database: {url: '${DATABASE_URL}'}",
            f"api: {{mdb_url: '{self._api_url}', requests_per_second: null, concurrency: {concurrency}}}",
            "auth: {iam_token: {env: YC_IAM_TOKEN}}",
            "clusters:",
            *(f"  - id: {cluster_id}" for cluster_id in ids),
        ]
        (self.directory / "config.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def fresh_database(self) -> None:
        """Begin with an empty, migrated database."""
        self.database_url = asyncio.run(_fresh_database(self._admin_url))

    def wal_bytes(self) -> int:
        """Tell how much write-ahead log was ever written."""
        return asyncio.run(_wal_bytes(self._admin_url))

    def settle(self) -> None:
        """Write back what earlier measurements left, so that the next does not pay for it."""
        asyncio.run(_execute(self._admin_url, "CHECKPOINT"))

    def keep_rows(self) -> None:
        """Keep the loaded rows for the COPY floor, and empty the tables."""
        asyncio.run(save_rows(self.database_url, self.directory))

    def measure(self, action: str) -> dict[str, Any]:
        """Run one action in a process of its own and take its figures."""
        return self._measure([sys.executable, "-m", "benchmarks.worker", action, str(self.directory / "config.yaml")])

    def measure_pods(self, pods: int) -> list[dict[str, Any]]:
        """Sweep in so many processes at once, each with its shard of the clusters, and take their figures."""
        command = [sys.executable, "-m", "benchmarks.worker", "sweep", str(self.directory / "config.yaml")]
        started = [
            subprocess.Popen(
                command,
                env={**self._environment(), "JOB_COMPLETION_INDEX": str(index), "JOB_COMPLETIONS": str(pods)},
                stdout=subprocess.PIPE,
                text=True,
            )
            for index in range(pods)
        ]
        outputs = [process.communicate(timeout=TIMEOUT_S)[0] for process in started]
        return [json.loads(output.splitlines()[-1]) for output in outputs]

    def measure_dlt(self) -> dict[str, Any]:
        """Run dlt in the rivals' environment and take its figures."""
        return self._measure(
            [str(PEERS_PYTHON), "-m", "benchmarks.dlt_peer", self._api_url, str(self.directory / "clusters.txt")]
        )

    def _measure(self, command: list[str]) -> dict[str, Any]:
        before = self.wal_bytes()
        done = subprocess.run(
            command, env=self._environment(), stdout=subprocess.PIPE, timeout=TIMEOUT_S, check=True, text=True
        )
        figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return {**figures, "wal_mb": (self.wal_bytes() - before) / 1e6}

    def _environment(self) -> dict[str, str]:
        own = {
            "DATABASE_URL": self.database_url,
            "YC_IAM_TOKEN": TOKEN,
            "COPY_DIRECTORY": str(self.directory),
        }
        return {**os.environ, **own}


@contextlib.contextmanager
def open_stage() -> Iterator[Stage]:
    """Start PostgreSQL (fsync on, otherwise as it comes) and the fleet's process; stop both at the end."""
    with tempfile.TemporaryDirectory(prefix="bench") as name, contextlib.ExitStack() as stack:
        directory = Path(name)
        postgres = EmbeddedServer.start(directory / "pg", durable="yes")
        stack.callback(postgres.stop)
        fleet = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.fleet_server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        stack.callback(fleet.wait)
        stack.callback(fleet.terminate)
        yield Stage(directory, postgres, fleet)


async def _fresh_database(admin_url: str) -> str:
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute("DROP DATABASE IF EXISTS bench WITH (FORCE)")
        await connection.execute("CREATE DATABASE bench")
    finally:
        await connection.close()
    base, _, query = admin_url.partition("?")
    url = base.rpartition("/")[0] + "/bench" + (f"?{query}" if query else "")
    await migrate(url)
    return url


async def _wal_bytes(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        written = await connection.fetchval("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
    finally:
        await connection.close()
    return int(written)


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
