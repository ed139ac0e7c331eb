"""The same key and input get the first answer again: whatever became of the first, and wherever it is asked again."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from tests.client import Client
from tests.clinic_data import NOW
from tests.scheduling.asks import answer_of, codes, do, document_of, done, outcome, patient, server_over, slot
from tests.scheduling.cases import CASES, tidy
from tests.scheduling.crowd import CROWD, SQL, add_slot, book
from tests.scheduling.locks import holding

AS = {"renewHold": "patient", "releaseHold": "patient", "overrideBooking": "admin"}
WRITTEN = """
SELECT (SELECT count(*) FROM audit_records WHERE action <> 'read'), (SELECT count(*) FROM outbox_events),
       (SELECT count(*) FROM appointment_timeline), (SELECT sum(version) FROM appointments),
       (SELECT count(*) FROM holds), (SELECT count(*) FROM waitlist_entries), (SELECT count(*) FROM payments)
"""
ME = f"patient {CROWD[0]}"


async def test_a_second_time_changes_nothing_and_another_input_is_refused(two: list[Client], sql: SQL) -> None:
    for mutation, case in CASES.items():
        await tidy(sql)
        viewer, given = AS.get(mutation, "staff"), await case(sql)
        key = {"idempotencyKey": "once"}
        first = await done(two[0], mutation, viewer, **given, **key)
        written = await sql.fetchrow(WRITTEN)
        assert await do(two[1], mutation, viewer, **given, **key) == first, mutation
        assert await sql.fetchrow(WRITTEN) == written, mutation
        another = {**given, next(iter(given)): patient(2)}
        refused = await do(two[1], mutation, viewer, **another, **key)
        assert [(error["code"], error["field"]) for error in refused["userErrors"]] == [
            ("IDEMPOTENCY_CONFLICT", "idempotencyKey")
        ], mutation
        assert await do(two[0], mutation, viewer, **given, **key) == first, mutation


async def test_the_order_of_fields_and_what_is_left_out_are_no_other_input(two: list[Client], sql: SQL) -> None:
    wanted = slot(await add_slot(sql, NOW + timedelta(days=5)))
    first = await done(two[0], "bookAppointment", ME, slotId=wanted, idempotencyKey="once")
    again = await done(two[0], "bookAppointment", ME, idempotencyKey="once", reason=None, holdId=None, slotId=wanted)
    assert again == first


class CutOff:
    """A connection that is lost before the answer is sent."""

    def __init__(self, client: Client) -> None:
        self.app = client.app

    async def __call__(self, scope: Scope, receive: Receive, _: Send) -> None:
        async def lost(_: Message) -> None:
            raise ConnectionResetError("the client is gone")

        await self.app(scope, receive, lost)


async def ask_and_be_cut_off(client: Client, mutation: str, viewer: str, **input: Any) -> None:
    transport = httpx.ASGITransport(CutOff(client))
    async with httpx.AsyncClient(transport=transport, base_url="http://clinicgraph.test") as http:
        sent = {"query": document_of(mutation), "variables": {"input": input}}
        with pytest.raises(ConnectionResetError):
            await http.post("/graphql", json=sent, headers={"x-test-viewer": viewer})


async def test_the_connection_was_lost_after_the_commit(two: list[Client], sql: SQL) -> None:
    for mutation, case in CASES.items():
        await tidy(sql)
        viewer, given = AS.get(mutation, "staff"), {**await case(sql), "idempotencyKey": "lost"}
        await ask_and_be_cut_off(two[0], mutation, viewer, **given)
        written = await sql.fetchrow(WRITTEN)
        await done(two[1], mutation, viewer, **given)
        assert await sql.fetchrow(WRITTEN) == written, mutation


async def test_a_request_that_is_given_up_at_any_moment(two: list[Client], sql: SQL) -> None:
    """Whether it was committed or not: the second time it is done, and only once."""
    wanted = await add_slot(sql, NOW + timedelta(days=5), capacity=len(CROWD))
    for steps, n in enumerate(CROWD[:60]):
        given = {"slotId": slot(wanted), "idempotencyKey": "given up"}
        task = asyncio.create_task(answer_of(two[0], "bookAppointment", f"patient {n}", **given))
        for _ in range(steps):
            await asyncio.sleep(0.0003)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await done(two[n % 2], "bookAppointment", f"patient {n}", **given)
    assert await sql.fetchval("SELECT booked_count FROM slots WHERE id = $1", wanted) == 60


async def test_while_the_first_is_still_running(two: list[Client], sql: SQL, crowded: str) -> None:
    wanted = await add_slot(sql, NOW + timedelta(days=5), capacity=3)
    given = {"slotId": slot(wanted), "idempotencyKey": "twice"}
    async with holding(crowded, "SELECT FROM slots WHERE id = $1 FOR UPDATE", wanted) as holder:
        tasks = [asyncio.create_task(do(client, "bookAppointment", ME, **given)) for client in two]
        await holder.until_waiting(2)
        other = asyncio.create_task(do(two[1], "bookAppointment", ME, **given, reason="another"))
        await holder.until_waiting(3)
        await holder.let_go()
        first, second, third = await asyncio.gather(*tasks, other)
    assert first == second
    assert first["userErrors"] == []
    assert codes(third) == ["IDEMPOTENCY_CONFLICT"]
    assert await sql.fetchval("SELECT booked_count FROM slots WHERE id = $1", wanted) == 1


async def test_while_the_first_is_still_running_and_then_refused(two: list[Client], sql: SQL, crowded: str) -> None:
    wanted = await add_slot(sql, NOW + timedelta(days=5))
    given = {"slotId": slot(wanted), "idempotencyKey": "twice"}
    async with holding(crowded, "SELECT FROM slots WHERE id = $1 FOR UPDATE", wanted) as holder:
        tasks = [asyncio.create_task(do(client, "bookAppointment", ME, **given)) for client in two]
        await holder.until_waiting(2)
        await holder.run("UPDATE slots SET is_active = FALSE WHERE id = $1", wanted)
        await holder.let_go()
        assert [codes(each) for each in await asyncio.gather(*tasks)] == [["SLOT_UNAVAILABLE"]] * 2


async def test_many_at_once_with_one_key(two: list[Client], sql: SQL) -> None:
    wanted = await add_slot(sql, NOW + timedelta(days=5), capacity=5)
    given = {"slotId": slot(wanted), "idempotencyKey": "twice"}
    answers = await asyncio.gather(*(done(two[n % 2], "bookAppointment", ME, **given) for n in range(40)))
    assert len({each["appointment"]["id"] for each in answers}) == 1


async def test_a_refusal_is_an_answer_too(two: list[Client], sql: SQL) -> None:
    wanted = await add_slot(sql, NOW + timedelta(days=5))
    theirs = await book(sql, wanted, CROWD[1])
    asked = {"slotId": slot(wanted), "idempotencyKey": "full"}
    assert codes(await do(two[0], "bookAppointment", ME, **asked)) == ["SLOT_UNAVAILABLE"]
    await sql.execute("UPDATE appointments SET status = 'CANCELLED', cancelled_at = $1 WHERE id = $2", NOW, theirs)
    await sql.execute(
        "INSERT INTO appointment_timeline (appointment_id, from_status, to_status) "
        "VALUES ($1, 'CONFIRMED', 'CANCELLED')",
        theirs,
    )
    assert codes(await do(two[1], "bookAppointment", ME, **asked)) == ["SLOT_UNAVAILABLE"]
    assert codes(await do(two[1], "bookAppointment", ME, **asked, reason="x")) == ["IDEMPOTENCY_CONFLICT"]
    await done(two[1], "bookAppointment", ME, **{**asked, "idempotencyKey": "free"})


async def test_what_may_not_be_asked_takes_no_key(two: list[Client], sql: SQL) -> None:
    wanted = await add_slot(sql, NOW + timedelta(days=5), doctor=2, clinic=2)
    asked = {"slotId": slot(wanted), "patientId": patient(1), "idempotencyKey": "mine"}
    answer = await answer_of(two[0], "bookAppointment", "doctor", **asked)
    assert outcome(answer, "bookAppointment") == "FORBIDDEN"
    assert await sql.fetchval("SELECT count(*) FROM idempotency_keys") == 0


async def test_keys_are_apart_by_person_and_by_mutation(two: list[Client], sql: SQL) -> None:
    wanted = await add_slot(sql, NOW + timedelta(days=5), capacity=4)
    people = [ME, f"patient {CROWD[1]}"]
    answers = [await done(two[0], "bookAppointment", me, slotId=slot(wanted), idempotencyKey="1") for me in people]
    answers.append(
        await done(two[0], "bookAppointment", "service", slotId=slot(wanted), patientId=patient(2), idempotencyKey="1")
    )
    assert len({each["appointment"]["id"] for each in answers}) == 3
    await done(two[0], "holdSlot", ME, slotId=slot(wanted), idempotencyKey="1")


@pytest.mark.parametrize(
    ("later", "found"), [(timedelta(hours=23, minutes=59), "done"), (timedelta(hours=24), "DUPLICATE_BOOKING")]
)
async def test_a_key_is_kept_for_a_day(two: list[Client], sql: SQL, crowded: str, later: timedelta, found: str) -> None:
    wanted = await add_slot(sql, NOW + timedelta(days=5), capacity=2)
    asked = {"slotId": slot(wanted), "idempotencyKey": "old"}
    await done(two[0], "bookAppointment", ME, **asked)
    async with server_over(crowded, lambda: NOW + later) as tomorrow:
        assert outcome(await answer_of(tomorrow, "bookAppointment", ME, **asked), "bookAppointment") == found
        assert outcome(await answer_of(tomorrow, "bookAppointment", ME, **asked), "bookAppointment") == found


@pytest.mark.parametrize("key", ["", "k" * 201, "\0"])
async def test_keys_that_cannot_be(two: list[Client], key: str) -> None:
    refused = await do(two[0], "bookAppointment", ME, slotId=slot(150), idempotencyKey=key)
    assert [(error["code"], error["field"]) for error in refused["userErrors"]] == [
        ("VALIDATION_ERROR", "idempotencyKey")
    ]
