"""`POST /webhooks/gateway/{provider}`: what payment gateways tell us.

An event is answered with 200 once it is stored, and not before: a gateway sends again what is answered otherwise.
Nothing of a body is ever logged or answered.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import asyncpg
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateways.payments import GatewayEvent, GatewayUnavailable, PaymentGateway, WebhookFault, WebhookRefused
from models.clock import Clock, utc_now
from server.problem import problem

logger = logging.getLogger(__name__)

PATH = "/webhooks/gateway/{provider}"
LARGEST = 262_144  # bytes
GatewayOf: TypeAlias = Callable[[str], PaymentGateway | None]
ReceiveEvent: TypeAlias = Callable[[GatewayEvent], Awaitable[None]]
"""Stores an event and what follows from it; one that is known already changes nothing."""

SAYS = {
    WebhookFault.BAD_SIGNATURE: "The signature is missing, or is not that of this body.",
    WebhookFault.STALE: "It was signed too long ago, or in the future.",
    WebhookFault.MALFORMED: "The body is not an event.",
}
AWAY = (
    DBAPIError,
    NoConnectionFree,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
OURS = (IntegrityError, DataError, ProgrammingError)  # said by a database that answers: no use to send again soon


class TooLarge(Exception):
    """A body of more than LARGEST bytes."""


class GatewayWebhooks:
    """The endpoint. `gateway_of` gives the gateway of a provider's name, None where there is none."""

    def __init__(self, gateway_of: GatewayOf, receive: ReceiveEvent, clock: Clock = utc_now) -> None:
        self._gateway_of = gateway_of
        self._receive = receive
        self._clock = clock

    def routes(self) -> list[Route]:
        return [Route(PATH, self.answer, methods=["POST"])]

    async def answer(self, request: Request) -> Response:
        gateway = self._gateway_of(request.path_params["provider"])
        if gateway is None:
            return problem(404, "NOT_FOUND", "There is no such gateway.")
        try:
            event = gateway.read_webhook(await _body(request), request.headers, self._clock())
        except ClientDisconnect:
            return problem(400, WebhookFault.MALFORMED, "The body did not come whole.")
        except TooLarge:
            return problem(413, "TOO_LARGE", f"A webhook has at most {LARGEST} bytes.")
        except WebhookRefused as refused:
            logger.warning("a webhook for %s was refused: %s", gateway.provider, refused.fault)
            return problem(400, refused.fault, SAYS[refused.fault])
        try:
            await self._receive(event)
        except (*AWAY, GatewayUnavailable) as error:
            if isinstance(error, OURS):
                raise
            logger.warning("event %s of %s was not stored: %s", event.event_id, event.provider, type(error).__name__)
            return problem(503, "SERVICE_UNAVAILABLE", "It could not be stored now; please send it again.")
        return JSONResponse({"received": True})


async def _body(request: Request) -> bytes:
    """Raises TooLarge, before more than that was read."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise TooLarge
    return bytes(body)
