"""What a running service holds: by the kernel's account, by PostgreSQL's, and by its own metrics."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import asyncpg

from tests.acceptance.running import Running

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

PAGE_MIB: Final = os.sysconf("SC_PAGE_SIZE") / (1 << 20)
BACKENDS: Final = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'backup-inventory-collector%'
"""


def read_process(pid: int) -> dict[str, float]:
    """Read a process' resident memory, and count its open descriptors and threads."""
    folder = Path(f"/proc/{pid}")
    resident = int((folder / "statm").read_text(encoding="ascii").split()[1])
    threads = re.search(r"^Threads:\s+(\d+)$", (folder / "status").read_text(encoding="ascii"), re.MULTILINE)
    assert threads is not None
    return {
        "rss_mib": resident * PAGE_MIB,
        "descriptors": len(list((folder / "fd").iterdir())),
        "threads": int(threads[1]),
    }


async def read_service(service: Running, db: Connection) -> dict[str, float]:
    """Read all that is watched. It scrapes the metrics, and loads the page where there is one."""
    series = await service.series()
    page, _ = await service.ask("/")
    probes = [(await service.ask(path))[0] for path in ("/healthz", "/readyz")]
    assert page == 200
    assert probes == [200, 200]
    return {
        **read_process(service.process.pid),
        "tasks": series["event_loop_tasks", ""],
        "lag_s": series["event_loop_lag_seconds", ""],
        "backends": await db.fetchval(BACKENDS),
    }
