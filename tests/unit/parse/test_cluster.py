"""Clusters and folders as the API describes them: exactly, or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collector.descriptions import ClusterDescription, Schedule
from collector.errors import UnreadableValue
from collector.parse import parse_cluster, parse_folder
from collector.records import ClusterId

DAY_S = 86_400.0


def read(**members: Any) -> ClusterDescription:
    """Read a cluster of folder b1gf."""
    return parse_cluster(json.dumps({"id": "c9qa", **members}).encode(), service="opensearch", folder_id="b1gf")


def snapshots(**schedule: Any) -> dict[str, Any]:
    """Write a cluster's `config` with a schedule."""
    return {"snapshotManagement": {"snapshotSchedule": schedule, "snapshotMaxAgeDays": "14"}}


def test_a_description_is_what_the_message_says() -> None:
    """Fields that nobody needs here are passed over."""
    description = read(
        folderId="b1gf",
        createdAt="2024-01-09T10:38:28Z",
        name="search-prod",
        labels={"env": "prod"},
        environment="PRODUCTION",
        health="ALIVE",
        status="RUNNING",
        config={"version": "2.8", **snapshots(daily={"hour": "3", "minute": "15"})},
    )

    assert description == ClusterDescription(
        cluster_id=ClusterId("c9qa"),
        service="opensearch",
        folder_id="b1gf",
        name="search-prod",
        labels={"env": "prod"},
        environment="PRODUCTION",
        status="RUNNING",
        health="ALIVE",
        schedule=Schedule(period_s=DAY_S, retention_days=14),
    )


def test_what_is_left_out_is_none() -> None:
    """Defaults are omitted, or written: both are the same."""
    bare = read()

    assert bare == ClusterDescription(ClusterId("c9qa"), "opensearch", "b1gf")
    assert read(folderId="", name="", labels={}, status="", health="", config=None) == bare


@pytest.mark.parametrize(
    "config, schedule",
    [
        (snapshots(hourly={}), Schedule(DAY_S / 24, 14)),
        (snapshots(daily={"hour": 3}), Schedule(DAY_S, 14)),
        (snapshots(weekly={"day": "MON"}), Schedule(7 * DAY_S, 14)),
        (snapshots(fortnightly={}), Schedule(None, 14)),
        ({"snapshotManagement": {"snapshotMaxAgeDays": 7}}, Schedule(None, 7)),
        ({"backupRetainPeriodDays": "30"}, Schedule(None, 30)),
        ({"backupRetainPeriodDays": "0"}, Schedule()),
    ],
    ids=["hourly", "daily", "weekly", "unknown-kind", "bare-number", "another-service", "zero"],
)
def test_a_schedule_is_read_and_never_made_up(config: dict[str, Any], schedule: Schedule) -> None:
    """A kind that this version does not know is no schedule."""
    assert read(config=config).schedule == schedule


@pytest.mark.parametrize(
    "members, reason",
    [
        ({"id": "../x"}, "id: cannot stand in a URL"),
        ({"id": ""}, "id: cannot stand in a URL"),
        ({"id": 7}, "Expected `str`, got `int`"),
        ({"folderId": "b1gother"}, "folderId: 'b1gother', though b1gf was asked for"),
        ({"name": "a\0b"}, "name: contains NUL"),
        ({"name": "x" * 257}, "name: longer than 256 characters"),
        ({"labels": {"k": "v\0"}}, "labels: contains NUL"),
        ({"labels": {str(number): "" for number in range(65)}}, "labels: more than 64"),
        ({"status": "rm -rf"}, "status: not an enum's word"),
        ({"config": snapshots(hourly={}, daily={})}, "config: snapshotSchedule is of several kinds at once"),
        ({"config": {"backupRetainPeriodDays": "1e9"}}, "config: not a number of days"),
        ({"config": {"backupRetainPeriodDays": "99999"}}, "config: not a number of days"),
        ({"config": []}, "Expected `object | null`, got `array`"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_what_cannot_be_read_exactly_is_refused(members: dict[str, Any], reason: str) -> None:
    """The fault names the field, and shows nothing that a terminal would obey."""
    with pytest.raises(UnreadableValue, match=reason.replace("|", r"\|")) as caught:
        read(**members)

    assert str(caught.value).isascii()


@pytest.mark.parametrize(
    "raw", [b'{"id":"c9qa","name":"\\ud800"}', b"[]", b"null", b"[" * 5000, b'{"id":"c9qa","name":"\xff"}']
)
def test_no_bytes_do_more_than_be_refused(raw: bytes) -> None:
    """Whatever stands in the list."""
    with pytest.raises(UnreadableValue):
        parse_cluster(raw, service="opensearch", folder_id="b1gf")


def test_a_folder_is_read_by_its_id_and_must_be_of_its_cloud() -> None:
    """The id goes into a URL."""
    assert parse_folder(b'{"id":"b1gf","cloudId":"b1gc","name":"x"}', cloud_id="b1gc") == "b1gf"
    with pytest.raises(UnreadableValue, match="cloudId"):
        parse_folder(b'{"id":"b1gf","cloudId":"b1gd"}', cloud_id="b1gc")
    with pytest.raises(UnreadableValue, match="URL"):
        parse_folder(b'{"id":"b1g/f"}', cloud_id="b1gc")
