"""Mutations of clinics, their people and patients as short calls, for tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import count
from typing import Any

import asyncpg
from starlette.datastructures import Headers
from starlette.types import Scope

from auth.viewer import Viewer
from models.enums import Role
from schema.node import encode_id
from server.app import create_app
from server.settings import Settings
from tests.client import VIEWERS, Answer, Client, user
from tests.clinic_data import NOW

EVERYBODY: dict[str, Viewer] = {
    **VIEWERS,
    "manager of another": user(9, Role.MANAGER, clinic_ids=(2,)),
    "reviewing doctor": Viewer(
        user_id=1001,
        roles=frozenset({Role.DOCTOR, Role.ADMIN}),
        scopes=VIEWERS["admin"].scopes,
        doctor_id=1,
    ),
}
KEYS = count(1)
CLINIC = "clinic { id name isActive version postalCode policy { version confirmation } closingDays { day reason } }"
DOCTOR = "doctor { id status specialty licenceNumber licenceExpiresOn version yearsOfExperience clinics { id } }"
AFFECTED = "affectedAppointments { count appointments { id status } }"
PATIENT = """patient { id name phone language notificationChannels status dateOfBirth allergies version ofAgeAt
  user { id email } guardian { id } registeredAt { id } }"""
CREDENTIAL = "credential { id kind number status expiresOn documents reviewReason version doctor { id } }"
STAFF = "staffMember { id role endedAt user { id name email } clinic { id } }"
SHOWN = {
    "deactivateClinic": f"{CLINIC} {AFFECTED}",
    "addClosingDay": f"{CLINIC} {AFFECTED}",
    "deactivateDoctor": f"{DOCTOR} {AFFECTED}",
    "unlinkDoctorFromClinic": f"{DOCTOR} {AFFECTED}",
    "submitCredential": CREDENTIAL,
    "reviewCredential": CREDENTIAL,
    "addStaff": STAFF,
    "removeStaff": STAFF,
    "removeDependant": f"guardian {{ id dependants {{ id }} }} {AFFECTED}",
    "joinWaitlist": "waitlistEntry { id }",
    "holdSlot": "hold { id }",
    "bookAppointment": "appointment { id status }",
}


def gid(type_name: str, id: int) -> str:
    return encode_id(type_name, id)


def shown(mutation: str) -> str:
    if mutation in SHOWN:
        return SHOWN[mutation]
    if ("Clinic" in mutation and "Doctor" not in mutation) or "ClosingDay" in mutation:
        return CLINIC
    return DOCTOR if "Doctor" in mutation else PATIENT


async def answer_of(client: Client, mutation: str, viewer: str, **input: Any) -> Answer:
    name = mutation[0].upper() + mutation[1:]
    input.setdefault("idempotencyKey", f"place-{next(KEYS)}")
    document = f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ {shown(mutation)} "
    return await client.ask(document + "userErrors { code message field } } }", {"input": input}, viewer=viewer)


async def do(client: Client, mutation: str, viewer: str, **input: Any) -> dict[str, Any]:
    """The payload; fails if there is a top-level error."""
    answer = await answer_of(client, mutation, viewer, **input)
    payload: dict[str, Any] = answer.data[mutation]
    return payload


async def done(client: Client, mutation: str, viewer: str, **input: Any) -> dict[str, Any]:
    """The payload of what nothing refused."""
    payload = await do(client, mutation, viewer, **input)
    assert payload["userErrors"] == []
    return payload


def said(payload: dict[str, Any]) -> list[tuple[str, str | None]]:
    """What was refused: code and field."""
    return [(error["code"], error["field"]) for error in payload["userErrors"]]


async def outcome(client: Client, mutation: str, viewer: str, **input: Any) -> str:
    """`done`, or the code of what refused it."""
    answer = await answer_of(client, mutation, viewer, **input)
    if answer.codes:
        return answer.codes[0]
    found = said(answer.body["data"][mutation])
    return found[0][0] if found else "done"


class Clock:
    """The instant of a server, which a test may change."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


async def viewer_of(scope: Scope) -> Viewer:
    """One of EVERYBODY, or `user 5 as patient 7`: a patient that a test has made."""
    name = Headers(scope=scope)["x-test-viewer"]
    if name in EVERYBODY:
        return EVERYBODY[name]
    _, user_id, _, role, profile = name.split()
    return user(int(user_id), Role(role.upper()), **{f"{role}_id": int(profile)})


@asynccontextmanager
async def server_over(dsn: str, clock: Clock | None = None) -> AsyncIterator[Client]:
    app = create_app(dsn, Settings(), viewer_of=viewer_of, clock=clock or Clock())
    async with app.lifespan:
        client = Client(app)
        async with client.http:
            yield client


async def settle(dsn: str) -> None:
    """User 9 manages clinic 2."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("INSERT INTO users (id, name, email) VALUES (9, 'Otto Over', 'over@example.org')")
        await connection.execute("INSERT INTO user_roles (user_id, role) VALUES (9, 'MANAGER')")
        await connection.execute("INSERT INTO staff (user_id, clinic_id, role) VALUES (9, 2, 'MANAGER')")
    finally:
        await connection.close()
