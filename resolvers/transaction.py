"""A mutation field's transaction: opened here, committed here, and done once for an idempotency key."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
import orjson

from auth.viewer import Viewer
from domain.refusal import IdempotencyConflict, Refusal
from domain.session import Session
from schema.answers import Answer
from schema.context import Context

Work = Callable[[Session], Awaitable[Answer]]

KEPT = timedelta(hours=24)
ATTEMPTS = 3

CLAIM_KEY = """
INSERT INTO idempotency_keys AS k (owner, mutation, key, input_hash, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (owner, mutation, key) DO UPDATE
  SET input_hash = excluded.input_hash, answer = NULL, created_at = excluded.created_at WHERE k.created_at <= $6
RETURNING true
"""
READ_KEY = "SELECT input_hash, answer FROM idempotency_keys WHERE owner = $1 AND mutation = $2 AND key = $3"
KEEP_REFUSAL = "UPDATE idempotency_keys SET answer = $4::jsonb WHERE owner = $1 AND mutation = $2 AND key = $3"


@dataclass(frozen=True)
class Key:
    """What a caller names a mutation by, and the hash of its input."""

    key: str
    input_hash: bytes


async def transact(context: Context, mutation: str, key: Key | None, work: Work, *, keep: bool = True) -> Answer:
    """The answer of `work`, committed; or what it refused, with nothing changed.

    The same key and input get the first answer again, also while the first is still running: then this waits for it.
    An answer that holds secrets is done with `keep=False`: it is not stored, and its key is refused a second time.
    """
    context.loaders.forget()
    try:
        for attempt in range(ATTEMPTS):
            try:
                return await _attempt(context, mutation, key, work, keep=keep)
            except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
                if attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")
    except Refusal as refusal:
        return await _refuse(context, mutation, key, refusal)
    finally:
        context.loaders.forget()


async def _attempt(context: Context, mutation: str, key: Key | None, work: Work, *, keep: bool) -> Answer:
    owner = owner_of(context.viewer)
    async with context.writes.transaction() as connection:
        session = Session(connection, context.viewer, context.now, context.request_id, mutation, context.installation)
        try:
            if key is not None and (first := await _claim(session, owner, key)) is not None:
                return first
            answer = await work(session)
            await session.write_down(owner, key.key if key else None, answer if keep else Answer(secret=True))
        finally:
            context.reads.statements += session.statements
    context.reads.written |= session.audited
    if session.has_events:
        context.happened()
    return answer


async def _claim(session: Session, owner: str, key: Key) -> Answer | None:
    """Takes the key for this transaction, after whoever has it now; the first answer, where there is one."""
    name = (owner, session.mutation, key.key)
    if await session.run(CLAIM_KEY, *name, key.input_hash, session.now, session.now - KEPT):
        return None
    (row,) = await session.run(READ_KEY, *name)
    if row["input_hash"] != key.input_hash:
        raise IdempotencyConflict(field="idempotencyKey")
    answer = Answer(orjson.loads(row["answer"]))
    if answer["secret"]:
        raise IdempotencyConflict("this was done; its answer held a secret and was not kept", field="idempotencyKey")
    return answer


async def _refuse(context: Context, mutation: str, key: Key | None, refusal: Refusal) -> Answer:
    """The answer of a refusal; kept for its key like any other, unless it may be over the next moment."""
    problems = [
        {"code": p.code, "message": p.message, "field": p.field, "slot_id": p.slot_id} for p in refusal.problems
    ]
    answer = Answer(refusal.beside, user_errors=problems)
    if key is None or refusal.passing:
        return answer
    owner = owner_of(context.viewer)
    async with context.writes.transaction() as connection:
        session = Session(connection, context.viewer, context.now, context.request_id, mutation, context.installation)
        try:
            if (first := await _claim(session, owner, key)) is not None:
                return first
            await session.run(KEEP_REFUSAL, owner, mutation, key.key, orjson.dumps(answer).decode())
        finally:
            context.reads.statements += session.statements
    return answer


def owner_of(viewer: Viewer) -> str:
    """Whose keys are kept apart from everybody else's."""
    if viewer.user_id is not None:
        return f"user:{viewer.user_id}"
    return f"client:{viewer.client_id}" if viewer.client_id is not None else "anonymous"
