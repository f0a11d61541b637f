"""How backups are laid out for the driver."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.parse import BackupParser
from collector.records import BACKUP_ID, FOLDER_ID, SOURCE_CLUSTER_ID, Backup, Cluster, Listing
from collector.services import SERVICES
from collector.store.rows import (
    array_literal,
    chunks,
    columns_of,
    index_sets_in,
    to_columns,
    to_index_sets,
    to_parameters,
    to_rows,
)
from tests.builders import CLUSTER, record

LISTING = Listing(id=1, cluster=CLUSTER, sweep_id=None, started_at=5)


COLUMNS = columns_of("opensearch")


def parsed(raw: bytes, cluster: Cluster = CLUSTER) -> Backup:
    """Read one record."""
    return BackupParser(cluster).parse(raw)


def test_the_columns_of_opensearch_are_no_more_than_it_has() -> None:
    """What other services have is not sent: this is what each row of its first load costs."""
    assert (
        *("cluster_id", "first_seen_at", "backup_id", "folder_id", "source_cluster_id", "started_at", "started_at_ns"),
        *("created_at", "created_at_ns", "index_set_id", "opensearch_version", "size_bytes", "indices_total"),
        *("incremental_size_bytes", "total_size_bytes", "free_space_required_bytes", "extra", "fingerprint"),
    ) == COLUMNS


@pytest.mark.parametrize("service", SERVICES)
def test_whose_and_where_a_backup_is_stands_at_the_same_place(service: str) -> None:
    """So that it can be told without looking at the service."""
    raw = b'{"id":"a","folderId":"b1g","sourceClusterId":"%s"}' % CLUSTER.id.encode()

    backup = parsed(raw, replace(CLUSTER, service=service))

    assert (backup[BACKUP_ID], backup[FOLDER_ID], backup[SOURCE_CLUSTER_ID]) == ("a", "b1g", CLUSTER.id)


@pytest.mark.parametrize("service", SERVICES)
def test_a_row_has_a_value_for_each_column(service: str) -> None:
    """Whatever the service: whose and since when, its backup's values, and the fingerprint behind them."""
    cluster = replace(CLUSTER, service=service)

    (row,) = to_rows([parsed(b'{"id":"a"}', cluster)], [b"f" * 16], replace(LISTING, cluster=cluster))

    assert len(row) == len(columns_of(service))
    assert (row[2], row[-1]) == ("a", b"f" * 16)


def test_a_services_own_columns_travel_as_json() -> None:
    """All digits of an integer, an instant as far as its column goes, and the nanoseconds beyond in theirs."""
    cluster = replace(CLUSTER, service="postgresql")
    own = {"size": 2**63 - 1, "status": "DONE", "retainUntil": "9999-12-31T23:59:59.999999999Z"}
    rows = to_rows(
        [parsed(json.dumps({"id": "a", **own, "novelty": 1}).encode(), cluster)],
        [b"f" * 16],
        replace(LISTING, cluster=cluster),
    )

    *common, own_columns, extras, fingerprints = to_parameters(rows, "postgresql")

    assert (common[0], common[2], extras, fingerprints) == ([CLUSTER.id], ["a"], ['{"novelty":1}'], [b"f" * 16])
    assert json.loads(str(own_columns[0])) == {
        **dict.fromkeys(SERVICES["postgresql"].own_columns),
        "size_bytes": 2**63 - 1,
        "status": "DONE",
        "retain_until": "9999-12-31T23:59:59.999999000Z",
        "retain_until_ns": 999,
    }


@pytest.mark.parametrize("service", ["opensearch", "redis"])
def test_no_rows_are_as_many_parameters_as_some(service: str) -> None:
    """The statement takes the same number of them whatever the service."""
    assert to_parameters([], service) == [[] for _ in range(12)]


def test_a_row_has_the_key_of_its_index_set() -> None:
    """The names travel apart."""
    backup = parsed(record("a"))
    (index_set,) = index_sets_in([backup], "opensearch")

    (laid_out,) = to_rows([backup], [b"f" * 16], LISTING)

    row = dict(zip(COLUMNS, laid_out, strict=True))
    assert (row["cluster_id"], row["first_seen_at"]) == (CLUSTER.id, 5)
    assert row["index_set_id"] == index_set.key
    assert (row["backup_id"], row["fingerprint"]) == ("a", b"f" * 16)
    assert row["created_at_ns"] == 789


def test_a_backup_without_indices_has_no_key() -> None:
    """An empty list is no set."""
    (row,) = to_rows([parsed(record("a", indices=[]))], [b""], LISTING)

    assert row[COLUMNS.index("index_set_id")] is None


@given(st.lists(st.tuples(st.integers(), st.text()), max_size=5))
def test_rows_become_columns(rows: list[tuple[object, ...]]) -> None:
    """As many lists as there are columns, also of nothing."""
    columns = to_columns(rows, 2)

    assert len(columns) == 2
    assert list(zip(*columns, strict=True)) == rows


@given(st.integers(0, 50), st.integers(1, 12))
def test_chunks_cover_all_positions_once_and_in_order(count: int, size: int) -> None:
    """None is longer than allowed, and only the last is shorter."""
    cut: list[Sequence[int]] = list(chunks(range(count), size))

    assert [position for chunk in cut for position in chunk] == list(range(count))
    assert all(len(chunk) == size for chunk in cut[:-1])
    assert all(0 < len(chunk) <= size for chunk in cut)


def test_an_array_literal_quotes_every_name() -> None:
    """So that NULL is a name, and braces and commas are text."""
    assert array_literal(["a", "NULL", "{x,y}", 'q"', "b\\"]) == '{"a","NULL","{x,y}","q\\"","b\\\\"}'


def test_index_sets_travel_in_the_order_of_their_keys() -> None:
    """Two transactions that insert the same sets in different orders could deadlock."""
    parser = BackupParser(CLUSTER)
    backups = [parser.parse(record("a", indices=[f"i{n % 20}"])) for n in range(40)]

    keys, literals = to_index_sets(index_sets_in(backups, "opensearch"))

    assert keys == sorted(keys)
    assert len(literals) == 20
