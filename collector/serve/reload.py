"""
The configuration of a process that lives on: read anew when its file changes, or when SIGHUP asks for it.

A file that cannot be used changes nothing: the old configuration stays in force, and that is said. What only a new
process can take up (where the database is, where we listen) stays as it is, and that is said too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import structlog

from collector.api import check_credential
from collector.config import load_config
from collector.errors import ConfigError, CredentialError
from collector.logs import configure_logs
from collector.serve.waiting import first_of

if TYPE_CHECKING:
    from collector.config import Config

log = structlog.get_logger()

POLL_S: Final = 5.0

Mark = tuple[int, int, int] | None
Reading = Literal["ok", "refused"]


class ConfigFile:
    """The configuration in force, and the file that it came from."""

    def __init__(self, path: Path, env: Mapping[str, str], config: Config, *, mark: Mark) -> None:
        """Take the configuration that was read from `path`, after its mark: what came since then is a change."""
        self.config = config
        self._path = path
        self._env = env
        self._mark = mark
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Read it anew, changed or not."""
        self._asked.set()

    async def watch(self, on_read: Callable[[Reading], None], *, poll_s: float = POLL_S) -> None:
        """Read the file whenever it has changed, for ever; `on_read` is told what became of it."""
        while True:
            await first_of(self._asked, timeout_s=poll_s)
            mark = await asyncio.to_thread(mark_of, self._path)
            # A file that is gone is about to be replaced; whoever asks is told that it is gone.
            if self._asked.is_set() or (mark is not None and mark != self._mark):
                self._asked.clear()
                self._mark = mark
                on_read(await self._read())

    async def _read(self) -> Reading:
        try:
            found = await asyncio.to_thread(load_config, self._path, self._env)
            if found.schedule is not None:
                check_credential(found.auth, self._env)
        except (ConfigError, CredentialError) as exc:
            log.error("config.refused", problems=str(exc).split("\n"))  # noqa: TRY400 - they tell all without a traceback
            return "refused"
        self.config, deferred = adopt(self.config, found)
        configure_logs(level=self.config.log.level, style=self.config.log.format)
        if deferred:
            log.warning("config.deferred", sections=deferred)
        log.info("config.reloaded", clusters=len(self.config.clusters))
        return "ok"


def adopt(old: Config, new: Config) -> tuple[Config, list[str]]:
    """
    Take up of a new configuration what a running process can.

    Returns:
        The configuration to go on with, and the sections whose changes need a restart.
    """
    deferred = [name for name in ("database", "http") if getattr(old, name) != getattr(new, name)]
    if (old.schedule is None) != (new.schedule is None):
        deferred.append("schedule")
    return new.model_copy(update={name: getattr(old, name) for name in deferred}), deferred


def mark_of(path: Path) -> Mark:
    """Tell one content of a file from another: by the file that the path leads to, its age and its size."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
