"""Traces by OpenTelemetry, where a site asks for them (`osteocds[otel]`): one span an answered hook, its steps, its FHIR calls.

They are made of what was measured once the answer is there, so that nothing between knows of them. What a span says is ours:
ids of services, clients and rules, outcomes, the listed address of a FHIR server; nothing of patient, request or error.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mappings.wording import Said, _
from service.edge import logs
from service.pipeline import HookAnswer
from service.settings import InvalidSetting, Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

NANOSECONDS = 1_000_000_000


class Traces:
    """The spans of one process."""

    def __init__(self, exporter: SpanExporter) -> None:
        """Raises `ImportError` where the extra is not installed."""
        from importlib.metadata import version  # noqa: PLC0415 - for sites that ask for traces

        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - as above
        from opentelemetry.sdk.trace import SpanLimits, TracerProvider  # noqa: PLC0415 - as above
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - as above
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415 - as above

        name = {"service.name": "osteocds", "service.version": version("osteocds")}
        self._provider = TracerProvider(
            resource=Resource.create(name), span_limits=SpanLimits(max_span_attribute_length=logs.LONGEST_VALUE)
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("osteocds")
        self._read = TraceContextTextMapPropagator().extract

    def tell(self, answer: HookAnswer, said: Mapping[str, Any], traceparent: str, now: float) -> None:
        """The spans of an answer that is ready `now` (`time.monotonic`); `said` is what the log says of it.

        Its parent is the client's, where its `traceparent` names one (W3C Trace Context).
        """
        from opentelemetry.trace import SpanKind, set_span_in_context  # noqa: PLC0415 - as above

        since_1970 = time.time_ns() - time.monotonic_ns()

        def at(moment: float) -> int:
            return since_1970 + int(moment * NANOSECONDS)

        began = answer.steps[0][1] if answer.steps else now
        parent = self._read({"traceparent": traceparent})
        whole = self._tracer.start_span(
            "hook",
            parent,
            SpanKind.SERVER,
            {f"osteocds.{name}": said[name] for name in SAID if name in said},
            start_time=at(began),
        )
        inside = set_span_in_context(whole)
        for step, started, ended in answer.steps:
            self._tracer.start_span(step, inside, start_time=at(started)).end(at(ended))
        for call in answer.fhir_calls:
            told = {"osteocds.fhir_base": call.base, "osteocds.outcome": call.outcome}
            span = self._tracer.start_span("fhir", inside, SpanKind.CLIENT, told, start_time=at(call.began))
            span.end(at(now if call.ended is None else call.ended))
        whole.end(at(now))

    def close(self) -> None:
        """Send what was not sent yet."""
        self._provider.shutdown()


SAID = ("service", "client", "hook_instance", "cards", "rules", "fhir_calls")
"""What of the line of the log a span says."""


def traces_of(settings: Settings) -> Traces | None:
    """Those that a site asks for, sent by OTLP over HTTP to where the `OTEL_EXPORTER_OTLP_...` variables say.

    Raises `InvalidSetting` where the extra is not installed.
    """
    if not settings.traces:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - as above
            OTLPSpanExporter,
        )

        return Traces(OTLPSpanExporter())
    except ImportError as error:
        told = _("OSTEOCDS_TRACES needs OpenTelemetry: pip install osteocds[otel]")
        raise InvalidSetting(Said(told)) from error
