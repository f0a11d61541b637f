"""Section `discovery`: where clusters are found that nobody typed in."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from collector.config.settings import Settings
from collector.config.values import ClusterName, FolderId, Labels, ServiceName


def _check_services(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise ValueError("should name at least one service")
    if len(set(value)) != len(value):
        raise ValueError("should name each service once")
    return value


class DiscoverySettings(Settings):
    """One place to find clusters in: exactly one of `folder` and `cloud`."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["folder"]}, {"required": ["cloud"]}]})

    folder: FolderId | None = None
    """Id of a folder; its clusters are listed with every sweep."""

    cloud: FolderId | None = None
    """Id of a cloud: all of its folders."""

    services: Annotated[
        tuple[ServiceName, ...], AfterValidator(_check_services), Field(json_schema_extra={"minItems": 1})
    ] = ("opensearch",)
    """Which managed databases to look for."""

    name: ClusterName | None = None
    """Only clusters whose name matches this pattern (`*`, `?`, `[…]`); null: any."""

    labels: Labels = Field(default_factory=lambda: MappingProxyType({}))
    """Only clusters that have all of these labels; null: any."""

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.folder is None) == (self.cloud is None):
            raise ValueError("should have exactly one of folder and cloud")
        return self
