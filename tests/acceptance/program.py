"""The program as its users start it: a process with arguments, an environment, two streams and an exit code."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Final

from collector.emulator import Emulator

TOKEN: Final = "t1.emulator"
PATIENCE_S: Final = 60.0
ROOT: Final = Path(__file__).resolve().parents[2]

QUICK: Final[Mapping[str, object]] = MappingProxyType({"requests_per_second": None, "attempts": 1, "concurrency": 4})
"""How the API is read in a test that does not say otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A process that has ended."""

    code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        """Read stdout as exactly one JSON value."""
        return json.loads(self.stdout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """How a test starts it: a directory of its own and nothing of our environment but the search path."""

    home: Path
    env: dict[str, str] = field(default_factory=dict)
    """What it finds in its environment beside that."""

    def write_config(
        self,
        clusters: Iterable[str],
        *,
        url: str = "",
        api: Emulator | str = "http://127.0.0.1:9",
        more: str = "",
        database: str = "",
        limits: Mapping[str, object] = MappingProxyType({}),
    ) -> Path:
        """
        Write `config.yaml` into the home directory.

        The URL may hold a password, so it goes by way of the environment. `more` is appended, `database` are further
        keys of its section, `limits` are keys of section `api`.
        """
        self.env["DATABASE_URL"] = url
        address = api if isinstance(api, str) else api.url
        path = self.home / "config.yaml"
        path.write_text(
            "database: {url: '${DATABASE_URL:-}', wait: 0.1s, " + f"{database}}}\n"
            f"api: {json.dumps({'mdb_url': address, **QUICK, **limits})}\n"
            + "clusters:\n"
            + "".join(f"  - id: {cluster}\n" for cluster in clusters)
            + more
        )
        return path

    async def start(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        stdout: int | IO[Any] = asyncio.subprocess.PIPE,
        stderr: int | IO[Any] = asyncio.subprocess.PIPE,
    ) -> asyncio.subprocess.Process:
        """Start it in its home directory."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "collector",
            *arguments,
            cwd=self.home,
            env=self.environment(env or {}),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )

    async def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> Ended:
        """Start it and wait for its end."""
        return await end_of(await self.start(*arguments, env=env))

    async def run_closed(self, *arguments: str) -> int:
        """Start it with stdin, stdout and stderr closed, and return its exit code."""
        process = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            'exec "$@" <&- >&- 2>&-',
            "sh",
            *(sys.executable, "-m", "collector", *arguments),
            cwd=self.home,
            env=self.environment({}),
        )
        return await asyncio.wait_for(process.wait(), PATIENCE_S)

    def environment(self, env: Mapping[str, str]) -> dict[str, str]:
        """Build the environment it gets."""
        plain = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(self.home), "YC_IAM_TOKEN": TOKEN}
        # The machine of the tests may have a metadata service, which is none of their business.
        return {**plain, "YC_METADATA_ADDR": "127.0.0.1:9", **self.env, **env}


async def end_of(process: asyncio.subprocess.Process) -> Ended:
    """Wait for a process and read what it wrote; one that does not end is killed and fails the test."""
    try:
        stdout, stderr = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    except TimeoutError:
        process.kill()
        raise
    assert process.returncode is not None
    return Ended(code=process.returncode, stdout=(stdout or b"").decode(), stderr=(stderr or b"").decode())


def events_of(ended: Ended) -> Sequence[str]:
    """Read the events from the log on stderr, each line of which must be a JSON object."""
    return [json.loads(line)["event"] for line in ended.stderr.splitlines()]
