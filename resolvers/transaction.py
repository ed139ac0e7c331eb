"""A mutation field's transaction: opened here, committed here, and done once for an idempotency key."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
import orjson

from auth.viewer import Viewer
from domain.refusal import IdempotencyConflict, Refusal
from domain.session import KeptAnswer, Session
from loaders.rows import RowBy
from loaders.scheduling.appointments import AppointmentById
from models import Appointment
from models.base import Base
from schema.answers import Answer
from schema.context import Context

Work = Callable[[Session], Awaitable[Answer]]

BY_ID: Mapping[type[Base], type[RowBy]] = {Appointment: AppointmentById}
KEPT = timedelta(hours=24)
ATTEMPTS = 3

READ_KEY = """
SELECT input_hash, answer, created_at <= $4 AS is_over FROM idempotency_keys
WHERE owner = $1 AND mutation = $2 AND key = $3
"""
FORGET_KEY = "DELETE FROM idempotency_keys WHERE owner = $1 AND mutation = $2 AND key = $3"


@dataclass(frozen=True)
class Key:
    """What a caller names a mutation by, and the hash of its input."""

    key: str
    input_hash: bytes

    def lock(self, owner: str, mutation: str) -> int:
        """The number of the advisory lock of whoever does this."""
        name = f"{owner}\0{mutation}\0{self.key}".encode()
        return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), signed=True)


async def transact(context: Context, mutation: str, key: Key | None, work: Work, *, keep: bool = True) -> Answer:
    """The answer of `work`, committed; or what it refused, with nothing changed.

    The same key and input get the first answer again, also while the first is still running: then this waits for it.
    An answer that holds secrets is done with `keep=False`: it is not stored, and its key is refused a second time.
    """
    context.loaders.forget()
    try:
        return await _attempts(context, mutation, key, work, keep=keep)
    except Refusal as refusal:
        return await _refuse(context, mutation, key, refusal)


async def _attempts(context: Context, mutation: str, key: Key | None, work: Work, *, keep: bool) -> Answer:
    for attempt in range(ATTEMPTS):
        try:
            return await _attempt(context, mutation, key, work, keep=keep)
        except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("the last attempt returns or raises")


async def _attempt(context: Context, mutation: str, key: Key | None, work: Work, *, keep: bool) -> Answer:
    try:
        async with _begin(context, mutation, key) as session:
            if key is not None and (first := await _first_answer(session, key)) is not None:
                return first
            answer = await work(session)
            await session.write_down(_kept(session, key, answer if keep else Answer(secret=True)))
    finally:
        context.loaders.forget()
    context.reads.written |= session.audited
    for model, row in session.written.items():
        context.loaders.get(BY_ID[model]).know(row)
    if session.has_events:
        context.happened()
    return answer


@asynccontextmanager
async def _begin(context: Context, mutation: str, key: Key | None) -> AsyncIterator[Session]:
    """A transaction that has the key to itself, after whoever has it now."""
    lock = None if key is None else key.lock(owner_of(context.viewer), mutation)
    async with context.writes.transaction(lock) as connection:
        session = Session(connection, context.viewer, context.now, context.request_id, mutation, context.installation)
        try:
            yield session
        finally:
            context.reads.statements += session.statements


async def _first_answer(session: Session, key: Key) -> Answer | None:
    """What the key was answered before, if it was; a key of long ago is forgotten."""
    name = (owner_of(session.viewer), session.mutation, key.key)
    found = await session.run(READ_KEY, *name, session.now - KEPT)
    if not found:
        return None
    if found[0]["is_over"]:
        await session.run(FORGET_KEY, *name)
        return None
    if found[0]["input_hash"] != key.input_hash:
        raise IdempotencyConflict(field="idempotencyKey")
    answer = Answer(orjson.loads(found[0]["answer"]))
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
    async with _begin(context, mutation, key) as session:
        if (first := await _first_answer(session, key)) is not None:
            return first
        await session.write_down(_kept(session, key, answer))
    return answer


def _kept(session: Session, key: Key | None, answer: Answer) -> KeptAnswer | None:
    return None if key is None else KeptAnswer(owner_of(session.viewer), key.key, key.input_hash, answer)


def owner_of(viewer: Viewer) -> str:
    """Whose keys are kept apart from everybody else's."""
    if viewer.user_id is not None:
        return f"user:{viewer.user_id}"
    return f"client:{viewer.client_id}" if viewer.client_id is not None else "anonymous"
