"""Which addresses the name of a remote API may stand for."""

from __future__ import annotations

import pytest

from collector.api.reach import unreachable


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.254", "0.0.0.0", "169.254.169.254", "224.0.0.1",  # noqa: S104 - hostile answers
        "::1", "::", "fe80::1", "fe80::1%2", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
    ],
)  # fmt: skip
def test_this_machine_and_its_link_are_no_remote_api(address: str) -> None:
    """D10: in either family, and in the one written as the other."""
    assert unreachable("api.example", [address, "84.201.0.1"]) == {address}


@pytest.mark.parametrize(
    "address", ["84.201.181.26", "2a0d:d6c0::1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "fd00::1"]
)
def test_the_world_and_private_networks_may_hold_it(address: str) -> None:
    """D10: an installation of one's own lives in a private network."""
    assert unreachable("api.example", [address]) == set()


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "localhost."])
def test_localhost_says_openly_what_it_is(host: str) -> None:
    """D10: nobody is deceived by it."""
    assert unreachable(host, ["127.0.0.1", "::1"]) == set()


@pytest.mark.parametrize("host", ["localhost.example", "api.localhost", "notlocalhost"])
def test_a_name_that_only_resembles_localhost_is_a_remote_one(host: str) -> None:
    """D10: whoever owns the name says where it leads."""
    assert unreachable(host, ["127.0.0.1"]) == {"127.0.0.1"}
