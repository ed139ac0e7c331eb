"""What an operation must pass before it is run: trusted documents, introspection, its cost and its caller's rate."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import ceil

from graphql import GraphQLError
from redis.asyncio import Redis
from starlette.types import Scope

from auth.viewer import Viewer
from server.caller import caller_address
from server.documents import Document, Documents
from server.graphql_request import GraphQLRequest, RequestRefused
from server.persisted import PersistedDocuments, read_manifest
from server.rate_limits import PATIENCE, Buckets, OwnBuckets, SharedBuckets
from server.wire import Introspection, Wire

INVALID_COST = 20
"""What a document costs that is invalid: it is validated again each time, for milliseconds."""


class Admission:
    """Reads the documents of requests and lets their operations in. `buckets` are this process's until it is `open`."""

    def __init__(self, documents: Documents, wire: Wire) -> None:
        """Raises SettingsError for a manifest that cannot be."""
        trusted = read_manifest(wire.persisted_documents) if wire.persisted_documents is not None else None
        self._documents = documents
        self._persisted = PersistedDocuments(trusted, wire.persisted_only)
        self._wire = wire
        self.buckets: Buckets = OwnBuckets()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """With the buckets in Redis, if there is one. It need not be there now."""
        if self._wire.redis_url is None:
            yield
            return
        redis = Redis.from_url(self._wire.redis_url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
        self.buckets = SharedBuckets(redis)
        try:
            yield
        finally:
            await redis.aclose()

    async def read(self, request: GraphQLRequest, scope: Scope, viewer: Viewer) -> Document:
        """The valid document of a request. Raises InvalidDocument, GraphQLError and, by `charge`, RequestRefused."""
        text = self._persisted.text_of(request, viewer)
        document = self._documents.kept(text)
        hidden = self.hides_schema(viewer)
        if document is None:
            # Paid in advance: validation is work too, and what is invalid is not kept.
            await self.charge(INVALID_COST, scope, viewer)
            document = self._documents.read(text, hide_suggestions=hidden)
        if document.introspects and hidden:
            raise GraphQLError(
                "the schema is told to those who are signed in"
                if self._wire.introspection is Introspection.SIGNED_IN
                else "this server does not tell its schema",
                extensions={"code": "INTROSPECTION_DISABLED"},
            )
        self._persisted.keep(request)
        scope["tells_rate"] = "rateLimit" in text
        return document

    async def admit(self, document: Document, request: GraphQLRequest, scope: Scope, viewer: Viewer) -> None:
        """Lets an operation in, for its cost. Raises GraphQLError if it is too much at once, and by `charge`."""
        most = self.cost_limit(viewer)
        cost = document.cost(request.operation_name, request.variables or {}, most)
        scope["cost"] = {"estimated": cost, "limit": most}
        await self.charge(max(cost, 1), scope, viewer)

    async def charge(self, cost: int, scope: Scope, viewer: Viewer) -> None:
        """Takes from the caller's bucket; `scope["rate"]` is what is left. Raises RequestRefused (429)."""
        limit = self._wire.anonymous_rate if viewer.is_anonymous else self._wire.rate
        if not limit:
            return
        taken = scope["rate"] = await self.buckets.take(self._caller(scope, viewer), limit, min(cost, limit))
        if not taken.allowed:
            raise RequestRefused(
                429,
                f"at most a cost of {limit:,} a minute: {taken.remaining:,} is left, and this is {cost:,}",
                (b"retry-after", b"%d" % max(1, ceil(taken.wait))),
                *taken.headers,
                code="RATE_LIMITED",
            )

    def cost_limit(self, viewer: Viewer) -> int:
        return self._wire.anonymous_cost_limit if viewer.is_anonymous else self._wire.cost_limit

    def hides_schema(self, viewer: Viewer) -> bool:
        """Whether a viewer is told no names of the schema that she did not know."""
        told = self._wire.introspection
        return told is Introspection.OFF or (told is Introspection.SIGNED_IN and viewer.is_anonymous)

    def _caller(self, scope: Scope, viewer: Viewer) -> str:
        if viewer.is_anonymous:
            return "@" + caller_address(scope, self._wire.trusted_proxies)
        return f"{viewer.client_id or ''}:{viewer.user_id or ''}"
