"""Mutations that ask a payment gateway for something.

Three steps, and no connection is held or row locked during the second: a transaction decides and writes down what the
gateway is to do; the gateway is asked; another transaction writes down how it went. The first answer that is kept for
the idempotency key names the request, whose outcome is what the mutation answers, however often and whenever it is
sent again: killed between any two steps, the same mutation goes on from there, and so does a worker.
"""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from domain.payments.finish_request import Begin, Outcome, finish_request
from domain.payments.refusals import GatewayAway, PaymentDeclined
from domain.refusal import Conflict, Refusal
from domain.session import Session
from gateways.payments import GatewayUnavailable, PaymentGateway
from models.enums import GatewayRequestStatus
from resolvers.mutations import mutation_field
from resolvers.transaction import ATTEMPTS, Key, transact
from schema.answers import Answer
from schema.context import Context
from schema.directives import Guard

Run = Callable[[Session, Context, PaymentGateway, Any], Awaitable[Answer]]
"""Decides; its answer names the `request_id` that is to be finished."""


def gateway_mutation(run: Run, description: str, *, guard: Guard) -> Any:
    """A mutation field whose `run` asks for something that a gateway does."""

    async def act(context: Context, name: str, key: Key | None, input: Any) -> Answer:
        gateway = context.gateway
        if gateway is None:
            return _refused(Answer(), GatewayAway("no payment gateway is in use here"))

        async def decide(session: Session) -> Answer:
            return await run(session, context, gateway, input)

        answer = await transact(context, name, key, decide)
        if answer["request_id"] is None:
            return answer
        try:
            outcome = await _finish(context, name, gateway, answer["request_id"])
        except GatewayUnavailable:
            return _refused(answer, GatewayAway())
        finally:
            context.loaders.forget()
        return answer if outcome.status is GatewayRequestStatus.DONE else _refused(answer, _refusal(outcome))

    return mutation_field(inspect.get_annotations(run, eval_str=True)["input"], act, description, guard)


async def _finish(context: Context, name: str, gateway: PaymentGateway, request_id: int) -> Outcome:
    """As `finish_request`; after a deadlock again, which asks the gateway with the same key."""
    for attempt in range(ATTEMPTS):
        try:
            return await finish_request(beginning(context, name), gateway, request_id)
        except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("the last attempt returns or raises")


def beginning(context: Context, name: str) -> Begin:
    """How transactions of a request's viewer begin."""

    @asynccontextmanager
    async def begin() -> AsyncIterator[Session]:
        async with context.writes.transaction() as connection:
            session = Session(connection, context.viewer, context.now, context.request_id, name)
            yield session
            await session.write_down()
            context.reads.statements += session.statements
        context.reads.written |= session.audited
        if session.has_events:
            context.happened()

    return begin


def _refusal(outcome: Outcome) -> Refusal:
    if outcome.status is GatewayRequestStatus.DECLINED:
        return PaymentDeclined(f"the gateway or the bank declined: {outcome.error}")
    return Conflict(f"the gateway refused: {outcome.error}")


def _refused(answer: Answer, refusal: Refusal) -> Answer:
    problems = [{"code": p.code, "message": p.message, "field": p.field} for p in refusal.problems]
    return Answer(payment_id=answer["payment_id"], user_errors=problems)
