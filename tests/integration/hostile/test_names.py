"""The name of the API: not there, not answered, or leading somewhere else."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from collector.api.transport.wire import _RemoteResolver
from collector.errors import NetworkFailed, TimedOut
from tests.integration.api.listed import list_cluster
from tests.scripted import ScriptedServer, page

NAME = "mdb.api.example"


class Resolver:
    """What the machine answers when a name is looked up."""

    def __init__(self) -> None:
        """Know no name."""
        self.asked: list[str] = []
        self.addresses: list[str] = []
        self.fault: int | None = None
        self.answering = threading.Event()
        """Cleared: a lookup hangs until it is set."""
        self.answering.set()

    def look_up(self, host: str, port: int, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
        """Stand in for `socket.getaddrinfo`."""
        self.asked.append(host)
        self.answering.wait(30)
        if self.fault is not None:
            raise socket.gaierror(self.fault, "scripted")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in self.addresses]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    """Answer lookups in the operating system's place; nothing of ours is replaced."""
    resolver = Resolver()
    monkeypatch.setattr(socket, "getaddrinfo", resolver.look_up)
    yield resolver
    resolver.answering.set()


def renamed(server: ScriptedServer, name: str = NAME) -> str:
    """Write a server's address with a name instead of its number."""
    scheme = "http" if name == "localhost" else "https"
    return f"{scheme}://{name}:{server.url.rpartition(':')[2]}"


@pytest.mark.parametrize("fault", [socket.EAI_NONAME, socket.EAI_AGAIN, socket.EAI_FAIL], ids=["none", "again", "fail"])
async def test_a_name_that_is_not_resolved_is_retried_then_failed(resolver: Resolver, fault: int) -> None:
    """D9: as often as configured, with the name and what the resolver said."""
    resolver.fault = fault
    async with ScriptedServer([]) as server:
        listed = await list_cluster(server, mdb_url=renamed(server), attempts=3)

    assert isinstance(listed.error, NetworkFailed)
    assert f"the name was not resolved: {NAME}:" in str(listed.error)
    assert resolver.asked == [NAME] * 3


async def test_a_lookup_that_hangs_ends_at_the_connect_deadline(resolver: Resolver) -> None:
    """D9: the lookup is part of making a connection."""
    resolver.answering.clear()
    async with ScriptedServer([]) as server:
        listed = await list_cluster(server, mdb_url=renamed(server), connect_timeout_s=0.1, attempts=1)

    assert isinstance(listed.error, TimedOut)
    assert str(listed.error) == "no connection within 0.1 s"


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "169.254.169.254"])  # noqa: S104 - a hostile answer
async def test_a_name_that_leads_to_this_machine_or_its_link_is_not_connected_to(
    resolver: Resolver, address: str
) -> None:
    """D10: no connection, not even for a certificate; the failure names the address."""
    resolver.addresses = [address]
    async with ScriptedServer([page()]) as server:
        listed = await list_cluster(server, mdb_url=renamed(server), attempts=2)

    assert type(listed.error) is NetworkFailed
    assert f"{NAME} stands for {address}" in str(listed.error)
    assert (server.connections, listed.traffic.requests) == (0, 2)
    assert (listed.error.__cause__, listed.error.__context__) == (None, None)


async def test_localhost_is_this_machine(resolver: Resolver) -> None:
    """D10: it says so openly."""
    resolver.addresses = ["127.0.0.1"]
    async with ScriptedServer([page({"id": "1"})]) as server:
        listed = await list_cluster(server, mdb_url=renamed(server, "localhost"))

    assert listed.records == [b'{"id": "1"}']


async def test_of_several_addresses_those_that_may_be_are_left(resolver: Resolver) -> None:
    """D10: a stray address neither hides the API's own nor is tried."""
    resolver.addresses = ["127.0.0.1", "192.0.2.1", "169.254.0.9"]

    found = await _RemoteResolver().resolve(NAME, 443)

    assert [each["host"] for each in found] == ["192.0.2.1"]
