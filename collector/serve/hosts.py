"""
Whether a request was meant for this machine. No I/O: the values of its Host header go in, a verdict comes out.

On loopback nobody is asked for a token, since only this machine gets there. But so does every browser on it: a site may
let its own name lead to 127.0.0.1 (DNS rebinding), and read what is there as if it were its own. Its requests say that
name. An address cannot be led elsewhere, nor can `localhost`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Final

_HOST: Final = re.compile(r"(?:\[(?P<six>[^\]]*)\]|(?P<name>[^:\[\]]*))(?::[0-9]*)?")
_LOCAL: Final = "localhost"


def names_us(hosts: Iterable[str]) -> bool:
    """Tell whether all of them are addresses or `localhost` (RFC 6761, 6.3). No header is no browser."""
    return all(_is_local(host) for host in hosts)


def _is_local(host: str) -> bool:
    match = _HOST.fullmatch(host.strip())
    if match is None:
        return False
    name = match["six"] or match["name"] or ""
    local = name.lower().removesuffix(".")
    return local == _LOCAL or local.endswith(f".{_LOCAL}") or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
