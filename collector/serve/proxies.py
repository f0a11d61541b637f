"""
Whether a proxy vouches for who asks. No I/O: a header's values and the connection's address go in, a verdict comes out.

The header counts only from the addresses that are named, and only if it is unmistakable. Whoever else sends it
pretends to be one, and is refused, whatever it has beside it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal

from collector.config import parse_network

if TYPE_CHECKING:
    from collector.config import HttpSettings

Verdict = Literal["vouched", "silent", "refused"]

NOBODYS_HEADER: Final = "X-No-Such-Header"
"""What is looked for where no proxy is trusted. Nothing comes of it, there or not."""


class Proxies:
    """Who may vouch, and in which header."""

    def __init__(self, settings: HttpSettings) -> None:
        """Trust those that the configuration names; by default nobody."""
        self.header = settings.proxy_user_header or NOBODYS_HEADER
        self._networks = [parse_network(text) for text in settings.trusted_proxies]

    def judge(self, values: Sequence[str], *, peer: str | None) -> Verdict:
        """
        Say what the header is worth.

        Args:
            values: of the header, one for each time it was sent.
            peer: the address that the connection comes from; None: it is not known, or not an address.
        """
        if not self._networks or not values:
            return "silent"
        # A proxy that joins what a client sent with what it says itself would write a comma.
        is_clear = len(values) == 1 and values[0].strip() and "," not in values[0] and values[0].isprintable()
        return "vouched" if is_clear and self._trusts(peer) else "refused"

    def _trusts(self, peer: str | None) -> bool:
        try:
            address = ipaddress.ip_address(peer or "")
        except ValueError:
            return False
        # Who listens on all addresses of IPv6 sees those of IPv4 in its clothes.
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self._networks)
