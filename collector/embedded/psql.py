"""Statements for a server of ours, through the installation's own psql: no driver is needed to look after it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import Final

from collector.embedded.binaries import Binaries, child_environment
from collector.embedded.errors import EmbeddedError

HOST: Final = "127.0.0.1"
USER: Final = "collector"
"""The server's superuser."""
MAINTENANCE: Final = "postgres"
"""The database that every server has."""

_CONNECT_TIMEOUT_S: Final = 3
_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Psql:
    """A way to speak to the server on a port as its superuser."""

    binaries: Binaries
    port: int
    password: str

    def run(self, *arguments: str) -> None:
        """
        Run psql in the maintenance database.

        The password goes through the environment, since everybody may read a command line. The server must prove that
        it knows it too (libpq 16 and newer insist): no stranger on a port that was ours passes for ours.

        Raises:
            EmbeddedError: the server was not there or refused; the message is psql's.
        """
        environment = child_environment() | {
            "PGHOST": HOST,
            "PGPORT": str(self.port),
            "PGUSER": USER,
            "PGPASSWORD": self.password,
            "PGDATABASE": MAINTENANCE,
            "PGCONNECT_TIMEOUT": str(_CONNECT_TIMEOUT_S),
            "PGREQUIREAUTH": "scram-sha-256",
            "PGCLIENTENCODING": "UTF8",
            "PGAPPNAME": "collector embedded",
        }
        command = [self.binaries.program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *arguments]
        try:
            done = subprocess.run(  # noqa: S603 (a program of an installation, no shell)
                command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise EmbeddedError(f"psql had no answer on port {self.port} for {_TIMEOUT_S:g} s") from None
        if done.returncode != 0:
            raise EmbeddedError(done.stderr.decode(errors="replace").strip())
