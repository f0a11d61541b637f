"""
The managed databases we can read: one table, one row a service.

Paths and messages: yandex-cloud/cloudapi, `yandex/cloud/mdb/*/v1`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One managed database: its word in configuration and SQL, and where its API lives."""

    name: str
    """The word users write: `opensearch`."""

    path: str
    """The API's path prefix, without slashes at its ends: `managed-opensearch/v1`."""


SERVICES: Mapping[str, Service] = MappingProxyType(
    {
        "opensearch": Service(name="opensearch", path="managed-opensearch/v1"),
    }
)
