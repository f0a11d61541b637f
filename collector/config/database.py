"""Section `database`: where the inventory is kept."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from collector.config.settings import Settings
from collector.config.values import Boolean, DatabaseUrl, Duration, DurationOrZero, InstallationId, Whole


class DatabaseSettings(Settings):
    """Where the inventory is kept."""

    url: DatabaseUrl = None
    """Connection URL, `postgresql://user:${PASSWORD}@host/database`. Empty or null: the embedded PostgreSQL."""

    migrate_url: DatabaseUrl = None
    """The same for migrations, where `url` leads through a pooler or to a lesser role. Empty or null: `url`."""

    read_url: DatabaseUrl = None
    """The same for the page and the metrics of `serve`: a reader's login, or a standby. Empty or null: `url`."""

    installation: InstallationId = None
    """Which installation the database must be, as `collector check` tells, or nothing is written. Empty, null: any."""

    auto_migrate: Boolean = True
    """Whether a run applies pending migrations itself. If not, it refuses to work on an older schema."""

    pool_size: Annotated[Whole, Field(ge=1, le=50)] = 4
    """Connections at most."""

    connect_timeout_s: Duration = 5.0
    """How long making one connection may take."""

    command_timeout_s: Duration = 10.0
    """How long one statement may take."""

    lock_timeout_s: Duration = 5.0
    """How long a statement waits for a lock that another holds."""

    wait_s: DurationOrZero = 15.0
    """How long a run waits for a database that is not there yet; `0s`: not at all."""

    transaction_pooler: Boolean = False
    """Whether `url` leads through pgbouncer in transaction mode, where nothing can be prepared."""
