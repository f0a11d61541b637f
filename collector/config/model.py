"""
The configuration as the program sees it: every setting, its unit, its default and its bounds.

The sentence under a setting becomes the JSON Schema and the reference page. In files the
unit `_s` is left off, for a duration carries its own: `page_timeout: 60s` is `page_timeout_s`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from collector.config.api import ApiSettings
from collector.config.auth import AuthSettings
from collector.config.clusters import ClusterSettings
from collector.config.database import DatabaseSettings
from collector.config.discovery import DiscoverySettings
from collector.config.retention import RetentionSettings
from collector.config.serve import HttpSettings, MetricsSettings, ScheduleSettings
from collector.config.settings import Settings, fill
from collector.config.values import NO_CLUSTERS, Duration, Number, Whole


def _fill_list(value: object) -> object:
    """Take a list whose entries are all commented out (null), and an empty mapping, for an empty list."""
    return () if value is None or (isinstance(value, Collection) and not value) else value


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

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["clusters"]}, {"required": ["discovery"]}]})

    database: Annotated[DatabaseSettings, BeforeValidator(fill)] = DatabaseSettings()
    """Where the inventory is kept."""

    api: Annotated[ApiSettings, BeforeValidator(fill)] = ApiSettings()
    """How the API is read."""

    auth: Annotated[AuthSettings, BeforeValidator(fill)] = AuthSettings()
    """The credential for the API, exactly one; without it the environment says."""

    clusters: Annotated[tuple[ClusterSettings, ...], BeforeValidator(_fill_list)] = ()
    """The clusters to watch; no id may stand twice. May be empty where there is a `discovery`."""

    discovery: Annotated[tuple[DiscoverySettings, ...], BeforeValidator(_fill_list)] = ()
    """Where to find clusters that are not listed. What `clusters` says of one of them wins."""

    freshness: Annotated[FreshnessSettings, BeforeValidator(fill)] = FreshnessSettings()
    """When a cluster counts as fresh."""

    guard: Annotated[GuardSettings, BeforeValidator(fill)] = GuardSettings()
    """When too much disappears at once to be believed."""

    retention: Annotated[RetentionSettings, BeforeValidator(fill)] = RetentionSettings()
    """How old history may become before `collector prune` removes it. Nothing else removes anything."""

    schedule: ScheduleSettings | None = ScheduleSettings()
    """When the service sweeps; null: never, it only serves what other runs collect."""

    http: Annotated[HttpSettings, BeforeValidator(fill)] = HttpSettings()
    """Where the service answers, and whom."""

    metrics: Annotated[MetricsSettings, BeforeValidator(fill)] = MetricsSettings()
    """Where a run without a service tells its numbers."""

    log: Annotated[LogSettings, BeforeValidator(fill)] = LogSettings()
    """What is written to stderr."""

    @model_validator(mode="after")
    def _require_clusters(self) -> Self:
        if not self.clusters and not self.discovery:
            raise ValueError(NO_CLUSTERS)
        return self
