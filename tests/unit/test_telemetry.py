"""When traces are sent, and that a span costs nothing when they are not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from collector.errors import UsageError
from collector.telemetry import is_asked_for
from collector.traces import span

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    "env, asked",
    [
        ({}, False),
        (ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}, False),
        ({**ENDPOINT, "OTEL_SDK_DISABLED": "TRUE"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, False),
        ({"OTEL_SERVICE_NAME": "collector"}, False),
    ],
)
def test_the_standard_variables_say_whether_traces_are_sent(env: Mapping[str, str], *, asked: bool) -> None:
    """Off unless an exporter or an address is named."""
    assert is_asked_for(env) is asked


@pytest.mark.parametrize(
    "env, message",
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "only otlp and none"),
        ({**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "http/protobuf only, not by grpc"),
        ({**ENDPOINT, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"}, "http/protobuf only, not by http/json"),
    ],
)
def test_what_is_not_offered_is_refused(env: Mapping[str, str], message: str) -> None:
    """Rather than that spans go where nobody understands them."""
    with pytest.raises(UsageError, match=message):
        is_asked_for(env)


def test_a_span_that_nobody_records_is_one_object_for_all() -> None:
    """Nothing is made, kept or measured."""
    with span("sweep", trace_id="x") as sweep, span("page", url="http://127.0.0.1/?secret") as page:
        sweep.set(outcome="complete")
        page.fail("network")

    assert sweep is page
