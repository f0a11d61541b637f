"""The service's sections: when it sweeps, where it listens, and that nobody listens wide open by accident."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from collector.config import Config
from collector.config.cron import parse_cron, parse_timezone
from collector.config.serve import parse_address

Load = Callable[..., Config]
Problems = Callable[..., list[str]]

ONE = "clusters: [{id: c9q}]\n"


@pytest.mark.parametrize(
    "text, expected",
    [
        ("*/15 * * * *", "*/15 * * * *"),
        ("  5  4 * * sun ", "5 4 * * sun"),
        ("@hourly", "0 * * * *"),
        ("@Daily", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@annually", "0 0 1 1 *"),
        ("0 0 29 2 *", "0 0 29 2 *"),
    ],
    ids=["plain", "spaces", "hourly", "daily", "weekly", "annually", "leap-day"],
)
def test_a_cron_expression_is_five_fields_or_an_alias(text: str, expected: str) -> None:
    """What cron(5) takes, but for @reboot."""
    assert parse_cron(text) == expected


@pytest.mark.parametrize(
    "text, reason",
    [
        ("0 */15 * * * *", "five fields"),
        ("* * * *", "five fields"),
        ("", "five fields"),
        ("@reboot", "one of @hourly"),
        ("60 * * * *", "bad minute"),
        ("* * 31 2 *", "bad day-of-month"),
        ("0 0 * * monday", "bad day-of-week"),
    ],
    ids=["seconds", "four", "empty", "reboot", "minute", "never", "word"],
)
def test_any_other_cron_expression_is_refused(text: str, reason: str) -> None:
    """Seconds too: a sixth field would shift the meaning of all others."""
    with pytest.raises(ValueError, match=reason):
        parse_cron(text)


@pytest.mark.parametrize("name", ["Nowhere/Atlantis", "", "../etc/passwd", "Europe", "/etc/localtime"])
def test_a_zone_that_is_not_known_is_refused(name: str) -> None:
    """Neither a path nor a folder of the zone database passes for one."""
    with pytest.raises(ValueError, match="time zone"):
        parse_timezone(name)


def test_a_schedule_can_be_switched_off(load: Load) -> None:
    """Null is no schedule; a section that is left out is the default one."""
    assert load(ONE + "schedule: null\n").schedule is None
    default = load(ONE).schedule
    assert default is not None
    assert (default.cron, default.timezone, default.jitter_s) == ("*/15 * * * *", "UTC", 60.0)


def test_a_wrong_schedule_is_told_with_its_line(problems: Problems) -> None:
    """All of it at once, before anything is started."""
    found = problems(ONE + 'schedule:\n  cron: "0 0 30 2 *"\n  timezone: Mars/Olympus\n')

    assert found == [
        "config.yaml:3:9: schedule.cron: is no cron expression: bad day-of-month (here: '0 0 30 2 *')",
        (
            "config.yaml:4:13: schedule.timezone: should be a time zone such as UTC or Europe/Berlin "
            "(here: 'Mars/Olympus')"
        ),
    ]


@pytest.mark.parametrize(
    "text, address",
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("[::1]:0", ("::1", 0)),
        ("localhost:80", ("127.0.0.1", 80)),
        ("0.0.0.0:65535", ("0.0.0.0", 65535)),  # noqa: S104 - only read
    ],
    ids=["four", "six", "localhost", "wide"],
)
def test_an_address_is_read(text: str, address: tuple[str, int]) -> None:
    """An IP address and a port."""
    assert parse_address(text) == address


@pytest.mark.parametrize("text", [":8080", "127.0.0.1", "127.0.0.1:65536", "example:80", "::1:80", "1.2.3:80", "a:b"])
def test_any_other_address_is_refused(text: str) -> None:
    """A name could resolve to more than was meant."""
    with pytest.raises(ValueError, match="should"):
        parse_address(text)


@pytest.mark.parametrize("listen", ["0.0.0.0:80", "'[::]:80'", "10.0.0.1:80"], ids=["all", "all-six", "one"])
def test_listening_wide_needs_a_token_or_a_word(listen: str, load: Load, problems: Problems) -> None:
    """The default is refused; either way out is taken."""
    bare = problems(ONE + f"http: {{listen: {listen}}}\n")

    assert len(bare) == 1
    assert "needs a token, trusted proxies, or unauthenticated: true" in bare[0]
    assert load(ONE + f"http: {{listen: {listen}, token: {{env: T}}}}\n").http.token is not None
    assert load(ONE + f"http: {{listen: {listen}, unauthenticated: true}}\n").http.unauthenticated


def test_a_token_and_no_token_is_refused(problems: Problems) -> None:
    """Which of the two is meant nobody can tell."""
    (found,) = problems(ONE + "http: {token: {env: T}, unauthenticated: true}\n")

    assert "not both" in found


def test_trusted_proxies_guard_a_wide_address(load: Load) -> None:
    """With a token beside them or without."""
    proxies = "trusted_proxies: [10.1.2.3, 'fd00::/8'], proxy_user_header: X-Forwarded-User"

    alone = load(ONE + f"http: {{listen: 0.0.0.0:80, {proxies}}}\n").http
    both = load(ONE + f"http: {{listen: 0.0.0.0:80, {proxies}, token: {{env: T}}}}\n").http

    assert alone.trusted_proxies == both.trusted_proxies == ("10.1.2.3", "fd00::/8")
    assert alone.is_guarded


@pytest.mark.parametrize(
    "http, reason",
    [
        ("trusted_proxies: [10.1.2.3]", "or neither"),
        ("proxy_user_header: X-User", "or neither"),
        ("trusted_proxies: [0.0.0.0/0], proxy_user_header: X-User", "everybody's"),
        ("trusted_proxies: ['::/0'], proxy_user_header: X-User", "everybody's"),
        ("trusted_proxies: [10.1.2.3/8], proxy_user_header: X-User", "without host bits"),
        ("trusted_proxies: [proxy.local], proxy_user_header: X-User", "without host bits"),
        ("trusted_proxies: [10.1.2.3], proxy_user_header: 'X User'", "the name of a header"),
        ("trusted_proxies: [10.1.2.3], proxy_user_header: authorization", "clients send this one"),
        ("trusted_proxies: [10.1.2.3], proxy_user_header: X-Forwarded-For", "clients send this one"),
        ("trusted_proxies: [10.1.2.3], proxy_user_header: X-User, unauthenticated: true", "not both"),
    ],
    ids=["no-header", "no-proxy", "all", "all-six", "bits", "name", "no-token", "credential", "for", "open"],
)
def test_a_trust_that_would_be_none_is_refused(http: str, reason: str, problems: Problems) -> None:
    """Half of it, in everybody, or in what everybody sends."""
    (found,) = problems(ONE + f"http: {{{http}}}\n")

    assert reason in found


def test_a_literal_token_is_refused_and_not_shown(problems: Problems) -> None:
    """As all secrets are."""
    (found,) = problems(ONE + "http: {token: s3cr3t-in-the-file}\n")

    assert "never literal" in found
    assert "s3cr3t" not in found


@pytest.mark.parametrize("url", ["gateway:9091", "ftp://gateway", "http://user:pw@gateway", "http://", "http://g:x"])
def test_a_gateway_is_a_plain_address(url: str, problems: Problems) -> None:
    """No password stands in it, and it says how it is spoken to."""
    (found,) = problems(ONE + f"metrics: {{pushgateway: '{url}'}}\n")

    assert "should be an address like http://pushgateway:9091" in found
