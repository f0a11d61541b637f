"""
Traces by OpenTelemetry, for who asks for them in the environment. The only module that knows its libraries.

A thread of the SDK sends what has ended, by OTLP over HTTP, from a queue with a bound: where nobody takes it spans are
lost, and no sweep waits. Attributes are those of the table below; exceptions are recorded by their kind alone, since
their texts and frames may hold more than a trace should.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

import structlog

from collector import __version__
from collector.errors import CollectorError, UsageError
from collector.traces import Fact, Name, record_with

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

log = structlog.get_logger()

FLUSH_S: Final = 2.0
"""How long the end of the process waits for the last spans to be taken."""
SPANS_MAX: Final = 8192
"""Spans that wait to be sent; $OTEL_BSP_MAX_QUEUE_SIZE goes before it."""
SERVICE_NAME: Final = "backup-inventory-collector"

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_ATTRIBUTES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cluster_id": "collector.cluster.id",
        "clusters": "collector.sweep.clusters",
        "listing_id": "collector.listing.id",
        "outcome": "collector.outcome",
        "pages": "collector.listing.pages",
        "request_id": "collector.request.id",
        "requests": "collector.sweep.requests",
        "restarts": "collector.listing.restarts",
        "service": "collector.cluster.service",
        "shard": "collector.sweep.shard",
        "status": "http.response.status_code",
        "sweep_id": "collector.sweep.id",
    }
)
_OF_THE_DATABASE: Final = MappingProxyType({"db.system.name": "postgresql"})

_wanted_trace: ContextVar[str | None] = ContextVar("wanted_trace", default=None)


def is_asked_for(env: Mapping[str, str]) -> bool:
    """
    Tell whether traces are to be sent: an exporter is named, or an address to send to is.

    Raises:
        UsageError: in a way that is not offered here.
    """
    exporter = env.get("OTEL_TRACES_EXPORTER", "")
    if env.get("OTEL_SDK_DISABLED", "").lower() == "true" or exporter == "none":
        return False
    if exporter not in {"", "otlp"}:
        raise UsageError(f"OTEL_TRACES_EXPORTER is {exporter}; only otlp and none are offered")
    asked = exporter == "otlp" or any(env.get(name) for name in _ENDPOINTS)
    protocol = next((env[name] for name in _PROTOCOLS if env.get(name)), "http/protobuf")
    if asked and protocol != "http/protobuf":
        raise UsageError(f"traces are sent by http/protobuf only, not by {protocol}: see OTEL_EXPORTER_OTLP_PROTOCOL")
    return asked


@contextmanager
def traced(env: Mapping[str, str]) -> Iterator[None]:
    """
    Send traces meanwhile, if the environment asks for them. To be entered outside the event loop.

    Raises:
        UsageError: they are asked for and cannot be sent: the extra `otel` is not installed.
    """
    if not is_asked_for(env):
        yield
        return
    provider = _provider(env)
    record_with(_Recorder(provider))
    try:
        yield
    finally:
        record_with(None)
        # Its own limit is half a minute; ours is what is left behind.
        last = threading.Thread(target=provider.shutdown, name="traces-flush", daemon=True)
        last.start()
        last.join(FLUSH_S)


def _provider(env: Mapping[str, str]) -> TracerProvider:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as exc:
        raise UsageError(f"traces are asked for, but {exc.name} is not installed: install the extra `otel`") from None
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # it tells each attempt; we tell each outage
    names = {"service.name": SERVICE_NAME} if not env.get("OTEL_SERVICE_NAME") else {}
    resource = Resource.create({**names, "service.version": __version__})
    provider = TracerProvider(resource=resource, id_generator=_ids(), shutdown_on_exit=False)
    spans_max = None if env.get("OTEL_BSP_MAX_QUEUE_SIZE") else SPANS_MAX
    provider.add_span_processor(BatchSpanProcessor(_told(OTLPSpanExporter()), max_queue_size=spans_max))
    return provider


def _ids() -> Any:
    """Make the ids: a sweep's trace has the id that stands in its log lines and that the API was sent."""
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class Ids(RandomIdGenerator):
        def generate_trace_id(self) -> int:
            wanted = _wanted_trace.get()
            return uuid.UUID(wanted).int if wanted else super().generate_trace_id()

    return Ids()


def _told(exporter: SpanExporter) -> SpanExporter:
    """Say when spans begin to be lost, once for each outage."""
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    class Told(SpanExporter):
        is_lossy = False

        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            result = exporter.export(spans)
            if result is not SpanExportResult.SUCCESS and not self.is_lossy:
                log.warning("traces.lost", spans=len(spans))
            self.is_lossy = result is not SpanExportResult.SUCCESS
            return result

        def shutdown(self) -> None:
            exporter.shutdown()

    return Told()


class _Recorder:
    """Spans of our words as spans of OpenTelemetry."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("collector", __version__)

    def start(self, name: Name, facts: dict[str, Fact]) -> _Recorded:
        return _Recorded(self._tracer, name, facts)


class _Recorded:
    """One span. A context manager."""

    __slots__ = ("_facts", "_name", "_span", "_token", "_tracer")

    def __init__(self, tracer: Any, name: Name, facts: dict[str, Fact]) -> None:
        self._tracer = tracer
        self._name = name
        self._facts = facts

    def __enter__(self) -> Self:
        from opentelemetry import context, trace

        facts = self._facts
        reset = _wanted_trace.set(str(facts.pop("trace_id"))) if "trace_id" in facts else None
        kind = trace.SpanKind.CLIENT if self._name in {"page", "merge", "confirm"} else trace.SpanKind.INTERNAL
        fixed = _of_address(str(facts.pop("url"))) if "url" in facts else {}
        fixed |= _OF_THE_DATABASE if self._name in {"merge", "confirm"} else {}
        self._span = self._tracer.start_span(self._name, kind=kind, attributes={**fixed, **_attributes(facts)})
        self._token = context.attach(trace.set_span_in_context(self._span))
        if reset is not None:
            _wanted_trace.reset(reset)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from opentelemetry import context

        if error is not None:
            self.set(status=getattr(error, "status", None))
            self.fail(error.kind if isinstance(error, CollectorError) else type(error).__name__)
        context.detach(self._token)
        self._span.end()

    def set(self, **facts: Fact) -> None:
        self._span.set_attributes(_attributes(facts))

    def fail(self, kind: str | None) -> None:
        from opentelemetry.trace import StatusCode

        if kind is None:
            return
        self._span.set_attribute("error.type", kind)
        self._span.set_status(StatusCode.ERROR, kind)


def _attributes(facts: Mapping[str, Fact]) -> dict[str, str | int]:
    return {_ATTRIBUTES[name]: value for name, value in facts.items() if value is not None}


def _of_address(url: str) -> dict[str, str | int]:
    """Say where a request goes, by the conventions for HTTP clients, without its query: that holds page tokens."""
    parts = urlsplit(url)
    return {
        "http.request.method": "GET",
        "server.address": parts.hostname or "",
        "server.port": parts.port or {"https": 443}.get(parts.scheme, 80),
        "url.full": f"{parts.scheme}://{parts.netloc}{parts.path}",
    }
