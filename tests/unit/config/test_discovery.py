"""Section `discovery`: what it may say, and that it may stand alone."""

from __future__ import annotations

import pytest

from tests.unit.config.conftest import Load, Problems


def test_a_discovery_may_stand_without_clusters(load: Load) -> None:
    """Nobody has to be typed in."""
    config = load("discovery:\n  - folder: b1gf\n  - cloud: b1gc\n    name: 'search-*'\n    labels: {env: prod}")

    folder, cloud = config.discovery
    assert (folder.folder, folder.cloud, folder.services, folder.name) == ("b1gf", None, ("opensearch",), None)
    assert (cloud.cloud, cloud.name, dict(cloud.labels)) == ("b1gc", "search-*", {"env": "prod"})
    assert config.clusters == ()


@pytest.mark.parametrize("text", ["discovery:", "discovery: []", "clusters: []\ndiscovery: []"])
def test_neither_clusters_nor_discovery_is_refused(problems: Problems, text: str) -> None:
    """There would be nothing to do."""
    (found,) = problems(text)

    assert ": clusters: no clusters: " in found


@pytest.mark.parametrize(
    "entry, key, reason",
    [
        ("{}", "0", "should have exactly one of folder and cloud"),
        ("{folder: b1gf, cloud: b1gc}", "0", "should have exactly one of folder and cloud"),
        ("{folder: ../x}", "0.folder", "should be a folder id"),
        ("{folder: b1gf, services: [mainframe]}", "0.services.0", "should be one of"),
        ("{folder: b1gf, services: [opensearch, opensearch]}", "0.services", "should name each service once"),
        ("{folder: b1gf, services: []}", "0.services", "should name at least one service"),
        ("{folder: b1gf, nme: x}", "0.nme", "unknown key: did you mean name?"),
    ],
    ids=["none", "both", "id", "service", "twice", "no-service", "unknown"],
)
def test_an_entry_names_one_place_and_known_services(problems: Problems, entry: str, key: str, reason: str) -> None:
    """Every fault with its place."""
    (found,) = problems(f"discovery: [{entry}]")

    assert f": discovery.{key}: " in found
    assert reason in found


def test_having_nothing_to_watch_is_told_beside_other_faults(problems: Problems) -> None:
    """All at once."""
    assert len(problems("log: {level: loud}")) == 2
