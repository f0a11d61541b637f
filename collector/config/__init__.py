"""The configuration: what a person may set, read from a YAML file with every problem named at once."""

from __future__ import annotations

from collector.config.api import ApiSettings
from collector.config.auth import AuthSettings
from collector.config.clusters import ClusterSettings
from collector.config.database import DatabaseSettings
from collector.config.discovery import DiscoverySettings
from collector.config.load import load_config
from collector.config.model import Config, FreshnessSettings, GuardSettings, LogSettings
from collector.config.retention import RetentionSettings
from collector.config.schema import config_schema
from collector.config.secrets import Secret, read_secret
from collector.config.serve import (
    Address,
    HttpSettings,
    MetricsSettings,
    ScheduleSettings,
    parse_address,
    parse_network,
)
from collector.config.settings import SecretSource

__all__ = [
    "Address",
    "ApiSettings",
    "AuthSettings",
    "ClusterSettings",
    "Config",
    "DatabaseSettings",
    "DiscoverySettings",
    "FreshnessSettings",
    "GuardSettings",
    "HttpSettings",
    "LogSettings",
    "MetricsSettings",
    "RetentionSettings",
    "ScheduleSettings",
    "Secret",
    "SecretSource",
    "config_schema",
    "load_config",
    "parse_address",
    "parse_network",
    "read_secret",
]
