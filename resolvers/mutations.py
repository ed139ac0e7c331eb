"""How a mutation field is declared: one function from a session and an input to an answer.

    async def run(session: Session, input: CancelAppointmentInput) -> Answer: …

    @strawberry.type
    class CancelAppointment:
        cancel_appointment: CancelAppointmentPayload | None = mutation(run, "…", guard=requires("appointment:write"))

The function opens no transaction and catches no refusal: `transact` does. A field without an idempotency key in its
input may be sent without one; where a seat or money moves, its input makes it required.
"""

import dataclasses
import hashlib
import inspect
import re
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from enum import Enum
from typing import Annotated, Any

import orjson
import strawberry
from graphql import GraphQLError
from strawberry.types.unset import UnsetType
from strawberry.utils.str_converters import to_camel_case

from domain.refusal import Forbidden, Invalid
from domain.session import Session
from resolvers.transaction import Key, transact
from schema.answers import Answer
from schema.context import Context, Info
from schema.directives import Guard
from schema.fields import described

Run = Callable[[Session, Any], Awaitable[Answer]]
Act = Callable[[Context, str, Key | None, Any], Awaitable[Answer]]
"""Does a mutation of this name, with its key and input."""

LONGEST_KEY = 200
APART = frozenset({"idempotency_key", "password", "current_password", "new_password"})
"""Fields that do not make an input another one. A fast hash of a password, kept for a day, could be guessed from."""
UNPAIRED = re.compile("[\ud800-\udfff]")
"""Halves of characters, which JSON can name and UTF-8 cannot."""


def mutation(run: Run, description: str, *, guard: Guard | None = None, keep: bool = True) -> Any:
    """A mutation field. With `keep=False` its answer holds a secret, which is not stored for the idempotency key."""

    async def act(context: Context, name: str, key: Key | None, input: Any) -> Answer:
        async def work(session: Session) -> Answer:
            return await run(session, input)

        return await transact(context, name, key, work, keep=keep)

    return mutation_field(inspect.get_annotations(run, eval_str=True)["input"], act, description, guard)


def mutation_field(input_type: Any, act: Act, description: str, guard: Guard | None) -> Any:
    """The field of a mutation that `act` does, once its input was looked at."""

    async def resolve(info: Info, input: Any) -> Answer:
        try:
            _check_text(input)
            key = _key(input)
        except Invalid as invalid:
            return Answer(
                user_errors=[{"code": p.code, "message": p.message, "field": p.field} for p in invalid.problems]
            )
        try:
            return await act(info.context, info.field_name, key, input)
        except Forbidden as forbidden:
            raise GraphQLError(str(forbidden), extensions=forbidden.extensions) from None

    explained = strawberry.argument(description="What to do, and the key under which it is done once.")
    resolve.__annotations__ = {"info": Info, "input": Annotated[input_type, explained], "return": Answer}
    return described(description, guard=guard, resolver=resolve, metadata={"does": resolve})


def _check_text(input: Any) -> None:
    """Raises Invalid for text that PostgreSQL cannot keep, in whatever field."""
    wrong = [field.name for field in dataclasses.fields(input) if not _can_be_kept(getattr(input, field.name))]
    if wrong:
        raise Invalid(dict.fromkeys(map(to_camel_case, wrong), "this text holds a character that cannot be kept"))


def _can_be_kept(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" not in value and (value.isascii() or UNPAIRED.search(value) is None)
    if isinstance(value, list):
        return all(map(_can_be_kept, value))
    if dataclasses.is_dataclass(value):
        return all(_can_be_kept(getattr(value, field.name)) for field in dataclasses.fields(value))
    return True


def _key(input: Any) -> Key | None:
    """The key of an input. Raises Invalid for one that is empty or longer than 200 characters."""
    key: str | None = input.idempotency_key or None
    if input.idempotency_key == "" or (key is not None and len(key) > LONGEST_KEY):
        raise Invalid({"idempotencyKey": f"a key has 1 to {LONGEST_KEY} characters"})
    if key is None:
        return None
    content = {field.name: getattr(input, field.name) for field in dataclasses.fields(input) if field.name not in APART}
    written = orjson.dumps(content, default=_write, option=orjson.OPT_SORT_KEYS)
    return Key(key, hashlib.sha256(written).digest())


def _write(value: Any) -> Any:
    if isinstance(value, UnsetType):
        return ["unset"]
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Enum | date):
        return str(value)
    raise TypeError(f"an input holds a {type(value).__name__}")
