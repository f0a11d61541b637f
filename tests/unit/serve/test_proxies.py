"""Whose word counts for who asks, and what it must look like."""

from __future__ import annotations

import pytest

from collector.config import HttpSettings
from collector.serve.proxies import Proxies

TRUSTED = HttpSettings(trusted_proxies=("10.1.0.0/16", "fd00::/8", "192.0.2.7"), proxy_user_header="X-Forwarded-User")


@pytest.mark.parametrize(
    "peer", ["10.1.0.1", "10.1.255.255", "fd00::1", "fd00::1%eth0", "192.0.2.7", "::ffff:10.1.2.3"]
)
def test_a_proxy_that_is_named_is_believed(peer: str) -> None:
    """Whatever way its address is written."""
    assert Proxies(TRUSTED).judge(["anna@example.org"], peer=peer) == "vouched"


@pytest.mark.parametrize("peer", ["10.2.0.1", "127.0.0.1", "::1", "192.0.2.8", "::ffff:10.2.0.1", "", "unix", None])
def test_whoever_else_says_it_is_refused(peer: str | None) -> None:
    """This machine too, unless it is named; and a connection without an address."""
    assert Proxies(TRUSTED).judge(["anna"], peer=peer) == "refused"


@pytest.mark.parametrize(
    "values",
    [[""], [" "], ["anna", "anna"], ["anna", "admin"], ["anna, admin"], ["", "anna"], ["an\x00na"], ["anna\udcff"]],
    ids=["empty", "blank", "twice", "two", "joined", "empty-and-one", "control", "no-text"],
)
def test_what_is_not_one_clear_name_is_refused_from_a_proxy_too(values: list[str]) -> None:
    """A proxy that lets through what clients send would vouch for anybody."""
    assert Proxies(TRUSTED).judge(values, peer="10.1.0.1") == "refused"


@pytest.mark.parametrize("peer", ["10.1.0.1", "127.0.0.1"])
def test_who_says_nothing_is_no_proxy(peer: str) -> None:
    """Such a request needs the token."""
    assert Proxies(TRUSTED).judge([], peer=peer) == "silent"


def test_by_default_nobody_is_trusted_and_the_header_is_none() -> None:
    """It is as good as not there."""
    assert Proxies(HttpSettings()).judge(["anna"], peer="127.0.0.1") == "silent"
