"""How spans are made here: an error leaves its type in them, and never what it says."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, Tracer, format_trace_id, use_span
from opentelemetry.util.types import AttributeValue

from server import trace_id


@contextmanager
def span(
    tracer: Tracer,
    name: str,
    attributes: Mapping[str, AttributeValue] | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
    *,
    context: Context | None = None,
    links: tuple[Link, ...] = (),
) -> Iterator[Span]:
    """A span around the block, below the one that is current unless a `context` says otherwise."""
    made = tracer.start_span(name, context, kind, attributes, links)
    with use_span(made, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield made
        except BaseException as error:
            failed(made, type(error).__qualname__)
            raise


def failed(made: Span, why: str) -> None:
    """Marks a span as that of something that failed; `why` is a type or a code."""
    made.set_attribute("error.type", why)
    made.set_status(Status(StatusCode.ERROR))


def note_trace(made: Span) -> None:
    """From now on this task's log lines say to which trace they belong."""
    trace_id.current.set(format_trace_id(made.get_span_context().trace_id))
