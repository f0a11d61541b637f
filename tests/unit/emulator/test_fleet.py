"""The fleet: generation, edits, and the passing of time."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.emulator import EmulatedBackup, EmulatedCluster, Fleet, Order, render_backup, render_timestamp
from collector.emulator.routes import Route
from collector.emulator.schedules import HOUR_NS
from collector.emulator.tokens import Place
from collector.errors import UsageError

NOW_NS = 1_795_500_000 * 10**9
HOURS = st.integers(0, 30)


def small_fleet(*, seed: int = 7, clusters: int = 3, backups: int = 12) -> Fleet:
    """Make a fleet that is quick to look through."""
    return Fleet.generate(clusters=clusters, backups=backups, seed=seed, now_ns=NOW_NS)


def ids(cluster: EmulatedCluster) -> list[str]:
    """Name a cluster's backups in their order."""
    return [backup.id for backup in cluster.backups]


def digest(fleet: Fleet) -> str:
    """Digest every cluster and backup of a fleet."""
    state = hashlib.sha256()
    for cluster in fleet.clusters.values():
        state.update(f"{cluster.id} {cluster.folder_id} {cluster.name} {cluster.labels}".encode())
        for backup in cluster.backups:
            state.update(render_backup(backup).encode())
    return state.hexdigest()


def test_the_same_seed_makes_the_same_bytes() -> None:
    """Generation depends on its arguments alone: not on the process, the machine or the Python."""
    first, second = small_fleet(), small_fleet()

    assert digest(first) == digest(second) == "445b3f6d3ae869bfa1cf8ae4c6d2c0bcbf8833ba39d010076cc8f20af94f3e97"


def test_another_seed_makes_another_fleet() -> None:
    """No cluster of one seed is in the fleet of another."""
    first, second = small_fleet(seed=1), small_fleet(seed=2)

    assert not first.clusters.keys() & second.clusters.keys()


def test_generated_backups_are_hourly_unique_and_newest_first() -> None:
    """Each cluster holds as many as it keeps, an hour apart, none from the future."""
    fleet = small_fleet(clusters=20, backups=50)

    for cluster in fleet.clusters.values():
        completed = [backup.created_at_ns or 0 for backup in cluster.backups]
        gaps = [later - earlier for later, earlier in pairwise(completed)]
        assert len(set(ids(cluster))) == 50
        assert all(HOUR_NS - 200 * 10**9 < gap < HOUR_NS + 200 * 10**9 for gap in gaps)
        assert NOW_NS - 2 * HOUR_NS < completed[0] <= NOW_NS


def test_generated_backups_look_like_real_ones() -> None:
    """Ids, index lists and sizes keep the API's shapes."""
    backups = [backup for cluster in small_fleet(clusters=200).clusters.values() for backup in cluster.backups]

    assert all(len(backup.id) in {20, 41} for backup in backups)
    assert {len(backup.id) for backup in backups} == {20, 41}
    assert all(5 <= len(backup.indices) <= 100 for backup in backups)
    assert all(backup.indices_total == len(backup.indices) for backup in backups if len(backup.indices) < 100)
    assert any(backup.indices_total > len(backup.indices) for backup in backups)
    assert all(0 <= backup.incremental_size_bytes < backup.size_bytes < backup.total_size_bytes for backup in backups)


def test_nine_lists_of_indices_in_ten_repeat_the_one_before() -> None:
    """One stream rolls over every tenth hour."""
    backups = small_fleet(clusters=1, backups=201).clusters.popitem()[1].backups

    changes = sum(newer.indices != older.indices for newer, older in pairwise(backups))

    assert changes == 20


def test_every_number_of_fraction_digits_occurs() -> None:
    """A reader of the fleet meets fractions of 0, 3, 6 and 9 digits."""
    backups = small_fleet(clusters=1, backups=100).clusters.popitem()[1].backups

    written = [render_timestamp(backup.created_at_ns) for backup in backups if backup.created_at_ns is not None]

    assert {len(text.rstrip("Z").partition(".")[2]) for text in written} == {0, 3, 6, 9}


def test_time_slides_the_window() -> None:
    """An hour brings one backup and takes the oldest."""
    fleet = small_fleet()
    before = {cluster.id: ids(cluster) for cluster in fleet.clusters.values()}

    fleet.advance(hours=1)

    for cluster in fleet.clusters.values():
        assert ids(cluster)[1:] == before[cluster.id][:-1]
        assert ids(cluster)[0] not in before[cluster.id]


@given(HOURS, HOURS)
def test_time_adds_up(first: int, second: int) -> None:
    """Two steps lead where one step of their sum leads."""
    stepwise, at_once = small_fleet(), small_fleet()

    stepwise.advance(hours=first)
    stepwise.advance(hours=second)
    at_once.advance(hours=first + second)

    assert digest(stepwise) == digest(at_once)


@given(HOURS)
def test_an_edited_cluster_lives_on_like_the_others(hours: int) -> None:
    """What was added stays, what was removed stays away, and the schedule goes on around them."""
    fleet, untouched = small_fleet(clusters=1), small_fleet(clusters=1)
    cluster_id = next(iter(fleet.clusters))
    removed = fleet.cluster(cluster_id).backups[2].id
    fleet.add_backup(cluster_id, EmulatedBackup(id="manual", created_at_ns=NOW_NS))
    fleet.remove_backup(cluster_id, removed)

    fleet.advance(hours=hours)
    untouched.advance(hours=hours)

    expected = {*ids(untouched.cluster(cluster_id)), "manual"} - {removed}
    assert set(ids(fleet.cluster(cluster_id))) == expected
    assert len(ids(fleet.cluster(cluster_id))) == len(expected)


def test_every_edit_renders_the_page_anew() -> None:
    """No page outlives a change of its list."""
    fleet = Fleet.of({"c": [EmulatedBackup(id="a", size_bytes=1)]})

    def page() -> bytes:
        listing = fleet.find_listing(Route("opensearch", "cluster_backups", "c"))
        assert listing is not None
        return fleet.pages.render(listing, Place(0, 0, 10), limit=10).body

    seen = [page(), page()]
    fleet.replace_backup("c", EmulatedBackup(id="a", size_bytes=2))
    seen.append(page())
    fleet.add_backup("c", EmulatedBackup(id="b", created_at_ns=0))
    seen.append(page())
    fleet.remove_backup("c", "a")
    seen.append(page())
    fleet.clear_backups("c")
    seen.append(page())

    assert seen == [
        b'{"backups":[{"id":"a","sizeBytes":"1"}]}',
        b'{"backups":[{"id":"a","sizeBytes":"1"}]}',
        b'{"backups":[{"id":"a","sizeBytes":"2"}]}',
        b'{"backups":[{"id":"b","createdAt":"1970-01-01T00:00:00Z"},{"id":"a","sizeBytes":"2"}]}',
        b'{"backups":[{"id":"b","createdAt":"1970-01-01T00:00:00Z"}]}',
        b"{}",
    ]


def test_a_prerendered_page_is_the_page_that_is_served() -> None:
    """Rendering ahead changes when, not what."""
    fleet, lazy = small_fleet(), small_fleet()
    route = Route("opensearch", "cluster_backups", next(iter(fleet.clusters)))

    kept_bytes = fleet.prerender(5)

    ahead, now = fleet.find_listing(route), lazy.find_listing(route)
    assert ahead is not None
    assert now is not None
    place = Place(5, 0, 5)
    assert fleet.pages.render(ahead, place, limit=5).body == lazy.pages.render(now, place, limit=5).body
    assert fleet.pages.kept_bytes == kept_bytes > 0


@pytest.mark.parametrize("order", ["newest_first", "oldest_first", "by_id"])
@pytest.mark.parametrize("edited", ["scheduled", "edited"])
def test_orders_hold_the_same_backups(order: Order, edited: str) -> None:
    """An order changes the places in a listing and nothing else."""
    fleet = Fleet.generate(clusters=1, backups=12, seed=7, now_ns=NOW_NS, order=order)
    cluster = next(iter(fleet.clusters.values()))
    if edited == "edited":
        cluster.add_backups([])
    listing = fleet.find_listing(Route("opensearch", "cluster_backups", cluster.id))
    assert listing is not None

    page = fleet.pages.render(listing, Place(0, 0, 100), limit=100).body.decode()

    positions = {
        "newest_first": cluster.backups,
        "oldest_first": cluster.backups[::-1],
        "by_id": sorted(cluster.backups, key=lambda backup: backup.id),
    }
    assert page == '{"backups":[' + ",".join(map(render_backup, positions[order])) + "]}"


def test_a_removed_cluster_leaves_its_backups_in_the_folder() -> None:
    """The API keeps backups of a deleted cluster until they expire; only the folder's list shows them."""
    fleet = small_fleet(clusters=2, backups=3)
    gone = next(iter(fleet.clusters.values()))
    route = Route("opensearch", "folder_backups", gone.folder_id)

    fleet.remove_cluster(gone.id)

    listing = fleet.find_listing(route)
    assert listing is not None
    assert listing.count == 6
    assert fleet.find_listing(Route("opensearch", "cluster_backups", gone.id)) is None
    fleet.advance(hours=3)
    expired = fleet.find_listing(route)
    assert expired is not None
    assert expired.count == 3


def test_a_removed_cluster_can_be_edited_and_brought_back() -> None:
    """Its backups are deleted one by one, and if it returns the others are still its own."""
    fleet = Fleet.of({"c": [EmulatedBackup(id="a"), EmulatedBackup(id="b")]})
    fleet.remove_cluster("c")

    fleet.remove_backup("c", "a")
    fleet.restore_cluster("c")

    listing = fleet.find_listing(Route("opensearch", "cluster_backups", "c"))
    assert listing is not None
    assert listing.count == 1
    assert not fleet.departed


@pytest.mark.parametrize("wrong", ["cluster", "backup", "taken", "service"])
def test_a_mistaken_edit_is_refused(wrong: str) -> None:
    """A test that edits what is not there learns it at once."""
    fleet = Fleet.of({"c": []})
    edits = {
        "cluster": lambda: fleet.add_backup("x", EmulatedBackup(id="a")),
        "backup": lambda: fleet.remove_backup("c", "a"),
        "taken": lambda: fleet.add_cluster(EmulatedCluster(id="c")),
        "service": lambda: fleet.add_cluster(EmulatedCluster(id="d", service="kafka")),
    }

    with pytest.raises(UsageError):
        edits[wrong]()


def test_a_giant_cluster_costs_only_the_page_that_is_read() -> None:
    """The last page of 200,000 backups is made without the others."""
    fleet = Fleet.generate(clusters=1, backups=200_000, seed=1, now_ns=NOW_NS)
    cluster = next(iter(fleet.clusters.values()))
    listing = fleet.find_listing(Route("opensearch", "cluster_backups", cluster.id))
    assert listing is not None

    page = fleet.pages.render(listing, Place(199_990, 0, 1000), limit=1000)

    assert page.body.count(b'"id"') == 10
    assert fleet.pages.kept_bytes == len(page.body)
