"""What a person is told to do about a fault."""

from __future__ import annotations

import errno

import pytest

from collector.cli.advice import Circumstances, advise, advise_anywhere, proxies_in
from collector.errors import (
    AnswerTooLarge,
    BadAnswer,
    ClusterNotFound,
    ListingError,
    NetworkFailed,
    PermissionDenied,
    Redirected,
    ServerFailed,
    Throttled,
    TimedOut,
    TlsFailed,
    Unauthenticated,
)
from collector.records import Cluster, ClusterId

CLUSTER = Cluster(id=ClusterId("c9qone"))


def advice(fault: ListingError, **known: object) -> str:
    """Ask, where something is known."""
    return advise(fault, CLUSTER, Circumstances(**known)) or ""  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fault, words",
    [
        (Unauthenticated("401"), "token expired"),
        (TimedOut("no whole answer"), "firewall"),
        (Redirected("302"), "never followed"),
        (BadAnswer("HTTP 200: not a page"), "is not the API"),
        (Throttled("429"), "requests_per_second"),
        (ServerFailed("503"), "later"),
        (NetworkFailed("the name was not resolved: x:443: [Errno -2]"), "no such name"),
        (
            NetworkFailed(f"no connection: x:443: [Errno {errno.ECONNREFUSED}] Connect call failed"),
            "nothing listens there",
        ),
        (NetworkFailed(f"no connection: x:443: [Errno {errno.ENETUNREACH}] Connect call failed"), "no route"),
        (NetworkFailed("the connection broke"), "check the network"),
        (TlsFailed("certificate verify failed: Hostname mismatch, certificate is not valid for 'x'"), "another host's"),
        (TlsFailed("certificate verify failed: unable to get local issuer certificate"), "authority is unknown"),
        (TlsFailed("certificate verify failed: self-signed certificate"), "opens TLS"),
        (TlsFailed("certificate verify failed: certificate has expired"), "has expired"),
        (TlsFailed("TLS failed"), "certificate authorities"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_fault_says_what_to_do(fault: ListingError, words: str) -> None:
    """One sentence each, as exact as the fault's words allow."""
    assert words in advice(fault)


def test_a_fault_that_says_all_there_is_gets_no_advice() -> None:
    """Nothing is said for the sake of saying something."""
    assert advise(AnswerTooLarge("more than 3 pages (pages_max)"), CLUSTER, Circumstances()) is None


@pytest.mark.parametrize(
    "known, place",
    [
        ({}, "the cluster's folder"),
        ({"stored_folder": "b1gstored"}, "folder b1gstored"),
        ({"stored_folder": "b1gstored", "configured_folder": "b1gsaid"}, "folder b1gsaid"),
    ],
    ids=["unknown", "stored", "configured"],
)
def test_a_missing_right_names_the_role_and_the_folder(known: dict[str, object], place: str) -> None:
    """So that the sentence can be handed to whoever grants it."""
    said = advice(PermissionDenied("403"), **known)

    assert "the service account has no right to see" in said
    assert said.endswith(f"give it the role managed-opensearch.viewer or mdb.viewer on {place}")


@pytest.mark.parametrize(
    "known, words",
    [
        ({}, "an id of another service is not found either"),
        ({"configured_folder": "b1gsaid"}, "configured as b1gsaid"),
        ({"stored_folder": "b1gstored"}, "knows it from folder b1gstored"),
    ],
    ids=["unknown", "configured", "stored"],
)
def test_a_cluster_that_is_not_found_may_be_of_another_service(known: dict[str, object], words: str) -> None:
    """The likely causes are named, and the folder where it was."""
    said = advice(ClusterNotFound("404"), **known)

    assert "one of service opensearch" in said
    assert words in said


@pytest.mark.parametrize(
    "fault, html, said",
    [
        (NetworkFailed("no connection"), False, True),
        (TimedOut("no connection"), False, True),
        (BadAnswer("Content-Type is text/html"), True, True),
        (BadAnswer("not a page"), False, False),
        (Unauthenticated("401"), False, False),
    ],
    ids=["network", "timeout", "html", "json", "refused"],
)
def test_a_proxy_that_is_not_used_is_named_where_the_api_is_not_reached(
    fault: ListingError, *, html: bool, said: bool
) -> None:
    """Whoever set the variable expects it to be used."""
    text = advice(fault, answers_in_html=html, proxies=("HTTPS_PROXY",))

    assert ("HTTPS_PROXY is set, but proxies are not used" in text) is said


def test_proxies_are_named_without_their_values() -> None:
    """An address may hold a password; small letters count, an empty value does not."""
    env = {"https_proxy": "http://user:secret@proxy:3128", "HTTP_PROXY": "", "ALL_PROXY": "socks5://x", "NO_PROXY": "*"}

    assert proxies_in(env) == ("https_proxy", "ALL_PROXY")


@pytest.mark.parametrize(
    "known, settings",
    [
        (Circumstances(), "check api.mdb_url or api.endpoints_from"),
        (Circumstances(address="api.resource_manager_url"), "check api.resource_manager_url"),
    ],
    ids=["backups", "folders"],
)
def test_the_settings_that_led_there_are_named(known: Circumstances, settings: str) -> None:
    """The address may stand in the configuration, or come from the list that the configuration names."""
    assert settings in (advise_anywhere(Redirected("302"), known) or "")
