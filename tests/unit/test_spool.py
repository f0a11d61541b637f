"""Where a listing waits: every record comes back as received, from memory or from a file."""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.errors import SpoolError
from collector.fingerprints import fingerprint
from collector.records import Page
from collector.spool import Share, Spool

RECORDS = st.lists(st.binary(max_size=40), max_size=12)


def page(listed: Sequence[bytes], digest: bytes = b"d" * 16) -> Page:
    """Make a page; its digest is of no matter where there are several."""
    return Page(list(listed), None, digest)


@given(pages=st.lists(RECORDS, max_size=6), memory_bytes=st.sampled_from([0, 1, 50, 10_000]))
def test_every_record_comes_back_as_it_was_received(pages: list[list[bytes]], memory_bytes: int) -> None:
    """Whatever the pages and wherever they were kept, empty records included."""
    listed = [record for each in pages for record in each]

    with Spool(memory_bytes) as spool:
        for each in pages:
            spool.add(page(each))

        assert len(spool) == len(listed)
        assert list(spool.read(range(len(listed)))) == listed
        assert spool.fingerprints == [fingerprint(record) for record in listed]


@given(listed=RECORDS, chosen=st.sets(st.integers(0, 11)))
def test_any_records_can_be_read_without_the_others(listed: list[bytes], chosen: set[int]) -> None:
    """Only what is asked for, in the order asked for."""
    positions = sorted(position for position in chosen if position < len(listed))

    with Spool(20) as spool:
        spool.add(page(listed))

        assert list(spool.read(positions)) == [listed[position] for position in positions]
        assert list(spool.read(positions)) == [listed[position] for position in positions]


@given(pages=st.lists(RECORDS, min_size=2, max_size=5))
def test_the_digest_of_several_pages_is_of_the_set_of_records(pages: list[list[bytes]]) -> None:
    """However they are ordered and cut into pages: the API promises neither."""
    listed = [record for each in pages for record in each]
    shuffled = listed[::-1]
    cut = len(shuffled) // 2

    assert _digest([shuffled[:cut], shuffled[cut:]]) == _digest(pages)


def test_a_repeated_record_is_another_digest() -> None:
    """The ledger counts repetitions, so what proves it unchanged covers them."""
    assert _digest([[b"a"], [b"b", b"b"]]) != _digest([[b"a"], [b"b"]])


@given(pages=st.lists(RECORDS, min_size=2, max_size=5), extra=st.binary(max_size=40))
def test_another_record_is_another_digest(pages: list[list[bytes]], extra: bytes) -> None:
    """One more, one less, or another one."""
    listed = {record for each in pages for record in each}
    if extra in listed:
        return

    assert _digest([*pages, [extra]]) != _digest(pages)


def test_the_border_between_records_counts() -> None:
    """The same bytes, cut elsewhere, are other records."""
    assert _digest([[b"ab"], [b"c"]]) != _digest([[b"a"], [b"bc"]])


def test_the_digest_of_a_single_page_is_its_own() -> None:
    """So that it can be known before the page is read."""
    with Spool(100) as spool:
        spool.add(page([b"a"], b"p" * 16))

        assert spool.digest() == b"p" * 16


def test_an_empty_page_is_a_page() -> None:
    """A page that was not read because its digest was known has no records."""
    with Spool(100) as spool:
        spool.add(page([], b"p" * 16))

        assert (len(spool), spool.digest(), list(spool.read([]))) == (0, b"p" * 16, [])


def _digest(pages: Sequence[Sequence[bytes]]) -> bytes:
    with Spool(10_000) as spool:
        for each in pages:
            spool.add(page(each))
        return spool.digest()


@pytest.mark.parametrize("memory_bytes, spilled", [(0, True), (1, True), (99, True), (100, False), (1000, False)])
def test_what_passes_the_limit_of_memory_goes_to_a_file(memory_bytes: int, spilled: bool) -> None:
    """Nothing in memory means nothing in memory, not everything."""
    with Spool(memory_bytes) as spool:
        spool.add(page([b"x" * 100]))

        assert spool._file._rolled is spilled  # type: ignore[attr-defined]  # nobody else knows


def test_the_file_has_no_name_and_is_gone_with_the_listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed process leaves nothing to sweep up."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    with Spool(1) as spool:
        spool.add(page([b"x" * 100]))

        assert list(tmp_path.iterdir()) == []
    assert spool._file.closed


def test_a_missing_temporary_directory_is_a_fault_of_the_listing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what was attempted, and the listing fails alone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))

    with Spool(1) as spool, pytest.raises(SpoolError, match="listing of 100 bytes"):
        spool.add(page([b"x" * 100]))


@contextmanager
def file_size_limit(limit: int) -> Iterator[None]:
    """Let files of this process grow no further: the write fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("sizes", [[50_000], [9000, 2000], [9000, 900, 900]], ids=["at-once", "later", "bit-by-bit"])
def test_a_full_disk_is_a_fault_of_the_listing(sizes: list[int]) -> None:
    """It is told while pages come in, also where the last bytes are few, and forgetting it does not fail again."""
    spool = Spool(1000)

    with file_size_limit(9500), pytest.raises(SpoolError), spool:
        _fill(spool, sizes)

    assert spool._file.closed


def _fill(spool: Spool, sizes: Sequence[int]) -> None:
    for size in sizes:
        spool.add(page([b"x" * size]))


@pytest.mark.parametrize("memory_bytes", [0, 1 << 20], ids=["on-disk", "in-memory"])
def test_a_share_is_a_spool_of_some_of_its_records(memory_bytes: int) -> None:
    """Counted, fingerprinted and read by its own positions."""
    records = [b"%d" % number * (number + 1) for number in range(9)]
    with Spool(memory_bytes) as spool:
        spool.add(Page(records[:5], "t", b"one"))
        spool.add(Page(records[5:], None, b"two"))
        share = Share(spool, [1, 2, 6, 8])

        read = list(share.read([0, 1, 3]))

        assert (len(share), read) == (4, [records[1], records[2], records[8]])
        assert share.fingerprints == [spool.fingerprints[at] for at in (1, 2, 6, 8)]
