"""Mutations as short calls, for tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache
from itertools import count
from typing import Any

from graphql import GraphQLInputObjectType, get_named_type
from starlette.datastructures import Headers
from starlette.types import Scope

from auth.viewer import Viewer
from models.clock import Clock
from models.enums import Role
from resolvers import build_schema
from schema.node import encode_id
from server.app import create_app
from server.executors import executor_class
from server.settings import Settings
from tests.client import VIEWERS, Answer, Client, user
from tests.clinic_data import NOW

KEYS = count(1)
ERRORS = "userErrors { code message field slot { id } alternatives { id } }"
APPOINTMENT = "appointment { id status version rescheduleCount payBy slot { id } payment { status } }"
HOLD = "hold { id expiresAt renewals releasedAt }"
ENTRY = "waitlistEntry { id status offers { id status slot { id } hold { expiresAt } } }"
SHOWN = {
    "holdSlot": HOLD,
    "renewHold": HOLD,
    "releaseHold": HOLD,
    "joinWaitlist": ENTRY,
    "leaveWaitlist": ENTRY,
    "declineOffer": ENTRY,
}
PEOPLE = 4_000
"""Patient n of the crowd is user n + PEOPLE."""


def gid(type_name: str, id: int) -> str:
    return encode_id(type_name, id)


def slot(id: int) -> str:
    return gid("Slot", id)


def patient(id: int) -> str:
    return gid("Patient", id)


def appointment(id: int) -> str:
    return gid("Appointment", id)


async def viewer_of(scope: Scope) -> Viewer:
    """One of VIEWERS, or `patient 5001`: a patient of the crowd."""
    name = Headers(scope=scope)["x-test-viewer"]
    if name in VIEWERS:
        return VIEWERS[name]
    number = int(name.removeprefix("patient "))
    return user(number + PEOPLE, Role.PATIENT, patient_id=number)


@asynccontextmanager
async def server_over(dsn: str, clock: Clock = lambda: NOW) -> AsyncIterator[Client]:
    """A server of its own over a database, which knows the crowd and reads this clock."""
    app = create_app(dsn, Settings(), viewer_of=viewer_of, clock=clock)
    async with app.lifespan:
        client = Client(app)
        async with client.http:
            yield client


async def do(client: Client, mutation: str, viewer: str, **input: Any) -> dict[str, Any]:
    """The payload of a mutation; a key of its own, unless one is given. Fails if there is a top-level error."""
    answer = await answer_of(client, mutation, viewer, **input)
    payload: dict[str, Any] = answer.data[mutation]
    fields = fields_of(mutation)
    assert all(error["field"] is None or error["field"] in fields for error in payload["userErrors"]), payload
    return payload


async def done(client: Client, mutation: str, viewer: str, **input: Any) -> dict[str, Any]:
    """The payload of a mutation that nothing refused."""
    payload = await do(client, mutation, viewer, **input)
    assert payload["userErrors"] == []
    return payload


def document_of(mutation: str) -> str:
    name = mutation[0].upper() + mutation[1:]
    shown = SHOWN.get(mutation, APPOINTMENT)
    return f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ {shown} {ERRORS} }} }}"


async def answer_of(client: Client, mutation: str, viewer: str, **input: Any) -> Answer:
    input.setdefault("idempotencyKey", f"key-{next(KEYS)}")
    return await client.ask(document_of(mutation), {"input": input}, viewer=viewer)


@cache
def fields_of(mutation: str) -> frozenset[str]:
    """The names of a mutation's input's fields."""
    mutations = build_schema(executor_class(Settings().executor))._schema.mutation_type
    assert mutations is not None
    input_type = get_named_type(mutations.fields[mutation].args["input"].type)
    assert isinstance(input_type, GraphQLInputObjectType)
    return frozenset(input_type.fields)


def codes(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["userErrors"]]


def outcome(answer: Answer, mutation: str) -> str:
    """`done`, or the code of what refused it."""
    if answer.codes:
        return answer.codes[0]
    found = codes(answer.body["data"][mutation])
    return found[0] if found else "done"


def at(day: int, time: str) -> datetime:
    """An instant of June 2026, UTC."""
    return datetime.fromisoformat(f"2026-06-{day:02}T{time}Z")
