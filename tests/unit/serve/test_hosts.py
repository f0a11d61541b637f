"""Whose name a request gives us."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from collector.serve.hosts import names_us


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        ["127.0.0.1"],
        ["127.0.0.1:8080"],
        ["[::1]:8080"],
        ["10.1.2.3"],
        ["localhost"],
        ["LOCALHOST.:8080"],
        ["collector.localhost:8080"],
    ],
    ids=["none", "address", "port", "six", "other-address", "localhost", "dot", "below"],
)
def test_an_address_and_localhost_are_ours(hosts: Sequence[str]) -> None:
    """Nobody can lead them elsewhere. A request without the header is no browser's."""
    assert names_us(hosts)


@pytest.mark.parametrize(
    "hosts",
    [
        ["evil.test"],
        ["evil.test:8080"],
        ["127.0.0.1.evil.test"],
        ["localhost.evil.test"],
        ["notlocalhost"],
        ["evil.test@127.0.0.1"],
        [""],
        ["[evil.test]"],
        ["127.0.0.1", "evil.test"],
    ],
    ids=["name", "port", "address-in-front", "localhost-in-front", "ends-alike", "user", "empty", "brackets", "second"],
)
def test_a_name_that_anybody_can_lead_here_is_not_ours(hosts: Sequence[str]) -> None:
    """However much it looks like one of ours."""
    assert not names_us(hosts)
