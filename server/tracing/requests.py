"""A span for each HTTP request, below the span that its sender names in `traceparent`.

A WebSocket has none of its own, which would last for hours: its operations are below the span that its upgrade names.
"""

from opentelemetry.context import attach, detach
from opentelemetry.propagate import extract
from opentelemetry.trace import SpanKind, Tracer
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.request_notes import PROBES, route_of
from server.tracing.spans import failed, note_trace, span

CONTEXT = (b"traceparent", b"tracestate", b"baggage")


class TracedFront:
    """ASGI middleware around the front. Paths hold ids and query strings hold values: neither is told."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        given = {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in CONTEXT}
        if scope["type"] == "websocket":
            token = attach(extract(given))
            try:
                await self._app(scope, receive, send)
            finally:
                detach(token)
            return
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"
        route = "/graphql" if scope["path"] == "/graphql" else route_of(scope["path"])
        attributes = {"http.request.method": method, "http.route": route, "url.scheme": scope.get("scheme", "http")}
        name = f"{'HTTP' if method == '_OTHER' else method} {route}"
        with span(self._tracer, name, attributes, SpanKind.SERVER, context=extract(given)) as made:
            note_trace(made)

            async def send_watched(message: Message) -> None:
                if message["type"] == "http.response.start":
                    made.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        failed(made, str(message["status"]))
                await send(message)

            await self._app(scope, receive, send_watched)


METHODS = frozenset({"GET", "HEAD", "POST", "QUERY", "OPTIONS", "PUT", "PATCH", "DELETE"})
