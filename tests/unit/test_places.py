"""Where clusters are looked for, and which of them are wanted."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from collector.config import DiscoverySettings
from collector.descriptions import ClusterDescription
from collector.places import cloud_ids, folder_sources, matches, spared_by, too_much_is_gone
from collector.records import ClusterId, Guard
from collector.sources import Source

FOLDER = DiscoverySettings(folder="b1gf")
CLOUD = DiscoverySettings(cloud="b1gcloud")


def described(name: str | None = "search-prod", labels: Mapping[str, str] | None = None) -> ClusterDescription:
    """Make a cluster as the API describes it."""
    return ClusterDescription(ClusterId("c9qa"), "opensearch", "b1gf", name=name, labels=labels or {})


@pytest.mark.parametrize(
    "pattern, name, wanted",
    [
        (None, None, True),
        (None, "x", True),
        ("search-*", "search-prod", True),
        ("search-*", "Search-prod", False),
        ("search-?", "search-prod", False),
        ("*", None, True),
        ("s*", None, False),
        ("log[s0-9]", "logs", True),
    ],
)
def test_a_name_is_matched_as_a_whole_and_case_counts(pattern: str | None, name: str | None, *, wanted: bool) -> None:
    """As a shell does it; a cluster without a name has an empty one."""
    entry = DiscoverySettings(folder="b1gf", name=pattern)

    assert matches(entry, described(name)) is wanted


@pytest.mark.parametrize(
    "labels, wanted",
    [({}, False), ({"env": "prod"}, False), ({"env": "prod", "team": "a", "x": ""}, True), ({"env": "dev"}, False)],
    ids=["none", "one", "all-and-more", "other"],
)
def test_all_labels_must_match(labels: Mapping[str, str], *, wanted: bool) -> None:
    """Others do not matter."""
    entry = DiscoverySettings(folder="b1gf", labels={"env": "prod", "team": "a"})

    assert matches(entry, described(labels=labels)) is wanted


def test_a_folder_is_read_once_for_all_entries_that_lead_to_it() -> None:
    """Itself and through its cloud: one source, which remembers the cloud."""
    sources = folder_sources([FOLDER, CLOUD, FOLDER], {"b1gcloud": {"b1gf", "b1gg"}})

    assert sources == {
        Source("b1gf", "opensearch", "b1gcloud"): [FOLDER, CLOUD, FOLDER],
        Source("b1gg", "opensearch", "b1gcloud"): [CLOUD],
    }


def test_a_cloud_is_listed_once() -> None:
    """However many entries name it."""
    assert cloud_ids([CLOUD, FOLDER, CLOUD]) == ["b1gcloud"]


def test_an_unread_folder_may_hold_what_it_held_and_an_unread_cloud_anything() -> None:
    """So nobody is retired who may be there."""
    folder = Source("b1gf", "opensearch")

    assert spared_by(folder, [FOLDER]) == [folder]
    assert spared_by(Source(None, None, "b1gcloud"), [FOLDER, CLOUD]) == [Source(None, "opensearch", "b1gcloud")]


@pytest.mark.parametrize(
    "known, left, gone",
    [(0, 0, False), (1, 0, True), (5, 0, True), (6, 1, False), (7, 1, True), (20, 10, False), (20, 9, True)],
)
def test_more_folders_gone_than_the_guard_allows_are_not_believed(*, known: int, left: int, gone: bool) -> None:
    """The larger of rows and share, as for backups; nor is it believed that none is left."""
    before = frozenset(map(str, range(known)))

    assert too_much_is_gone(before, frozenset(map(str, range(left))), Guard()) is gone
