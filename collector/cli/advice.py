"""What to do about a fault on the way to the API, in a sentence. No I/O."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from collector.services import SERVICES

if TYPE_CHECKING:
    from collector.errors import ListingError
    from collector.records import Cluster

PROXY_VARIABLES: Final = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")

_BY_WORDS: Final = {
    "network": (
        ("name was not resolved", "no such name: check {address}, and the name servers that this machine asks"),
        (
            f"[Errno {errno.ECONNREFUSED}]",
            "nothing listens there, or a firewall refuses: check {address} and the way out",
        ),
        (f"[Errno {errno.EHOSTUNREACH}]", "no route leads there: check the way out of this network"),
        (f"[Errno {errno.ENETUNREACH}]", "no route leads there: check the way out of this network"),
    ),
    "tls": (
        ("Hostname mismatch", "the certificate is another host's: check {address}, and who answers in its place"),
        ("IP address mismatch", "the certificate is for a name: put the name, not the address, in {address}"),
        ("expired", "the certificate has expired: check this machine's clock, then whose certificate it is"),
        ("not yet valid", "the certificate is not valid yet: check this machine's clock"),
        ("issuer certificate", "its authority is unknown here: install the system's certificate authorities"),
        ("self-signed", "its authority is unknown here: something between us and the API opens TLS"),
    ),
}
"""Of one kind of fault, what its message says more exactly; the first words that are found."""

_BY_KIND: Final = {
    "unauthenticated": "the API refuses the credential: is the token expired, or of another cloud?",
    "tls": "check the system's certificate authorities, and whether something between us and the API opens TLS",
    "network": "check the network on the way to {address}",
    "timeout": "something swallows what we send: check the firewall on the way to {address}",
    "redirected": "check {address}: redirects are never followed",
    "bad_answer": "check {address}: what answers there is not the API",
    "throttled": "others use up the quota: lower api.requests_per_second, or try again later",
    "server_failed": "the API is not well: try again later",
}
_UNREACHED: Final = frozenset({"tls", "network", "timeout", "redirected"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What is known beside the fault itself."""

    address: str = "api.mdb_url or api.endpoints_from"
    """The settings that say where was called."""
    configured_folder: str | None = None
    stored_folder: str | None = None
    """What the inventory remembers."""
    answers_in_html: bool = False
    """Whether what came was a web page."""
    proxies: tuple[str, ...] = ()
    """The variables in the environment that name a proxy; their values may hold a password."""


def proxies_in(env: Mapping[str, str]) -> tuple[str, ...]:
    """Name the variables, in capitals or not, that would have other programs use a proxy."""
    return tuple(spelt for name in PROXY_VARIABLES for spelt in (name, name.lower()) if env.get(spelt))


def advise(fault: ListingError, cluster: Cluster, known: Circumstances) -> str | None:
    """Say what to do about a cluster's fault; None where the fault says all there is."""
    match fault.kind:
        case "permission_denied":
            return _grant(cluster, known)
        case "not_found":
            return _look_elsewhere(cluster, known)
        case _:
            return advise_anywhere(fault, known)


def advise_anywhere(fault: ListingError, known: Circumstances) -> str | None:
    """Say what to do about a fault that is the same whatever was asked for."""
    if fault.kind == "bad_answer" and known.answers_in_html:
        advice: str | None = "a web page came: a proxy or a login page answers in the API's place"
    else:
        advice = _by_words(fault.kind, str(fault)) or _BY_KIND.get(fault.kind)
    if advice is not None:
        advice = advice.format(address=known.address)
    if advice and known.proxies and (fault.kind in _UNREACHED or known.answers_in_html):
        names = " and ".join(known.proxies)
        return f"{advice}; {names} is set, but proxies are not used: the API must be reached directly"
    return advice


def _by_words(kind: str, message: str) -> str | None:
    lowered = message.lower()
    return next((advice for words, advice in _BY_WORDS.get(kind, ()) if words.lower() in lowered), None)


def _grant(cluster: Cluster, known: Circumstances) -> str:
    product = SERVICES[cluster.service].path.partition("/")[0]
    folder = known.configured_folder or known.stored_folder
    place = f"folder {folder}" if folder else "the cluster's folder"
    return (
        "the service account has no right to see this cluster's backups: "
        f"give it the role {product}.viewer or mdb.viewer on {place}"
    )


def _look_elsewhere(cluster: Cluster, known: Circumstances) -> str:
    if known.configured_folder:
        place = f"; its folder is configured as {known.configured_folder}: is it there?"
    elif known.stored_folder:
        place = f"; the inventory knows it from folder {known.stored_folder}: was it deleted there?"
    else:
        place = ""
    return (
        f"no such cluster, or none that this credential may see: check its id, and whether it is one of service "
        f"{cluster.service}, for an id of another service is not found either{place}"
    )
