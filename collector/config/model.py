"""
The configuration as the program sees it: every setting, its unit, its default and its bounds.

The sentence under a setting becomes the JSON Schema and the reference page. In files the
unit `_s` is left off, for a duration carries its own: `page_timeout: 60s` is `page_timeout_s`.
"""

from __future__ import annotations

from collections.abc import Collection
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import AliasGenerator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from collector.config.values import (
    NO_CLUSTERS,
    ApiUrl,
    Boolean,
    ClusterName,
    ConfiguredId,
    DatabaseUrl,
    Duration,
    DurationOrZero,
    FilePath,
    Labels,
    Number,
    ServiceName,
    VariableName,
    Whole,
)


class Settings(BaseModel):
    """What all parts of the configuration have in common: frozen, and no key that is not named here."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        alias_generator=AliasGenerator(validation_alias=lambda name: name.removesuffix("_s")),
        validate_by_alias=True,
        validate_by_name=True,
    )


class SecretSource(Settings):
    """Where a secret lies: exactly one of `env` and `file`."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    env: VariableName | None = None
    """Name of the environment variable that holds the secret."""

    file: FilePath | None = None
    """Path of the file that holds the secret; read anew whenever it is needed, so it can be rotated."""

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError("should have exactly one of env and file")
        return self


def _refuse_literal(value: object) -> object:
    if value is None or isinstance(value, (dict, SecretSource)):
        return value
    raise ValueError("secrets are never literal here: use {env: …} or {file: …}")


def _refuse_none(value: object) -> object:
    if value is None or (isinstance(value, Collection) and not value):
        raise ValueError(NO_CLUSTERS)
    return value


def _fill(value: object) -> object:
    """Take a section whose keys are all commented out (null) for one that is not there."""
    return {} if value is None else value


class DatabaseSettings(Settings):
    """Where the inventory is kept."""

    url: DatabaseUrl = None
    """Connection URL, `postgresql://user:${PASSWORD}@host/database`. Empty or null: the embedded PostgreSQL."""

    migrate_url: DatabaseUrl = None
    """The same for migrations, where `url` leads through a pooler or to a lesser role. Empty or null: `url`."""

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


class ApiSettings(Settings):
    """How the API is read."""

    mdb_url: ApiUrl = "https://mdb.api.cloud.yandex.net"
    """Where the API of the managed databases is: scheme, host and port. `http` is accepted for loopback only."""

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


class AuthSettings(Settings):
    """The credential for the API. Without it, the environment variable `YC_IAM_TOKEN` is taken."""

    iam_token: Annotated[SecretSource | None, BeforeValidator(_refuse_literal)] = None
    """Where an IAM token lies: `{env: NAME}` or `{file: PATH}`."""


class ClusterSettings(Settings):
    """One cluster to watch."""

    id: ConfiguredId
    """The cluster's id."""

    service: ServiceName = "opensearch"
    """Which managed database it is."""

    name: ClusterName | None = None
    """A name for people; null: none."""

    labels: Labels = Field(default_factory=lambda: MappingProxyType({}))
    """Up to 64 pairs of text to group and filter clusters by; null: none."""

    max_age_s: Duration | None = None
    """How old the newest backup may be; null: `freshness.max_age`."""


class FreshnessSettings(Settings):
    """When a cluster counts as fresh."""

    max_age_s: Duration = 26 * 3600.0
    """How old a cluster's newest backup may be, where the cluster does not say."""

    observation_max_age_s: Duration = 2 * 3600.0
    """How old the newest complete listing may be; past that the verdict is `unknown`."""


class GuardSettings(Settings):
    """
    When too much disappears at once to be believed.

    A listing that would mark more live backups missing than both limits allow is `held`.
    """

    mass_vanish_rows: Annotated[Whole, Field(ge=0)] = 5
    """Backups that may always go missing at once."""

    mass_vanish_share: Annotated[Number, Field(ge=0, le=1)] = 0.5
    """Share of a cluster's live backups that may go missing at once."""


class LogSettings(Settings):
    """What is written to stderr."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important level that is written."""

    format: Literal["auto", "json", "text"] = "auto"
    """`json`: one object a line. `text`: for people. `auto`: text on a terminal, else JSON."""


class Config(Settings):
    """The whole configuration."""

    database: Annotated[DatabaseSettings, BeforeValidator(_fill)] = DatabaseSettings()
    """Where the inventory is kept."""

    api: Annotated[ApiSettings, BeforeValidator(_fill)] = ApiSettings()
    """How the API is read."""

    auth: Annotated[AuthSettings, BeforeValidator(_fill)] = AuthSettings()
    """The credential for the API. Without it, the environment variable `YC_IAM_TOKEN` is taken."""

    clusters: Annotated[
        tuple[ClusterSettings, ...], BeforeValidator(_refuse_none), Field(json_schema_extra={"minItems": 1})
    ]
    """The clusters to watch, at least one; no id may stand twice."""

    freshness: Annotated[FreshnessSettings, BeforeValidator(_fill)] = FreshnessSettings()
    """When a cluster counts as fresh."""

    guard: Annotated[GuardSettings, BeforeValidator(_fill)] = GuardSettings()
    """When too much disappears at once to be believed."""

    log: Annotated[LogSettings, BeforeValidator(_fill)] = LogSettings()
    """What is written to stderr."""
