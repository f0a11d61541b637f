"""
Which addresses the name of a remote API may stand for. No I/O.

A name that suddenly leads to this machine, or to a neighbour on its link (metadata services
live there), was rebound: what answers is not the API, and gets no request. Private networks
are allowed, for the cloud's own installations live in them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import TypeAlias

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


def unreachable(host: str, addresses: Iterable[str]) -> set[str]:
    """
    Tell the addresses that `host` may not stand for.

    Args:
        host: the name as configured. `localhost` says openly what it is, and may stand for anything.
        addresses: what it was resolved to.
    """
    if host.rstrip(".").lower() == "localhost":
        return set()
    return {address for address in addresses if not _is_remote(address)}


def _is_remote(text: str) -> bool:
    address: IPAddress = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return not (address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast)
