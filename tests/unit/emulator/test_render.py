"""Rendering against google.protobuf, the authority on proto3 JSON."""

from __future__ import annotations

import json

import pytest
from google.protobuf import json_format  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from yandex.cloud.mdb.opensearch.v1 import cluster_pb2, cluster_service_pb2

from collector.emulator import INSTANT_NS_MAX, INSTANT_NS_MIN, EmulatedBackup, render_backup, render_timestamp
from collector.emulator.clusters import EmulatedCluster
from collector.emulator.listings import render_cluster
from collector.emulator.messages import MESSAGES
from collector.emulator.render import render_page
from collector.emulator.routes import PATHS
from collector.errors import UsageError
from tests import vendor

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
INT64S = st.just(0) | st.integers(min_value=-(2**63), max_value=2**63 - 1)
INSTANTS = st.one_of(
    st.integers(min_value=INSTANT_NS_MIN, max_value=INSTANT_NS_MAX),
    *(
        st.integers(min_value=INSTANT_NS_MIN // step, max_value=INSTANT_NS_MAX // step).map(step.__mul__)
        for step in (10**3, 10**6, 10**9)
    ),
)
NAMES = st.lists(TEXTS, max_size=4).map(tuple)
ENUMS = {
    "type": st.sampled_from(["", "AUTOMATED", "MANUAL"]),
    "method": st.sampled_from(["", "BASE"]),
    "status": st.sampled_from(["", "DONE", "CREATING"]),
}
"""The words that are the same in every service."""

BACKUPS = st.builds(
    EmulatedBackup,
    id=TEXTS,
    folder_id=TEXTS,
    source_cluster_id=TEXTS,
    started_at_ns=st.none() | INSTANTS,
    created_at_ns=st.none() | INSTANTS,
    indices=NAMES,
    opensearch_version=TEXTS,
    size_bytes=INT64S,
    indices_total=INT64S,
    incremental_size_bytes=INT64S,
    total_size_bytes=INT64S,
    free_space_required_bytes=INT64S,
    elasticsearch_version=TEXTS,
    **ENUMS,
    journal_size_bytes=INT64S,
    shared_size_bytes=INT64S,
    source_shard_names=NAMES,
    databases=NAMES,
    retention_policy_id=TEXTS,
    retention_policy_name=TEXTS,
    retain_until_ns=st.none() | INSTANTS,
)
SERVICES = pytest.mark.parametrize("service", vendor.SERVICES)


def test_every_service_is_emulated() -> None:
    """Those of the vendor's messages, and each has a path."""
    assert set(MESSAGES) == set(PATHS) == set(vendor.SERVICES)


@SERVICES
@given(backup=BACKUPS)
def test_a_backup_is_written_as_protobuf_writes_it(service: str, backup: EmulatedBackup) -> None:
    """Keys, their order, omissions, int64 strings, enums and instants are those of google.protobuf, for all values."""
    expected = json_format.MessageToDict(vendor.message_of(backup, service))

    rendered = render_backup(backup, service=service)

    assert list(json.loads(rendered).items()) == list(expected.items())


@SERVICES
@given(backup=BACKUPS)
def test_defaults_are_printed_as_protobuf_prints_them(service: str, backup: EmulatedBackup) -> None:
    """With defaults printed only absent messages stay out; an enum that is not set has its word for that."""
    expected = json_format.MessageToDict(vendor.message_of(backup, service), always_print_fields_with_no_presence=True)

    rendered = render_backup(backup, service=service, print_defaults=True)

    assert json.loads(rendered) == expected


@SERVICES
@given(backup=BACKUPS)
def test_protobuf_reads_back_what_was_written(service: str, backup: EmulatedBackup) -> None:
    """The round trip through the real message loses nothing."""
    rendered = render_backup(backup, service=service)

    message = json_format.Parse(rendered, vendor.message_class(service)())

    assert message == vendor.message_of(backup, service)


@pytest.mark.parametrize(
    "instant_ns,text",
    [
        pytest.param(INSTANT_NS_MIN, "0001-01-01T00:00:00Z", id="first"),
        pytest.param(INSTANT_NS_MAX, "9999-12-31T23:59:59.999999999Z", id="last"),
        pytest.param(-1, "1969-12-31T23:59:59.999999999Z", id="before the epoch"),
        pytest.param(1_704_796_708_683_000_000, "2024-01-09T10:38:28.683Z", id="three digits"),
        pytest.param(1_704_796_708_683_010_000, "2024-01-09T10:38:28.683010Z", id="six digits"),
        pytest.param(1_704_796_708_000_000_001, "2024-01-09T10:38:28.000000001Z", id="nine digits"),
    ],
)
def test_an_instant_has_as_many_digits_as_it_needs_in_threes(instant_ns: int, text: str) -> None:
    """Fractions have 0, 3, 6 or 9 digits."""
    rendered = render_timestamp(instant_ns)

    assert rendered == text


@pytest.mark.parametrize("instant_ns", [INSTANT_NS_MIN - 1, INSTANT_NS_MAX + 1], ids=["before", "after"])
def test_an_instant_outside_the_range_is_refused(instant_ns: int) -> None:
    """Protobuf has no such instant, so the emulator does not invent one."""
    with pytest.raises(UsageError, match="outside the years"):
        render_timestamp(instant_ns)


def test_an_empty_last_page_is_an_empty_object() -> None:
    """Both fields are at their defaults, so neither is written."""
    page = render_page("backups", [], "")

    assert page == b"{}"


@pytest.mark.parametrize("print_defaults", [False, True], ids=["omitted", "printed"])
def test_a_page_is_a_list_response(*, print_defaults: bool) -> None:
    """The real response message reads a page back."""
    backup = EmulatedBackup(id="c9q1", size_bytes=3)

    page = render_page("backups", [render_backup(backup)], "next", print_defaults=print_defaults)

    message = json_format.Parse(page, cluster_service_pb2.ListClusterBackupsResponse())
    assert message.next_page_token == "next"
    assert list(message.backups) == [vendor.message_of(backup, "opensearch")]


def test_a_cluster_is_a_cluster_message() -> None:
    """The real message knows every field and enum value that is written."""
    cluster = EmulatedCluster(id="c9q1", folder_id="b1g1", name="logs", labels={"env": "prod"}, created_at_ns=10**18)

    message = json_format.Parse(render_cluster(cluster), cluster_pb2.Cluster())

    assert (message.id, message.folder_id, message.name) == ("c9q1", "b1g1", "logs")
    assert dict(message.labels) == {"env": "prod"}
    assert message.status == cluster_pb2.Cluster.RUNNING
    assert message.created_at.seconds == 10**9
