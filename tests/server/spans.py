"""The spans of one test, kept in memory."""

from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from server.tracing import TracedParts


class Spans:
    """What `parts` told."""

    def __init__(self) -> None:
        self._kept = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._kept))
        self.parts = TracedParts(provider)

    def all(self) -> list[ReadableSpan]:
        """Those that have ended, in that order."""
        return list(self._kept.get_finished_spans())

    def text(self) -> str:
        """Everything that they say, as it would be sent."""
        return "\n".join(each.to_json(indent=None) for each in self.all())

    def named(self, name: str) -> list[ReadableSpan]:
        return [each for each in self.all() if each.name == name]

    def one(self, name: str) -> ReadableSpan:
        (only,) = self.named(name)
        return only

    def above(self, span: ReadableSpan) -> list[str]:
        """The names of the spans that a span is in, the nearest first."""
        by_id = {each.context.span_id: each for each in self.all() if each.context is not None}
        names: list[str] = []
        while span.parent is not None and span.parent.span_id in by_id:
            span = by_id[span.parent.span_id]
            names.append(span.name)
        return names


def said(span: ReadableSpan) -> dict[str, Any]:
    """The attributes of a span."""
    return dict(span.attributes or {})
