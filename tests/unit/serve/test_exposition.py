"""What Prometheus reads: always well formed, never more series than promised, nothing stale."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from collector.serve.exposition import render
from collector.serve.subjects import CLUSTERS, SOURCES
from collector.serve.tally import Tally
from collector.store.vitals import Covered, Vitals
from tests.builders import cluster_vitals, source_vitals

FRESH = cluster_vitals()


def samples_of(vitals: Vitals | None) -> dict[tuple[str, str], list[float]]:
    """Read the values of each family and cluster."""
    found: dict[tuple[str, str], list[float]] = {}
    for family in parse(render(Tally().registry, vitals).decode()):
        for sample in family.samples:
            key = sample.name.removeprefix("backup_inventory_"), sample.labels.get("cluster_id", "")
            found.setdefault(key, []).append(sample.value)
    return found


def test_a_cluster_has_its_numbers() -> None:
    """And one verdict of three."""
    found = samples_of(Vitals(clusters=[FRESH], sweep_started_at=1.0))

    assert found["up", ""] == [1.0]
    assert found["cluster_newest_backup_timestamp_seconds", "c9q"] == [1_795_000_000.5]
    assert found["cluster_backup_age_seconds", "c9q"] == [60.0]
    assert found["cluster_backup_age_limit_seconds", "c9q"] == [93600.0]
    assert found["cluster_observation_age_seconds", "c9q"] == [5.0]
    assert found["cluster_live_backups", "c9q"] == [3.0]
    assert found["cluster_storage_bytes", "c9q"] == [1024.0]
    assert found["cluster_observation_age_limit_seconds", "c9q"] == [7200.0]
    assert found["cluster_listing_held", "c9q"] == [0.0]
    assert found["cluster_quarantined_records", "c9q"] == [0.0]
    assert ("cluster_schedule_weakened_timestamp_seconds", "c9q") not in found
    assert found["cluster_verdict", "c9q"] == [1.0, 0.0, 0.0]
    assert found["last_sweep_start_timestamp_seconds", ""] == [1.0]


def test_what_is_not_there_has_no_series() -> None:
    """An age of 0 would say that a cluster without a backup is fresh."""
    bare = replace(FRESH, newest_backup_at=None, backup_age_s=None, observation_age_s=None, verdict="unknown")

    found = samples_of(Vitals(clusters=[bare]))

    assert not {key for key, cluster in found if cluster == "c9q"} & {
        "cluster_newest_backup_timestamp_seconds",
        "cluster_backup_age_seconds",
        "cluster_observation_age_seconds",
    }
    assert found["cluster_verdict", "c9q"] == [0.0, 0.0, 1.0]


def test_without_a_database_nothing_is_said_of_clusters() -> None:
    """No gauge is left standing, and what the process counts is there all the same."""
    found = samples_of(None)

    assert found["up", ""] == [0.0]
    assert not [key for key, _ in found if key.startswith(("cluster_", "last_sweep"))]
    assert ("sweep_running", "") in found


@pytest.mark.parametrize("vitals", [None, Vitals(clusters=[FRESH])], ids=["down", "up"])
def test_every_family_has_its_help_and_type_once(vitals: Vitals | None) -> None:
    """Also one without series."""
    text = render(Tally().registry, vitals).decode()
    heads = Counter(line.split()[2] for line in text.splitlines() if line.startswith("# HELP"))
    types = Counter(line.split()[2] for line in text.splitlines() if line.startswith("# TYPE"))

    assert heads == types
    assert set(heads.values()) == {1}
    assert len(heads) > 20
    assert not [name for name in heads if not name.startswith(("backup_inventory_", "process_"))]


def test_a_name_cannot_break_the_text() -> None:
    """Quotes, backslashes and line breaks come back as they were."""
    name = 'a"b\\c\nd{}# HELP'

    families = parse(render(Tally().registry, Vitals(clusters=[replace(FRESH, name=name)])).decode())

    assert {sample.labels["name"] for family in families for sample in family.samples if "name" in sample.labels} == {
        name
    }


def test_clusters_past_the_cap_are_added_up() -> None:
    """The worst of them shows, their verdicts are counted, and no more series come with them."""
    many = [replace(FRESH, cluster_id=f"c{number:05}") for number in range(CLUSTERS.most)]
    rest = [
        replace(FRESH, cluster_id="d1", backup_age_s=500.0, newest_backup_at=7.0, verdict="stale"),
        replace(FRESH, cluster_id="d2", backup_age_s=None, newest_backup_at=None, observation_age_s=None),
        *[replace(FRESH, cluster_id=f"e{number}") for number in range(3000)],
    ]

    found = samples_of(Vitals(clusters=many + rest))

    assert len({cluster for _, cluster in found if cluster}) == CLUSTERS.most + 1
    assert found["cluster_backup_age_seconds", "other"] == [500.0]
    assert found["cluster_newest_backup_timestamp_seconds", "other"] == [7.0]
    assert found["cluster_live_backups", "other"] == [3.0 * len(rest)]
    assert found["cluster_verdict", "other"] == [3001.0, 1.0, 0.0]
    assert ("cluster_live_backups", "d1") not in found


def labelled(vitals: Vitals) -> dict[str, float]:
    """Read the values by their names without prefix and the values of their labels."""
    return {
        " ".join([sample.name.removeprefix("backup_inventory_"), *sample.labels.values()]): sample.value
        for family in parse(render(Tally().registry, vitals).decode())
        for sample in family.samples
    }


def test_a_place_where_clusters_are_looked_for_has_its_numbers() -> None:
    """One that was never read has an outcome of none, and no age."""
    cloud = source_vitals(
        kind="cloud",
        source_id="b1gcloud",
        service="",
        last_outcome=None,
        observation_age_s=None,
        last_throttles=None,
        clusters=None,
    )

    found = labelled(Vitals(clusters=[], sources=[cloud, source_vitals(last_outcome="failed", last_throttles=3)]))

    assert found["discovery_observation_age_seconds folder opensearch b1gfolder"] == 5.0
    assert found["discovery_clusters folder opensearch b1gfolder"] == 12.0
    assert found["discovery_throttles folder opensearch b1gfolder"] == 3.0
    assert found["discovery_outcome folder failed opensearch b1gfolder"] == 1.0
    assert found["discovery_outcome folder complete opensearch b1gfolder"] == 0.0
    assert {name: value for name, value in found.items() if "b1gcloud" in name} == {
        f"discovery_outcome cloud {outcome}  b1gcloud": 0.0
        for outcome in ("complete", "partial", "failed", "held", "superseded")
    }


def test_sources_past_the_cap_are_added_up() -> None:
    """The oldest look shows."""
    many = [source_vitals(source_id=f"b{number:05}") for number in range(SOURCES.most)]
    rest = [source_vitals(source_id="c1", observation_age_s=9000.0), source_vitals(source_id="c2")]

    found = labelled(Vitals(clusters=[], sources=many + rest))

    assert found["discovery_observation_age_seconds other other other"] == 9000.0
    assert found["discovery_clusters other other other"] == 24.0
    assert found["discovery_outcome other complete other other"] == 2.0
    assert not [name for name in found if " c1 " in name]


def test_every_way_to_be_covered_is_counted_also_at_none() -> None:
    """A series that comes and goes would be no base for an alert."""
    found = labelled(Vitals(clusters=[], coverage=[Covered("excluded", managed=False, clusters=3)]))

    counts = {name: value for name, value in found.items() if name.startswith("clusters ")}
    assert len(counts) == 8
    assert {name for name, value in counts.items() if value} == {"clusters excluded false"}
    assert counts["clusters excluded false"] == 3.0


def test_the_newest_finished_sweep_has_one_outcome() -> None:
    """Before there is any, none is told."""
    found = labelled(Vitals(clusters=[], sweep_outcome="aborted"))

    outcomes = {name: value for name, value in found.items() if name.startswith("last_sweep_outcome")}
    assert len(outcomes) == 5
    assert {name for name, value in outcomes.items() if value} == {"last_sweep_outcome aborted"}
    assert not [name for name in labelled(Vitals(clusters=[])) if name.startswith("last_sweep_outcome")]
