"""One order of events at a time: a transaction is paused at a chosen point, by a row that somebody else holds."""

import asyncio
from typing import Any

import pytest

from tests.client import Answer, Client
from tests.scheduling.asks import answer_of, appointment, at, done, gid, outcome, slot
from tests.scheduling.crowd import CROWD, SQL, add_slot, add_slots, book, offer, prepayment, the_row
from tests.scheduling.locks import holding

ONE_SLOT = "SELECT FROM slots WHERE id = {} FOR UPDATE"
ME, YOU = (f"patient {n}" for n in CROWD[:2])


def soon(client: Client, mutation: str, viewer: str, **input: Any) -> "asyncio.Task[Answer]":
    return asyncio.create_task(answer_of(client, mutation, viewer, **input))


async def came_of(task: "asyncio.Task[Answer]", mutation: str) -> str:
    return outcome(await task, mutation)


async def two_days(sql: SQL) -> tuple[int, int]:
    """Slots on two days, which are counted already."""
    days = [await add_slot(sql, at(day, "08:00"), capacity=2) for day in (20, 21)]
    for each in days:
        await book(sql, each, CROWD[50])
    return days[0], days[1]


A_DAY = "SELECT FROM doctor_days WHERE doctor_id = 1 AND day = '2026-06-{}' FOR UPDATE {}"


async def test_who_moves_to_an_earlier_day_locks_that_first(two: list[Client], sql: SQL, crowded: str) -> None:
    """Or two who swap days would wait for each other."""
    earlier, later = await two_days(sql)
    mine = await book(sql, later, CROWD[0])
    async with holding(crowded, A_DAY.format(20, "")) as holder:
        task = soon(two[0], "rescheduleAppointment", ME, appointmentId=appointment(mine), slotId=slot(earlier))
        await holder.until_waiting(1)
        await holder.run(A_DAY.format(21, "NOWAIT"))
        await holder.let_go()
        assert await came_of(task, "rescheduleAppointment") == "done"


async def test_who_gives_up_a_later_day_locks_the_earlier_first(two: list[Client], sql: SQL, crowded: str) -> None:
    earlier, later = await two_days(sql)
    offered = await offer(sql, CROWD[0], earlier, giving_up=await book(sql, later, CROWD[0]))
    async with holding(crowded, A_DAY.format(20, "")) as holder:
        task = soon(two[0], "acceptOffer", ME, offerId=gid("WaitlistOffer", offered))
        await holder.until_waiting(1)
        await holder.run(A_DAY.format(21, "NOWAIT"))
        await holder.let_go()
        assert await came_of(task, "acceptOffer") == "done"


async def test_a_slot_is_withdrawn_while_somebody_waits_to_book_it(two: list[Client], sql: SQL, crowded: str) -> None:
    wanted = await add_slot(sql, at(20, "08:00"))
    async with holding(crowded, ONE_SLOT.format(wanted)) as holder:
        task = soon(two[0], "bookAppointment", ME, slotId=slot(wanted))
        await holder.until_waiting(1)
        await holder.run("UPDATE slots SET is_active = FALSE WHERE id = $1", wanted)
        await holder.let_go()
        assert await came_of(task, "bookAppointment") == "SLOT_UNAVAILABLE"


async def test_the_last_seat_is_taken_while_somebody_waits_to_book_it(
    two: list[Client], sql: SQL, crowded: str
) -> None:
    wanted = await add_slot(sql, at(20, "08:00"))
    async with holding(crowded, ONE_SLOT.format(wanted)) as holder:
        tasks = [soon(two[n], name, ME, slotId=slot(wanted)) for n, name in enumerate(("bookAppointment",))]
        await holder.until_waiting(1)
        await holder.run(
            "INSERT INTO holds (slot_id, patient_id, expires_at) VALUES ($1, $2, $3)", wanted, 1, at(15, "12:05")
        )
        await holder.let_go()
        assert [await came_of(task, "bookAppointment") for task in tasks] == ["SLOT_UNAVAILABLE"]


async def test_a_hold_that_waits_behind_another_of_the_same_patient_is_the_same(
    two: list[Client], sql: SQL, crowded: str
) -> None:
    wanted = await add_slot(sql, at(20, "08:00"), capacity=2)
    async with holding(crowded, ONE_SLOT.format(wanted)) as holder:
        tasks = [soon(client, "holdSlot", ME, slotId=slot(wanted)) for client in two]
        await holder.until_waiting(2)
        await holder.let_go()
        first, second = [(await task).data["holdSlot"]["hold"]["id"] for task in tasks]
    assert first == second


async def test_an_appointment_that_is_moved_while_it_is_cancelled(two: list[Client], sql: SQL, crowded: str) -> None:
    here, there = await add_slots(sql, 2, at(20, "08:00"))
    mine = await book(sql, here, CROWD[0])
    async with holding(crowded, ONE_SLOT.format(here)) as holder:
        task = soon(two[0], "cancelAppointment", ME, appointmentId=appointment(mine), reason="ill")
        await holder.until_waiting(1)
        await holder.run("UPDATE appointments SET slot_id = $1 WHERE id = $2", there, mine)
        await holder.let_go()
        assert await came_of(task, "cancelAppointment") == "CONFLICT"


@pytest.mark.parametrize("first", ["acceptOffer", "declineOffer", "leaveWaitlist"])
async def test_an_offer_is_answered_once(two: list[Client], sql: SQL, crowded: str, first: str) -> None:
    wanted = await add_slot(sql, at(20, "08:00"))
    theirs = await book(sql, wanted, CROWD[5])
    await done(two[0], "joinWaitlist", ME, doctorIds=[gid("Doctor", 1)])
    await done(two[0], "cancelAppointment", f"patient {CROWD[5]}", appointmentId=appointment(theirs), reason="ill")
    made = await the_row(sql, "SELECT id, entry_id FROM waitlist_offers")
    named = {"offerId": gid("WaitlistOffer", made["id"])}
    entry = {"waitlistEntryId": gid("WaitlistEntry", made["entry_id"])}
    asks = {"acceptOffer": named, "declineOffer": named, "leaveWaitlist": entry}
    order = [first, *(name for name in asks if name != first)]
    tasks = []
    async with holding(crowded, ONE_SLOT.format(wanted)) as holder:
        for waiting, name in enumerate(order, start=1):
            tasks.append(soon(two[waiting % 2], name, ME, **asks[name]))
            await holder.until_waiting(waiting)  # locks are given in the order in which they were asked for
        await holder.let_go()
        outcomes = dict(
            zip(order, [await came_of(task, name) for task, name in zip(tasks, order, strict=True)], strict=True)
        )
    assert outcomes[first] == "done"
    assert outcomes["leaveWaitlist"] == "done"
    assert [outcomes[name] for name in ("acceptOffer", "declineOffer") if name != first] == ["OFFER_EXPIRED"] * (
        2 if first == "leaveWaitlist" else 1
    )
    assert await sql.fetchval("SELECT count(*) FROM appointments WHERE slot_id = $1 AND keeps_seat", wanted) == (
        first == "acceptOffer"
    )


async def test_a_payment_that_lapses_while_the_patient_waits_to_move(two: list[Client], sql: SQL, crowded: str) -> None:
    await prepayment(sql)
    here, there = await add_slots(sql, 2, at(20, "08:00"))
    mine = await book(sql, here, CROWD[0], status="PENDING", pay_by=at(15, "12:01"))
    async with holding(crowded, ONE_SLOT.format(here)) as holder:
        task = soon(two[0], "rescheduleAppointment", ME, appointmentId=appointment(mine), slotId=slot(there))
        await holder.until_waiting(1)
        await holder.run("UPDATE appointments SET pay_by = $1 WHERE id = $2", at(15, "11:59"), mine)
        await holder.let_go()
        assert await came_of(task, "rescheduleAppointment") == "INVALID_TRANSITION"
