"""WebSocket on /graphql: who may connect, and with which protocol."""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.types import Receive, Scope, Send

from server import request_id
from server.graphql_request import RequestRefused
from server.streams.conversation import Conversation
from server.streams.messages import PROTOCOL, CloseCode
from server.streams.operations import Operations
from server.streams.patience import Patience
from server.streams.places import Places


class WebSockets:
    """An ASGI application for WebSocket connections.

    A browser may connect from a page of our own, or of one of the `origins` (scheme, host and port). The id that the
    upgrade gives itself, or is given, is in its answer, and in the ids of its operations.
    """

    def __init__(
        self, operations: Operations, patience: Patience, places: Places, origins: Collection[str] = ()
    ) -> None:
        self._operations = operations
        self._patience = patience
        self._places = places
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        own_id = scope["request_id"] = request_id.request_id_of(dict(scope["headers"]).get(b"x-request-id", b""))
        request_id.current.set(own_id)
        described = [(b"x-request-id", own_id.encode())]
        if scope["path"] != "/graphql" or not self._is_welcome(scope):
            await send({"type": "websocket.close"})  # before it was accepted: answered with 403
            return
        if PROTOCOL not in scope["subprotocols"]:
            # With one that was asked for, or browsers hear no code.
            offered = next(iter(scope["subprotocols"]), None)
            await send({"type": "websocket.accept", "subprotocol": offered, "headers": described})
            await send({"type": "websocket.close", "code": CloseCode.NO_SUBPROTOCOL, "reason": f"speak {PROTOCOL}"})
            return
        await send({"type": "websocket.accept", "subprotocol": PROTOCOL, "headers": described})
        try:
            with self._places.taken(scope):
                await Conversation(self._operations, self._patience, scope, receive, send).hold()
        except RequestRefused as refusal:
            await send({"type": "websocket.close", "code": CloseCode.LATER, "reason": str(refusal)})

    def _is_welcome(self, scope: Scope) -> bool:
        """Programs say no origin; a browser always says the page's, and another site's page is turned away."""
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin-1")
        if not origin:
            return True
        return origin in self._origins or urlsplit(origin).netloc == headers.get(b"host", b"").decode("latin-1")
