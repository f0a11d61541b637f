"""How backups are laid out for the driver."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from collector.parse import BackupParser
from collector.records import Backup, IndexSet, Listing
from collector.store.rows import COLUMNS, array_literal, chunks, to_columns, to_index_sets, to_rows
from tests.builders import CLUSTER, record

LISTING = Listing(id=1, cluster=CLUSTER, sweep_id=None, started_at=5)


def test_the_columns_stand_in_the_order_of_a_backup() -> None:
    """Whose and since when; field by field, but the index set by its key; and the fingerprint behind them."""
    fields = (name.replace("index_set", "index_set_id") for name in Backup._fields)

    assert ("cluster_id", "first_seen_at", *fields, "fingerprint") == COLUMNS


def test_a_row_has_the_key_of_its_index_set() -> None:
    """The names travel apart."""
    backup = BackupParser(CLUSTER).parse(record("a"))
    assert backup.index_set is not None

    (laid_out,) = to_rows([backup], [b"f" * 16], LISTING)

    row = dict(zip(COLUMNS, laid_out, strict=True))
    assert (row["cluster_id"], row["first_seen_at"]) == (CLUSTER.id, 5)
    assert row["index_set_id"] == backup.index_set.key
    assert (row["backup_id"], row["fingerprint"]) == ("a", b"f" * 16)
    assert row["created_at_ns"] == 789


def test_a_backup_without_indices_has_no_key() -> None:
    """An empty list is no set."""
    (row,) = to_rows([BackupParser(CLUSTER).parse(record("a", indices=[]))], [b""], LISTING)

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
    sets = [backup.index_set for backup in map(parser.parse, (record("a", indices=[f"i{n}"]) for n in range(20)))]

    keys, literals = to_index_sets([each for each in sets if isinstance(each, IndexSet)])

    assert keys == sorted(keys)
    assert len(literals) == 20
