"""Which clusters a sweep is about: names, shards, and what they have to do with each other."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.clusters import Shard, configured_clusters, select_clusters
from collector.config.clusters import ClusterSettings
from collector.config.discovery import DiscoverySettings
from collector.config.model import Config
from collector.descriptions import ClusterDescription, Known, Schedule
from collector.errors import UsageError
from collector.records import Cluster, ClusterId

FLEET = tuple(Cluster(id=ClusterId(f"c9q{number:05}")) for number in range(2000))


@given(count=st.integers(1, 12), number=st.integers(0, 1999))
def test_every_cluster_belongs_to_exactly_one_shard(count: int, number: int) -> None:
    """However many shards there are: none is read twice, none forgotten."""
    holders = [index for index in range(count) if Shard(index, count).holds(FLEET[number].id)]

    assert len(holders) == 1


def test_shards_are_about_equally_large() -> None:
    """No shard has a fifth more than its share."""
    sizes = [len(select_clusters(FLEET, shard=Shard(index, 4))) for index in range(4)]

    assert sum(sizes) == len(FLEET)
    assert max(sizes) < 1.2 * len(FLEET) / 4


@pytest.mark.parametrize("count", [1, 2, 4, 9])
def test_one_more_shard_moves_few_clusters_and_all_of_them_to_the_new_one(count: int) -> None:
    """From N to N + 1 about one in N + 1 moves, none between old shards."""
    before = {cluster.id: _shard_of(cluster, count) for cluster in FLEET}
    after = {cluster.id: _shard_of(cluster, count + 1) for cluster in FLEET}

    moved = Counter(after[key] for key in before if before[key] != after[key])

    share = len(FLEET) / (count + 1)
    assert set(moved) == {count}
    assert 0.8 * share < moved[count] < 1.2 * share


def _shard_of(cluster: Cluster, count: int) -> int:
    return next(index for index in range(count) if Shard(index, count).holds(cluster.id))


def test_the_shard_of_a_cluster_is_the_same_everywhere() -> None:
    """A fixed example: another hash would read clusters twice during an upgrade."""
    assert [_shard_of(cluster, 3) for cluster in FLEET[:12]] == [1, 0, 0, 1, 1, 0, 1, 1, 2, 2, 2, 2]


@pytest.mark.parametrize("text", ["0/1", "3/4", "000/10"])
def test_a_shard_is_read_as_it_is_written(text: str) -> None:
    """Counted from 0."""
    shard = Shard.parse(text)

    assert Shard.parse(str(shard)) == shard


@pytest.mark.parametrize(
    "text", ["", "1", "1/", "/4", "4/4", "5/4", "0/0", "-1/4", "1/4 ", " 1/4", "1/4/2", "a/b", "٣/٤", "1.0/4"]
)
def test_what_is_no_shard_is_a_usage_error(text: str) -> None:
    """Shards count from 0, so I must be below N."""
    with pytest.raises(UsageError, match="shard"):
        Shard.parse(text)


@pytest.mark.parametrize(
    "env, shard",
    [
        ({}, None),
        ({"JOB_COMPLETIONS": "4"}, None),
        ({"JOB_COMPLETION_INDEX": "", "JOB_COMPLETIONS": "4"}, None),
        ({"JOB_COMPLETION_INDEX": "3", "JOB_COMPLETIONS": "4"}, Shard(3, 4)),
    ],
    ids=["nothing", "number-only", "empty", "both"],
)
def test_a_pod_of_an_indexed_job_finds_its_shard(env: dict[str, str], shard: Shard | None) -> None:
    """Outside of one there is none."""
    assert Shard.from_environment(env) == shard


def test_a_pod_that_does_not_know_the_number_of_shards_refuses() -> None:
    """Guessing would leave clusters unread."""
    with pytest.raises(UsageError, match="JOB_COMPLETIONS"):
        Shard.from_environment({"JOB_COMPLETION_INDEX": "3"})


def test_named_clusters_are_selected_in_the_order_of_the_configuration() -> None:
    """Naming one twice is naming it."""
    selected = select_clusters(FLEET, only=[FLEET[7].id, FLEET[2].id, FLEET[7].id])

    assert selected == (FLEET[2], FLEET[7])


def test_an_unknown_name_is_a_usage_error_that_tells_all_of_them() -> None:
    """It is never silently nothing."""
    with pytest.raises(UsageError, match="not in the configuration: x, y"):
        select_clusters(FLEET, only=["y", FLEET[0].id, "x"])


def test_names_and_shard_both_cut() -> None:
    """A named cluster of another shard is that shard's to read."""
    named = [cluster.id for cluster in FLEET[:40]]

    parts = [select_clusters(FLEET, only=named, shard=Shard(index, 3)) for index in range(3)]

    assert sorted(cluster.id for part in parts for cluster in part) == sorted(named)


def test_clusters_take_what_they_do_not_say_from_the_defaults() -> None:
    """Their own age wins over the common one, also where it is larger."""
    config = Config(
        clusters=(
            ClusterSettings(id=ClusterId("c9qa"), name="a", labels={"env": "prod"}, max_age_s=7.0),
            ClusterSettings(id=ClusterId("c9qb")),
        )
    )

    first, second = configured_clusters(config)

    assert (first.id, first.name, dict(first.labels), first.max_age_s) == ("c9qa", "a", {"env": "prod"}, 7.0)
    assert (second.id, second.name, dict(second.labels), second.max_age_s) == ("c9qb", None, {}, 26 * 3600.0)
    assert (first.service, second.service) == ("opensearch", "opensearch")


FOUND = ClusterDescription(
    cluster_id=ClusterId("c9qa"),
    service="opensearch",
    folder_id="b1gf",
    name="api-name",
    labels={"from": "api"},
    schedule=Schedule(period_s=3_600.0, retention_days=7),
)


def test_a_cluster_that_only_a_discovery_names_is_as_the_api_says() -> None:
    """Its expectation comes from its own schedule."""
    config = Config(discovery=(DiscoverySettings(folder="b1gf"),))

    (cluster,) = configured_clusters(config, [Known(FOUND, matched=True)])

    assert cluster == Cluster(
        id=ClusterId("c9qa"),
        name="api-name",
        labels={"from": "api"},
        folder_id="b1gf",
        max_age_s=3 * 3600.0,
        max_age_source="schedule",
        retention_s=7 * 86_400.0,
        retention_source="schedule",
        source="discovery",
    )


def test_the_configuration_wins_over_what_was_discovered() -> None:
    """In everything that it says."""
    entry = ClusterSettings(
        id=ClusterId("c9qa"), name="mine", labels={"my": "own"}, folder="b1gmine", max_age_s=7.0, retention_s=8.0
    )

    (cluster,) = configured_clusters(Config(clusters=(entry,)), [Known(FOUND, matched=True)])

    assert cluster == Cluster(
        id=ClusterId("c9qa"),
        name="mine",
        labels={"my": "own"},
        folder_id="b1gmine",
        max_age_s=7.0,
        max_age_source="config",
        retention_s=8.0,
        retention_source="config",
    )


@pytest.mark.parametrize("matched", [True, False], ids=["wanted", "filtered-out"])
def test_what_the_configuration_leaves_open_is_filled_from_what_was_discovered(*, matched: bool) -> None:
    """Also where the filter would leave it out: it is listed by hand."""
    config = Config(clusters=(ClusterSettings(id=ClusterId("c9qa")),))

    (cluster,) = configured_clusters(config, [Known(FOUND, matched=matched)])

    assert (cluster.source, cluster.name, dict(cluster.labels)) == ("config", "api-name", {"from": "api"})
    assert (cluster.folder_id, cluster.max_age_s, cluster.max_age_source) == ("b1gf", 3 * 3600.0, "schedule")


def test_a_cluster_that_no_filter_wants_is_not_watched() -> None:
    """Unless somebody listed it."""
    config = Config(discovery=(DiscoverySettings(folder="b1gf"),))

    assert configured_clusters(config, [Known(FOUND, matched=False)]) == ()


def test_without_a_schedule_the_common_age_counts() -> None:
    """Nothing is made up."""
    config = Config(discovery=(DiscoverySettings(folder="b1gf"),))

    (cluster,) = configured_clusters(config, [Known(FOUND._replace(schedule=Schedule()), matched=True)])

    assert (cluster.max_age_s, cluster.max_age_source) == (26 * 3600.0, "default")
    assert (cluster.retention_s, cluster.retention_source) == (None, None)
