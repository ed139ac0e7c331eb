"""What is told, to whom, in which order: over several servers, restarts and lost connections."""

import asyncio
from typing import Any

import asyncpg
import pytest
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from schema.node import encode_id
from schema.positions import Position, write_position
from tests.streams.deeds import APPOINTMENTS, SCHEDULE, SLOTS, book, cancel, do, hold, release
from tests.streams.serving import Served, serving

Connection = asyncpg.Connection
LEFT = (ConnectionClosed, InvalidMessage, InvalidStatus)

DOCTOR = {"doctor": encode_id("Doctor", 1)}
SLOT = encode_id("Slot", 160)


def position_of(event: int) -> str:
    return write_position(Position(event))


async def settled(sql: "Connection[Any]") -> int:
    """Waits until every event has a position; the last."""
    while await sql.fetchval("SELECT count(*) FROM outbox_events WHERE position IS NULL"):
        await asyncio.sleep(0.01)
    return int(await sql.fetchval("SELECT coalesce(max(position), 0) FROM outbox_events"))


async def test_a_slot_that_is_taken_and_freed(served: Served) -> None:
    """Whom it is no longer open to is told to drop it, and gets nothing else."""
    async with served.socket("anonymous") as public, served.socket("staff") as staff:
        await public.subscribe(SLOTS, DOCTOR)
        await staff.subscribe(SLOTS, {"clinic": encode_id("Clinic", 1)})
        held = await hold(served, 160)
        gone, full = await public.next(), await staff.next()
        assert gone.pop("position") == full.pop("position")
        assert gone == {"event": "slot.changed", "slotId": SLOT, "slot": None}
        assert full == {"event": "slot.changed", "slotId": SLOT, "slot": {"id": SLOT, "availableSeats": 0}}
        await release(served, held)
        back = await public.next()
        assert back["slot"] == {"id": SLOT, "availableSeats": 1}
        await book(served, 160, 3)
        told = await public.next()
        assert (told["event"], told["slotId"], told["slot"]) == ("slot.changed", SLOT, None)


async def test_what_is_nobodys_business_is_not_told(served: Served, sql: "Connection[Any]") -> None:
    """Steps of a visit change no seats; doctors who are not shown have no slots; others' appointments are others'."""
    async with served.socket("anonymous") as public, served.socket("stranger") as stranger:
        await public.subscribe(SLOTS, {"doctor": encode_id("Doctor", 2)}, id="2")
        await public.subscribe(SLOTS, DOCTOR)
        await stranger.subscribe(APPOINTMENTS, DOCTOR)
        await do(served, "confirmAppointment", appointmentId=encode_id("Appointment", 5))
        await cancel(served, 12)
        assert (await public.hear())["id"] == "1"
        await sql.execute("UPDATE doctors SET status = 'REJECTED' WHERE id = 1")
        await hold(served, 350)
        await sql.execute("UPDATE slots SET is_active = FALSE WHERE id = 160")
        await cancel(served, 5)
        told = await public.hear()
        assert (told["id"], told["payload"]["data"]["slotAvailabilityChanged"]["slotId"]) == (
            "2",
            encode_id("Slot", 241),
        )
        await book(served, 370, 3)
        await stranger.say(type="ping")
        assert await stranger.hear() == {"type": "pong"}


async def test_an_appointment_as_each_may_see_it(served: Served, sql: "Connection[Any]") -> None:
    appointment = encode_id("Appointment", 12)
    viewers = {
        "patient": {},
        "doctor": DOCTOR,
        "staff": {"clinic": encode_id("Clinic", 1)},
        "admin": {"appointment": appointment},
        "service": {"patient": encode_id("Patient", 1), "clinic": encode_id("Clinic", 1)},
    }
    async with asyncio.TaskGroup() as group, served.socket("doctor of another") as another:
        await another.subscribe(APPOINTMENTS, DOCTOR)
        ready = asyncio.Barrier(len(viewers) + 1)

        async def watch(viewer: str, variables: dict[str, Any]) -> None:
            async with served.socket(viewer) as socket:
                await socket.subscribe(APPOINTMENTS, variables)
                await ready.wait()
                told = await socket.next()
                assert told["event"] == "appointment.cancelled", viewer
                assert told["appointment"] == {"id": appointment, "status": "CANCELLED", "version": 2}
                await ready.wait()

        for viewer, variables in viewers.items():
            group.create_task(watch(viewer, variables))
        await ready.wait()
        await cancel(served, 12)
        await ready.wait()
        await another.say(type="ping")
        assert await another.hear() == {"type": "pong"}
        readers = "SELECT count(DISTINCT user_id) FROM audit_records WHERE action = 'read' AND patient_id = 1"
        assert await sql.fetchval(readers) == 3, "the doctor, the front desk and the administrator have seen it"


async def test_a_schedule(served_by_each: Served) -> None:
    """The doctor hears of all of it, also of what has gone to another; a patient of what is hers."""
    served = served_by_each
    async with served.socket("doctor") as doctor, served.socket("patient") as patient:
        await doctor.subscribe(SCHEDULE, DOCTOR)
        await patient.subscribe(SCHEDULE, DOCTOR)
        held = await hold(served, 160)
        told = await doctor.next()
        assert (told["event"], told["appointment"], told["slot"]["id"]) == ("slot.changed", None, SLOT)
        await release(served, held)
        assert (await doctor.next())["event"] == "slot.changed"
        assert (await patient.next())["slot"]["id"] == SLOT, "free, so that she may see it"
        await do(
            served,
            "rescheduleAppointment",
            appointmentId=encode_id("Appointment", 12),
            slotId=encode_id("Slot", 250 + 1),
        )
        told = await doctor.next()
        assert (told["event"], told["appointment"]) == ("appointment.status_changed", None)
        assert told["slot"] == {"id": encode_id("Slot", 140), "bookedCount": 0}
        assert (await patient.next())["appointment"] == {"id": encode_id("Appointment", 12)}


@pytest.mark.parametrize(
    ("query", "variables", "viewer"),
    [
        (SLOTS, {}, "anonymous"),
        (SLOTS, {"doctor": encode_id("Clinic", 1)}, "anonymous"),
        (APPOINTMENTS, {}, "doctor"),
        (APPOINTMENTS, {"patient": "x"}, "admin"),
        (SCHEDULE, {"doctor": encode_id("Slot", 1)}, "doctor"),
    ],
)
async def test_what_cannot_be_watched(served: Served, query: str, variables: dict[str, Any], viewer: str) -> None:
    async with served.socket(viewer) as socket:
        await socket.say(type="subscribe", id="1", payload={"query": query, "variables": variables})
        message = await socket.hear()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "BAD_USER_INPUT")


async def test_both_slots_of_a_move_are_told_and_resumed(served: Served) -> None:
    watch = {"clinic": encode_id("Clinic", 2), "doctor": encode_id("Doctor", 2)}
    async with served.socket("service") as socket:
        await socket.subscribe(SLOTS, watch)
        before = socket.ack["payload"]["position"]
        await do(
            served,
            "rescheduleAppointment",
            appointmentId=encode_id("Appointment", 22),
            slotId=encode_id("Slot", 260),
        )
        first, second = await socket.next(), await socket.next()
        assert [first["slotId"], second["slotId"]] == [encode_id("Slot", 260), encode_id("Slot", 240)]
        for after, rest in ((before, [first, second]), (first["position"], [second]), (second["position"], [])):
            await socket.say(type="complete", id="1")
            await socket.say(type="subscribe", id="1", payload={"query": SLOTS, "variables": {**watch, "after": after}})
            assert [await socket.next() for _ in rest] == rest


async def test_a_schedule_that_has_changed(served_by_each: Served, sql: "Connection[Any]") -> None:
    """Many slots at once: one message, to ask again; by doctor and by clinic, and when resumed too."""
    served = served_by_each
    insert = """
      INSERT INTO outbox_events (name, aggregate, aggregate_id, sequence, payload)
      VALUES ('doctor.schedule_changed', 'Doctor', 2, $1, '{"doctor_id": 2, "clinic_ids": [1, 2]}')
    """
    slots = {"event": "doctor.schedule_changed", "slotId": None, "slot": None}
    schedule = {"event": "doctor.schedule_changed", "appointment": None, "slot": None}
    watched = {
        "clinic": (SLOTS, {"clinic": encode_id("Clinic", 1)}, slots),
        "doctor": (SLOTS, {"doctor": encode_id("Doctor", 2)}, slots),
        "both": (SLOTS, {"doctor": encode_id("Doctor", 2), "clinic": encode_id("Clinic", 2)}, slots),
        "schedule": (SCHEDULE, {"doctor": encode_id("Doctor", 2)}, schedule),
    }
    async with served.socket("patient") as live, served.socket("patient") as resumed:
        await live.subscribe(SLOTS, {"doctor": encode_id("Doctor", 2), "clinic": encode_id("Clinic", 3)}, id="neither")
        for name, (query, variables, _) in watched.items():
            await live.subscribe(query, variables, id=name)
        await sql.execute(insert, 1)
        told = [await live.hear() for _ in watched]
        for name, (query, variables, _) in watched.items():
            await resumed.subscribe_only(query, {**variables, "after": position_of(0)}, id=name)
        told += [await resumed.hear() for _ in watched]
    for message in told:
        (change,) = message["payload"]["data"].values()
        assert change == {"position": position_of(1), **watched[message["id"]][2]}
    assert sorted(message["id"] for message in told) == sorted([*watched, *watched])


async def test_what_happens_at_one_server_is_told_by_the_other(clinic: str, sql: object) -> None:
    async with serving(clinic) as here, serving(clinic) as there, there.socket() as socket:
        await socket.subscribe(SLOTS, DOCTOR)
        for slot in (150, 160, 170):
            await hold(here, slot)
            assert (await socket.next())["slotId"] == encode_id("Slot", slot)


async def test_a_restart_loses_nothing_and_doubles_nothing(clinic: str, sql: "Connection[Any]") -> None:
    """Bookings go on at another server while this one is stopped and started again."""
    positions: list[str] = []
    done = asyncio.Event()

    async def deeds(served: Served) -> None:
        for _ in range(12):
            await release(served, await hold(served, 160))
            await asyncio.sleep(0.01)
        done.set()

    async def watch(port: int) -> None:
        after = None
        while True:
            try:
                async with Served(None, None, port).socket() as socket:  # type: ignore[arg-type]
                    after = after or socket.ack["payload"]["position"]
                    await socket.subscribe_only(SLOTS, {**DOCTOR, "after": after})
                    while len(positions) < 24:
                        after = (await socket.next())["position"]
                        positions.append(after)
                    return
            except (OSError, EOFError, *LEFT):
                await asyncio.sleep(0.02)

    async with serving(clinic) as other:
        async with serving(clinic) as served:
            port = served.port
            watching = asyncio.create_task(watch(port))
            while not served.app.events.watching:
                await asyncio.sleep(0.01)
            working = asyncio.create_task(deeds(other))
            while len(positions) < 4:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        async with serving(clinic, port=port):
            await asyncio.gather(watching, working)
    assert positions == [position_of(n) for n in range(1, 25)]


async def test_a_listener_that_lost_its_connection(served: Served, sql: "Connection[Any]") -> None:
    async with served.socket() as socket:
        await socket.subscribe(SLOTS, DOCTOR)
        await hold(served, 150)
        assert (await socket.next())["slotId"] == encode_id("Slot", 150)
        kill = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND query LIKE '%position > $1 ORDER BY%'"
        )
        assert await sql.fetchval(kill) == 1
        await hold(served, 160)
        await hold(served, 170)
        assert [(await socket.next())["slotId"] for _ in range(2)] == [encode_id("Slot", n) for n in (160, 170)]
        await socket.say(type="ping")
        assert await socket.hear() == {"type": "pong"}


async def test_positions_that_are_too_old(served: Served, sql: "Connection[Any]") -> None:
    for slot in (150, 160, 170):
        await hold(served, slot)
    assert await settled(sql) == 3
    await sql.execute("DELETE FROM outbox_events WHERE position < 3")
    async with served.socket() as socket:
        for after, code in ((1, "POSITION_EXPIRED"), (0, "POSITION_EXPIRED"), (4, "BAD_USER_INPUT")):
            variables = {**DOCTOR, "after": position_of(after)}
            await socket.say(type="subscribe", id="1", payload={"query": SLOTS, "variables": variables})
            message = await socket.hear()
            assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", code)
        await socket.subscribe_only(SLOTS, {**DOCTOR, "after": position_of(2)})
        assert (await socket.next())["slotId"] == encode_id("Slot", 170)
