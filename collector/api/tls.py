"""How a server proves who it is: by the system's certificate authorities, with no switch to turn that off."""

from __future__ import annotations

import ssl


def tls_context() -> ssl.SSLContext:
    """Verify the server by the system's authorities. Built by hand: the library's default writes `SSLKEYLOGFILE`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    context.set_alpn_protocols(["http/1.1"])
    return context
