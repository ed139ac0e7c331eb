"""Operations answered as streams: over WebSocket (graphql-transport-ws) and as server-sent events (graphql-sse)."""

from server.streams.operations import Operations
from server.streams.server_sent_events import ServerSentEvents
from server.streams.websocket import WebSockets

__all__ = ["Operations", "ServerSentEvents", "WebSockets"]
