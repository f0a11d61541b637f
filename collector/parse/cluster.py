"""
The API's messages about clusters and folders, read strictly in what an inventory needs; other fields are passed over.

A record that cannot be read exactly, or whose ids cannot stand in a URL, raises `UnreadableValue`; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, TypeVar

import msgspec

from collector.descriptions import ClusterDescription, Schedule
from collector.errors import UnreadableValue
from collector.parse.literals import at_field, shown, storable
from collector.records import CLUSTER_ID_PATTERN, ClusterId

TEXT_LENGTH_MAX: Final = 256
"""Of a name, and of a label's key and value: four times what the API documents."""

LABELS_MAX: Final = 64
RETENTION_DAYS_MAX: Final = 36_500

_PERIODS_S: Final = {"hourly": 3_600.0, "daily": 86_400.0, "weekly": 604_800.0}
_WORD: Final = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_DAYS: Final = re.compile(r"[0-9]{1,5}")

_Days = int | str | None
T = TypeVar("T")


class _Schedule(msgspec.Struct):
    """`SnapshotSchedule`: one of three. What stands in it, the time of day, changes no age."""

    hourly: dict[str, msgspec.Raw] | None = None
    daily: dict[str, msgspec.Raw] | None = None
    weekly: dict[str, msgspec.Raw] | None = None


class _Snapshots(msgspec.Struct, rename="camel"):
    snapshot_schedule: _Schedule | None = None
    snapshot_max_age_days: _Days = None


class _Config(msgspec.Struct, rename="camel"):
    snapshot_management: _Snapshots | None = None
    backup_retain_period_days: _Days = None


class _Cluster(msgspec.Struct, rename="camel"):
    id: str
    folder_id: str | None = None
    name: str | None = None
    labels: dict[str, str] | None = None
    environment: str | None = None
    status: str | None = None
    health: str | None = None
    config: _Config | None = None


class _Folder(msgspec.Struct, rename="camel"):
    id: str
    cloud_id: str | None = None


_CLUSTER: Final = msgspec.json.Decoder(_Cluster)
_FOLDER: Final = msgspec.json.Decoder(_Folder)


def parse_cluster(raw: bytes, *, service: str, folder_id: str) -> ClusterDescription:
    """
    Read one cluster of a folder's list.

    Raises:
        UnreadableValue: not a cluster, one of another folder, or a value that cannot be kept as it is.
    """
    message = _decode(_CLUSTER, raw)
    cluster_id = _to_id(message.id)
    with at_field("folderId", backup_id=cluster_id):
        _require_same(message.folder_id, folder_id)
    return ClusterDescription(
        cluster_id=ClusterId(cluster_id),
        service=service,
        folder_id=folder_id,
        name=_to_text("name", message.name, cluster_id),
        labels=_to_labels(message.labels or {}, cluster_id),
        environment=_to_word("environment", message.environment, cluster_id),
        status=_to_word("status", message.status, cluster_id),
        health=_to_word("health", message.health, cluster_id),
        schedule=_to_schedule(message.config or _Config(), cluster_id),
    )


def parse_folder(raw: bytes, *, cloud_id: str) -> str:
    """Read the id of one folder of a cloud's list. Raises UnreadableValue."""
    message = _decode(_FOLDER, raw)
    folder_id = _to_id(message.id)
    with at_field("cloudId", backup_id=folder_id):
        _require_same(message.cloud_id, cloud_id)
    return folder_id


def _decode(decoder: msgspec.json.Decoder[T], raw: bytes) -> T:
    try:
        return decoder.decode(raw)
    except RecursionError:
        raise UnreadableValue("nested too deeply") from None
    except ValueError as exc:
        raise UnreadableValue(str(exc)) from None


def _to_id(text: str) -> str:
    if CLUSTER_ID_PATTERN.fullmatch(text) is None:
        raise UnreadableValue(f"cannot stand in a URL: {shown(text)}", field="id")
    return text


def _require_same(found: str | None, asked: str) -> None:
    if found and found != asked:
        raise UnreadableValue(f"{shown(found)}, though {asked} was asked for")


def _to_text(field: str, text: str | None, cluster_id: str) -> str | None:
    if not text:
        return None
    with at_field(field, backup_id=cluster_id):
        if len(text) > TEXT_LENGTH_MAX:
            raise UnreadableValue(f"longer than {TEXT_LENGTH_MAX} characters")
        return storable(text)


def _to_word(field: str, text: str | None, cluster_id: str) -> str | None:
    if text and _WORD.fullmatch(text) is None:
        raise UnreadableValue(f"not an enum's word: {shown(text)}", field=field, backup_id=cluster_id)
    return text or None


def _to_labels(labels: dict[str, str], cluster_id: str) -> dict[str, str]:
    if len(labels) > LABELS_MAX:
        raise UnreadableValue(f"more than {LABELS_MAX}", field="labels", backup_id=cluster_id)
    _require_all("labels", (*labels.keys(), *labels.values()), cluster_id)
    return labels


def _require_all(field: str, texts: Iterable[str], cluster_id: str) -> None:
    for text in texts:
        _to_text(field, text, cluster_id)


def _to_schedule(config: _Config, cluster_id: str) -> Schedule:
    snapshots = config.snapshot_management or _Snapshots()
    with at_field("config", backup_id=cluster_id):
        days = _to_days(snapshots.snapshot_max_age_days)
        return Schedule(
            period_s=_to_period(snapshots.snapshot_schedule or _Schedule()),
            retention_days=_to_days(config.backup_retain_period_days) if days is None else days,
        )


def _to_period(schedule: _Schedule) -> float | None:
    periods = [period for name, period in _PERIODS_S.items() if getattr(schedule, name) is not None]
    if len(periods) > 1:
        raise UnreadableValue("snapshotSchedule is of several kinds at once")
    return periods[0] if periods else None


def _to_days(value: _Days) -> int | None:
    if value is None:
        return None
    if _DAYS.fullmatch(str(value)) is None or int(value) > RETENTION_DAYS_MAX:
        raise UnreadableValue(f"not a number of days: {shown(str(value))}")
    return int(value) or None
