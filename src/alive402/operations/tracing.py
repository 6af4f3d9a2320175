"""OpenTelemetry traces for the operator's collector: one span per request, one per stage of its call.

A span names the route, never the path, because the URL of a stored answer grants access to it. No span holds a payer,
a caller's URL or an address; errors appear as their code only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from alive402 import __version__
from alive402.errors import CodedError
from alive402.payments.core import PaymentsMisconfigured
from alive402.stages import CallStage

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, SpanKind

# An unreachable collector loses spans, and delays shutdown by no more than this.
EXPORT_SECONDS = 3


class Tracing:
    """Sends spans to `endpoint`, the collector's base URL, in the background; observes call stages (`Watch`).

    Raises:
        PaymentsMisconfigured: the extra `otel` is not installed.
    """

    def __init__(self, endpoint: str) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            raise PaymentsMisconfigured(
                "Traces need the `otel` extra. Install alive402[server,otel], or unset ALIVE402_OTLP_ENDPOINT."
            ) from error
        resource = Resource.create({"service.name": "alive402", "service.version": __version__})
        # Not the global tracer provider: spans of other packages may hold URLs.
        self._provider: TracerProvider = TracerProvider(resource=resource)
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("alive402", __version__)

    @contextmanager
    def stage(self, name: CallStage) -> Iterator[None]:
        """Open a span for a stage of a call."""
        with self._span(str(name)):
            yield

    @contextmanager
    def request(self, method: str) -> Iterator[Span]:
        """Open the span of a request; it gets its name once the route is known."""
        from opentelemetry.trace import SpanKind

        with self._span(method, SpanKind.SERVER) as span:
            yield span

    async def close(self) -> None:
        """Send the remaining spans, without waiting long for an unreachable collector."""
        await asyncio.to_thread(self._provider.shutdown)

    @contextmanager
    def _span(self, name: str, kind: SpanKind | None = None) -> Iterator[Span]:
        from opentelemetry.trace import SpanKind, Status, StatusCode

        # Exceptions are not recorded, because their messages may hold a URL.
        started = self._tracer.start_as_current_span(
            name, kind=kind or SpanKind.INTERNAL, record_exception=False, set_status_on_exception=False
        )
        with started as span:
            try:
                yield span
            except BaseException as error:
                code = error.code if isinstance(error, CodedError) else type(error).__name__
                span.set_attribute("error.type", code)
                span.set_status(Status(StatusCode.ERROR))
                raise
