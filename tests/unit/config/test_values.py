"""Durations, addresses and labels are exact or refused."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from collector.config import ApiSettings, ClusterSettings, Config
from collector.config.values import format_duration, parse_duration
from collector.records import ClusterId

Load = Callable[..., Config]
Problems = Callable[..., list[str]]


@pytest.mark.parametrize(
    "text, seconds",
    [("90s", 90.0), ("15m", 900.0), ("26h", 93_600.0), ("14d", 1_209_600.0), ("0.5s", 0.5), ("1.5h", 5_400.0)],
    ids=str,
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    """The four units, with or without a fraction."""
    assert parse_duration(text) == seconds


NO_DURATIONS = [
    "", "s", "1", "1.5", "1 s", " 1s", "-1s", "+1s", "1S", "1ms", "1w", "1h30m", ".5s", "1.s", "1e3s", "1_0s",
    "\u0661s", "4000d",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_DURATIONS)
def test_any_other_duration_is_refused(text: str) -> None:
    """No sign, no space, no second unit, nothing past ten years."""
    with pytest.raises(ValueError, match=r"duration|at most 3650d"):
        parse_duration(text)


@given(seconds=st.one_of(st.integers(0, 10**8).map(float), st.integers(0, 10**9).map(lambda n: n / 1000)))
def test_durations_survive_being_written(seconds: float) -> None:
    """What the schema and the reference page show is what the file would say."""
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, abs=1e-9)


def test_in_python_a_duration_is_seconds() -> None:
    """The attribute's name carries the unit there."""
    settings = ApiSettings(page_timeout_s=0.05)

    assert settings.page_timeout_s == 0.05


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("inf"), float("nan")])
def test_in_python_a_duration_is_bounded_too(seconds: float) -> None:
    """A deadline is a finite time above zero."""
    with pytest.raises(ValidationError):
        ApiSettings(page_timeout_s=seconds)


def test_waiting_may_last_no_time_and_a_deadline_may_not(load: Load, problems: Problems) -> None:
    """`0s` means something for `wait` only."""
    config = load("clusters: [{id: c9q}]\ndatabase: {wait: 0s}")
    found = problems("clusters: [{id: c9q}]\ndatabase: {lock_timeout: 0s}")

    assert config.database.wait_s == 0.0
    assert found == ["config.yaml:2:26: database.lock_timeout: should be greater than 0 (here: '0s')"]


@pytest.mark.parametrize(
    "url, origin",
    [
        ("https://mdb.api.cloud.yandex.net", "https://mdb.api.cloud.yandex.net"),
        ("https://MDB.example:8443/", "https://mdb.example:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost", "http://localhost"),
        ("http://[::1]:99/", "http://[::1]:99"),
        ("https://127.0.0.2", "https://127.0.0.2"),
    ],
)
def test_an_api_address_is_an_origin(url: str, origin: str) -> None:
    """Https with a host name, or loopback; the slash at the end goes."""
    assert ApiSettings(mdb_url=url).mdb_url == origin


NO_ORIGINS = [
    "", "mdb.example", "//mdb.example", "http://mdb.example", "ftp://mdb.example", "file:///etc/passwd", "https://",
    "https:///x", "https://user:pw@mdb.example", "https://user@mdb.example", "https://mdb.example/path",
    "https://mdb.example//", "https://mdb.example?a=b", "https://mdb.example?", "https://mdb.example#a",
    "https://mdb.example:", "https://mdb.example:99999", "https://mdb.example:a", "https://169.254.169.254",
    "http://169.254.169.254", "https://10.0.0.1", "https://[fd00::1]", "https://[::ffff:127.0.0.1]",
    "https://2130706433", "https://0x7f.1", "https://127.1", "http://localhost.example", "https://a b", "https://a\\b",
    "https://mdb.example%2f", "https://mdb.ex\u0430mple", "https://mdb.example\n", "https://[::1", "http://0.0.0.0",
    "https://-a.example", "https://a..example", " https://mdb.example", "javascript://mdb.example/%0a",
]  # fmt: skip


@pytest.mark.parametrize("url", NO_ORIGINS)
def test_any_other_api_address_is_refused(url: str) -> None:
    """Where this address leads, the credential goes."""
    with pytest.raises(ValidationError):
        ApiSettings(mdb_url=url)


DATABASES = [
    "postgresql://h/d", "postgres://u@h:5432/d", "postgresql:///d?host=/run/postgresql", "postgresql://u:${PW}@h/d",
    "postgresql://h1:1,h2:2/d?target_session_attrs=read-write", "postgresql://u@[::1]:5432/d", "${URL}",
]  # fmt: skip


@pytest.mark.parametrize("url", DATABASES)
def test_a_database_url_is_kept_as_it_is(load: Load, url: str) -> None:
    """One host or several, a socket, a password out of the environment."""
    env = {"PW": "pa%2Fss", "URL": "postgresql://u:pa%2Fss@h/d"}

    config = load(f"clusters: [{{id: c9q}}]\ndatabase:\n  url: {url}", env)

    assert config.database.url is not None
    assert config.database.url.get_secret_value() == url.replace("${PW}", env["PW"]).replace("${URL}", env["URL"])


NO_DATABASES = [
    "mysql://h/d", "h/d", "postgresql:/h", "postgresql://u:p/w@h/d", "postgresql://u:p#w@h/d", "postgresql://u:p@w@h/d",
    "postgresql://h:port/d", "postgresql://h d/e",
]  # fmt: skip


@pytest.mark.parametrize("url", NO_DATABASES)
def test_a_database_url_that_would_be_misread_is_refused(problems: Problems, url: str) -> None:
    """A password with / # or @ in it would end up as part of a host, or be dropped."""
    (found,) = problems("clusters: [{id: c9q}]\ndatabase:\n  url: ${URL}", {"URL": url})

    assert found.startswith("config.yaml:3:8: database.url: ")
    assert url not in found


@pytest.mark.parametrize(
    "text, expected",
    [
        ("0b0e5f2c-9a34-4d1e-8c57-6f2d3b1a4e90", UUID("0b0e5f2c-9a34-4d1e-8c57-6f2d3b1a4e90")),
        ("0B0E5F2C-9A34-4D1E-8C57-6F2D3B1A4E90", UUID("0b0e5f2c-9a34-4d1e-8c57-6f2d3b1a4e90")),
        ("", None),
        ("null", None),
        ("${ABSENT:-}", None),
    ],
    ids=["uuid", "capitals", "left-out", "null", "empty"],
)
def test_an_installation_is_a_uuid_or_not_named(load: Load, text: str, expected: UUID | None) -> None:
    """Where none is named, any database will do."""
    config = load(f"clusters: [{{id: c9q}}]\ndatabase:\n  installation: {text}")

    assert config.database.installation == expected


NO_INSTALLATIONS = [
    "prod", "0b0e5f2c9a344d1e8c576f2d3b1a4e90", "0b0e5f2c-9a34-4d1e-8c57-6f2d3b1a4e9",
    "'{0b0e5f2c-9a34-4d1e-8c57-6f2d3b1a4e90}'", "1", "true",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_INSTALLATIONS)
def test_what_is_no_uuid_names_no_installation(problems: Problems, text: str) -> None:
    """It is said where it stands, before any database is asked."""
    (found,) = problems(f"clusters: [{{id: c9q}}]\ndatabase:\n  installation: {text}")

    assert found.startswith("config.yaml:3:17: database.installation: should be a UUID")


@pytest.mark.parametrize("count, accepted", [(64, True), (65, False)], ids=["64", "65"])
def test_a_cluster_has_at_most_64_labels(*, count: int, accepted: bool) -> None:
    """Labels are for grouping, and every one of them is a cost in each query."""
    labels = {f"l{number}": "x" for number in range(count)}

    try:
        outcome: object = dict(ClusterSettings(id=ClusterId("c9q"), labels=labels).labels)
    except ValidationError:
        outcome = None

    assert outcome == (labels if accepted else None)


@pytest.mark.parametrize("labels", [{"": "x"}, {"a" * 64: "x"}, {"a\nb": "x"}, {"a": "x" * 257}], ids=str)
def test_a_label_is_short_and_printable(labels: dict[str, str]) -> None:
    """A key without text or with a line break could not be asked for."""
    with pytest.raises(ValidationError):
        ClusterSettings(id=ClusterId("c9q"), labels=labels)


def test_settings_cannot_be_changed() -> None:
    """A configuration is replaced as a whole, never in part; labels included."""
    cluster = ClusterSettings(id=ClusterId("c9q"), labels={"a": "b"})

    with pytest.raises(ValidationError):
        setattr(cluster, "name", "x")  # noqa: B010  (mypy would refuse the plain assignment, rightly)
    with pytest.raises(TypeError):
        cluster.labels["a"] = "x"  # type: ignore[index]
