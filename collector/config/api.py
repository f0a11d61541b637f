"""Section `api`: how the API is read, and the bound of everything."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from collector.config.settings import Settings
from collector.config.values import ApiUrl, Duration, Number, Whole


class ApiSettings(Settings):
    """How the API is read."""

    mdb_url: ApiUrl = "https://mdb.api.cloud.yandex.net"
    """Where the API of the managed databases is: scheme, host and port. `http` is accepted for loopback only."""

    iam_url: ApiUrl = "https://iam.api.cloud.yandex.net"
    """Where a service account key or an OAuth token is exchanged for an IAM token; the rule of `mdb_url` holds."""

    resource_manager_url: ApiUrl = "https://resource-manager.api.cloud.yandex.net"
    """Where the API of clouds and folders is; the rule of `mdb_url` holds."""

    federation_url: ApiUrl = "https://auth.yandex.cloud"
    """Where a workload's own token is exchanged for an IAM token; the rule of `mdb_url` holds."""

    endpoints_from: ApiUrl | None = None
    """A root, as `https://api.yandexcloud.kz`, whose list gives those URLs that are left out (not `federation_url`)."""

    page_size: Annotated[Whole, Field(ge=1, le=1000)] = 1000
    """Backups asked for in one request."""

    concurrency: Annotated[Whole, Field(ge=1, le=256)] = 16
    """Clusters listed at once."""

    requests_per_second: Annotated[Number, Field(gt=0)] | None = 20.0
    """Requests a second at most, over all clusters; null: no limit."""

    connect_timeout_s: Duration = 10.0
    """How long making one connection may take, name lookup and TLS included."""

    page_timeout_s: Duration = 60.0
    """How long one request may take, from connecting to the last byte."""

    listing_timeout_s: Duration = 300.0
    """How long one cluster's listing may take, retries included."""

    sweep_timeout_s: Duration = 3600.0
    """How long one sweep over all clusters may take."""

    attempts: Annotated[Whole, Field(ge=1, le=20)] = 5
    """How often one page is asked for at most, the first time included."""

    backoff_initial_s: Duration = 0.5
    """Longest pause before the first retry, doubled for each further one; chance picks below it."""

    backoff_max_s: Duration = 30.0
    """Longest pause before any retry."""

    retry_budget: Annotated[Number, Field(ge=0, le=1)] = 0.1
    """Share of a sweep's requests that may be retries; ten retries are always allowed."""

    page_bytes_max: Annotated[Whole, Field(ge=1, le=2**30)] = 16 * 2**20
    """Bytes of one answer at most, compressed and decompressed."""

    pages_max: Annotated[Whole, Field(ge=1)] = 1000
    """Pages of one listing at most."""

    items_max: Annotated[Whole, Field(ge=1)] = 1_000_000
    """Backups of one listing at most."""

    spool_bytes: Annotated[Whole, Field(ge=0, le=2**30)] = 8 * 2**20
    """Bytes of memory that one listing may hold before it goes to a temporary file."""
