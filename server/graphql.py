"""GraphQL over HTTP: request in, operation run, answer out."""

from graphql import ExecutionResult, ExperimentalIncrementalExecutionResults, GraphQLError
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from server.accepted import Format, answer_type, format_asked
from server.answers import answer, answer_to_keep, encode
from server.bodies import body_of, show_error
from server.caching import may_be_kept
from server.deadlines import HungUp, hung_up
from server.endpoint import Endpoint
from server.graphql_request import EVENT_STREAM, JSON, MULTIPART, RequestRefused, headers_of, read_request
from server.incremental.delivery import deliver
from server.incremental.multipart import Multipart, in_one_part
from server.pages import graphiql
from server.statuses import status_of
from server.streams.patience import Patience, Stalled

RETRY = ((b"retry-after", b"1"),)
STREAMED = frozenset({EVENT_STREAM, MULTIPART})


class OverHttp:
    """An ASGI application for the operations of an endpoint.

    `event_stream` answers those who would rather have a stream.
    """

    def __init__(self, endpoint: Endpoint, event_stream: ASGIApp, patience: Patience) -> None:
        self._endpoint = endpoint
        self._event_stream = event_stream
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._endpoint
        headers = headers_of(scope)
        if scope["method"] == "GET" and wants_page(headers):
            await (await graphiql(Request(scope, receive)))(scope, receive, send)
            return
        media_type, raw = JSON, send
        try:
            media_type = answer_type(headers)
            if media_type in STREAMED:
                if media_type == EVENT_STREAM:
                    await self._event_stream(scope, receive, send)
                    return
                media_type, send = JSON, in_one_part(send)
            viewer = scope["viewer"] = await endpoint.viewer_of(scope)
            request = await read_request(scope, headers, receive)
            result = await endpoint.run(request, scope, viewer, receive, headers)
            if not isinstance(result, ExecutionResult):
                parts = Multipart(scope, raw, self._patience, format_asked(headers) or Format.CURRENT)
                await self._deliver(result, scope, receive, parts)
                return
            context = scope.get("context")
            recorded = endpoint.read_audit.begin(context)
            body = body_of(result, scope["request_id"])
            scope["errors"] = body.get("errors")
            if "data" in body and endpoint.wire.show_cost:
                body["extensions"] = {"cost": scope["cost"]}
            content = encode(body)
            status = status_of(body, media_type, endpoint.wire.http_profile)
            is_for_all = "errors" not in body and may_be_kept(request, scope, headers)
            # Rows and answers of all who wait would push each other out of the processor's caches, and uvicorn keeps
            # the last scope of each connection.
            del result, body
            if context is not None:
                context.loaders.forget()
            if recorded is not None:
                await recorded
        except RequestRefused as refusal:
            error = {"message": str(refusal), "extensions": {"code": refusal.code}}
            scope["errors"] = [error]
            await answer(send, refusal.status, encode({"errors": [error]}), media_type, *refusal.headers)
            return
        except HungUp:
            return
        except Exception as failure:  # noqa: BLE001 - shown as a masked bug, and logged where that is done
            body = {"errors": [show_error(GraphQLError("", original_error=failure), scope["request_id"])]}
            scope["errors"] = body["errors"]
            status = status_of(body, JSON, endpoint.wire.http_profile)
            status = 500 if status == 200 else status
            await answer(send, status, encode(body), media_type, *(RETRY if status == 503 else ()))
            return
        if is_for_all:
            await answer_to_keep(send, content, media_type, headers)
        else:
            rate = scope.get("rate")
            more = RETRY if status == 503 else ()
            await answer(send, status, content, media_type, *more, *(() if rate is None else rate.headers))

    async def _deliver(
        self, results: ExperimentalIncrementalExecutionResults, scope: Scope, receive: Receive, parts: Multipart
    ) -> None:
        """Raises HungUp, and what fails before the first part."""
        try:
            await deliver(self._endpoint, results, scope, parts.tell, receive)
        except Stalled:
            await hung_up(receive)  # its connection was dropped


def wants_page(headers: dict[bytes, bytes]) -> bool:
    """Whether a browser asks for a page and not for an answer."""
    return b"text/html" in headers.get(b"accept", b"")
