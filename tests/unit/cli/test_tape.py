"""What a check keeps of the answers it gets."""

from __future__ import annotations

from email.utils import formatdate

from collector.api import Exchange
from collector.cli.tape import Tape


def exchange(cluster_id: str, *, body: bytes = b"{}", ahead_s: float | None = None) -> Exchange:
    """Make an answer about a cluster, from a server whose clock is ahead."""
    headers = () if ahead_s is None else (("Date", formatdate(1e9 + ahead_s, usegmt=True)),)
    target = f"/managed-opensearch/v1/clusters/{cluster_id}/backups?pageSize=1"
    return Exchange(target=target, status=200, headers=headers, body=body, received_at=1e9)


def test_answers_are_kept_by_cluster_in_their_order() -> None:
    """Whatever order clusters take turns in."""
    tape = Tape("all")
    first, other, second = exchange("c9qa", body=b"1"), exchange("c9qb"), exchange("c9qa", body=b"2")

    for each in (first, other, second):
        tape.take(each)

    assert (tape.answers_about("c9qa"), tape.answers_about("c9qb"), tape.answers_about("c9qc")) == (
        [first, second],
        [other],
        [],
    )


def test_bodies_are_kept_only_to_be_recorded() -> None:
    """A check of a thousand clusters must not hold a thousand pages."""
    tape = Tape("heads", bytes_max=0)

    tape.take(exchange("c9qa", body=b"much"))

    assert [each.body for each in tape.answers_about("c9qa")] == [b""]
    assert not tape.is_full


def test_a_full_tape_says_so_and_keeps_what_it_has() -> None:
    """Nothing grows without a bound."""
    tape = Tape("all", bytes_max=3)

    for _ in range(3):
        tape.take(exchange("c9qa"))

    assert len(tape.answers_about("c9qa")) == 1
    assert tape.is_full


def test_the_answer_whose_clock_fits_best_counts() -> None:
    """A cached answer is as old as it is; that is not the clock's fault."""
    tape = Tape("heads")

    assert tape.clock_ahead_s() is None

    for ahead_s in (None, -900.0, 2.0, -3.0):
        tape.take(exchange("c9qa", ahead_s=ahead_s))

    assert tape.clock_ahead_s() == 2.0
