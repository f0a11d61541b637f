"""Where the machine's metadata service is. No I/O."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Final

from collector.errors import CredentialError

METADATA_VARIABLE: Final = "YC_METADATA_ADDR"
METADATA_HOST: Final = "169.254.169.254"

_HOST: Final = re.compile(
    r"(?:[A-Za-z0-9][A-Za-z0-9-]{0,62}(?:\.[A-Za-z0-9-]{1,63}){0,126}\.?|\[(?P<ipv6>[0-9A-Fa-f:.]{2,45})\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
)
_PORT_MAX: Final = 65_535


def metadata_host(env: Mapping[str, str]) -> str:
    """Read the host, with its port if it has one, from `$YC_METADATA_ADDR`; else it is that of every cloud machine."""
    host = env.get(METADATA_VARIABLE) or METADATA_HOST
    if not _is_host(host):
        raise CredentialError(f"{METADATA_VARIABLE} should be a host, or a host and a port (there: {host[:60]!r})")
    return host


def _is_host(text: str) -> bool:
    """Tell whether it is a host, or a host and a port, that can stand in a URL."""
    match = _HOST.fullmatch(text)
    if match is None or int(match["port"] or 0) > _PORT_MAX:
        return False
    try:
        ipaddress.IPv6Address(match["ipv6"] or "::1")
    except ValueError:
        return False
    return True
