"""Whatever is asked, by whomever: nothing is shown that an independent oracle would not show."""

from collections import Counter
from collections.abc import Iterable
from random import Random
from typing import Any

import asyncpg

from resolvers import build_schema
from schema.node import split_id
from tests.client import VIEWERS, Client
from tests.clinic_data import NOW
from tests.random_questions import Questions
from tests.visibility_oracle import Oracle

ASKED = 600
BUGS = {"INTERNAL_SERVER_ERROR", "GRAPHQL_VALIDATION_FAILED"}
SEED = 20260615
# A wider world: a doctor and a clinic that are no longer offered, a patient who only cancelled, one who waits, and
# people who are signed in.
WIDER = """
UPDATE doctors SET status = 'INACTIVE' WHERE id = 2;
UPDATE clinics SET is_active = false WHERE id = 2;
INSERT INTO appointments (id, slot_id, patient_id, status, booked_by_id, booked_at, cancelled_at, cancel_reason)
  VALUES (91, 150, 3, 'CANCELLED', 2003, '2026-06-01 08:00Z', '2026-06-02 08:00Z', 'x');
INSERT INTO waitlist_entries (id, patient_id) VALUES (1, 1), (2, 2), (3, 3);
INSERT INTO holds (id, slot_id, patient_id, held_by_id, expires_at) VALUES (3, 351, 2, 4, '2026-06-15 12:05Z');
INSERT INTO browser_sessions (id, token_hash, user_id, awaits_second_step, auth_time, created_at, last_seen_at,
                              expires_at, user_agent, address)
  SELECT id, decode(lpad(id::text, 64, '0'), 'hex'), id, false, at, at, at, at + interval '1 hour', 'x', 'x'
  FROM users, (SELECT timestamptz '2026-06-15 12:00Z' AS at) t
"""
CONTACT = {"email", "phone"}
ACCOUNT = {"status", "emailVerifiedAt", "lastLoginAt", "createdAt", "version", "roles"}


def objects(data: Any) -> Iterable[dict[str, Any]]:
    """Every object of an answer, with the names of its fields and not their aliases."""
    if isinstance(data, list):
        for item in data:
            yield from objects(item)
    elif isinstance(data, dict):
        for value in data.values():
            yield from objects(value)
        yield {name.partition("_")[2] if name != "__typename" else name: value for name, value in data.items()}


async def test_nobody_sees_what_is_not_theirs(writer: Client, clinic: str) -> None:
    sql = await asyncpg.connect(clinic)
    await sql.execute(WIDER)
    await sql.close()
    random = Random(SEED)
    questions = Questions(build_schema()._schema, random)
    oracle = await Oracle.of(clinic, NOW)
    shown: Counter[str] = Counter()
    failed: set[str] = set()
    asked = [(random.choice(list(VIEWERS)), questions.document()) for _ in range(ASKED)]
    answers = [(name, document, await writer.ask(document, viewer=name)) for name, document in asked]
    oracle.rows["audit_records"] = (await Oracle.of(clinic, NOW)).rows["audit_records"]
    for name, document, answer in answers:
        viewer = VIEWERS[name]
        errors = answer.body.get("errors", [])
        failed.update(
            error["message"] + str(error.get("path")) for error in errors if error["extensions"]["code"] in BUGS
        )
        for each in objects(answer.body.get("data")):
            type_name = each.get("__typename")
            if type_name == "AccessRecord":
                assert viewer.patient_id is not None or "audit:read" in viewer.scopes, (name, document)
            if not isinstance(each.get("id"), str):
                continue
            found, number = split_id(each["id"])
            assert found == type_name
            shown[found] += 1
            assert oracle.sees(viewer, found, number), (name, found, number, document)
            if found == "User":
                row = oracle.rows["users"][number]
                given = {field for field, value in each.items() if value is not None}
                assert not given & CONTACT or oracle.contact(viewer, row), (name, number, document)
                assert not given & ACCOUNT or oracle.account(viewer, row), (name, number, document)
    assert failed == set()
    # It has looked: without rows the test would prove nothing.
    assert {type_name for type_name, count in shown.items() if count >= 10} >= {
        "Appointment",
        "Clinic",
        "Doctor",
        "Patient",
        "Payment",
        "Slot",
        "User",
    }


async def test_the_oracle_is_heard(three: str) -> None:
    """Somebody who gets more than she may is noticed."""
    oracle = await Oracle.of(three, NOW)
    assert oracle.sees(VIEWERS["patient"], "Appointment", 11)
    assert not oracle.sees(VIEWERS["stranger"], "Appointment", 11)
    assert not oracle.sees(VIEWERS["patient without scopes"], "Appointment", 11)
    assert not oracle.sees(VIEWERS["doctor"], "Patient", 3)
    assert not oracle.contact(VIEWERS["staff of another"], oracle.rows["users"][1001])
