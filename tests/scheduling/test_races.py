"""Many at once, over two servers: what is impossible does not happen, and everybody gets an answer.

The fixture `two` looks at the tables afterwards: no invariant is broken, no counter is off, and there was no deadlock.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from tests.client import Client
from tests.scheduling.asks import answer_of, appointment, at, do, done, gid, outcome, patient, slot
from tests.scheduling.crowd import CROWD, SQL, add_slot, add_slots, book, hold, offer, prepayment, set_policy, the_row

Ask = tuple[str, str, dict[str, Any]]
ROUNDS = 5  # between two processes it is 20: test_processes.py
SEATS = 5


async def race(two: list[Client], asks: Iterable[Ask]) -> list[str]:
    """What came of each `(mutation, viewer, given)`, all sent at once, to one server and the other in turn."""
    asks = list(asks)
    answers = await asyncio.gather(
        *(answer_of(two[n % 2], mutation, viewer, **given) for n, (mutation, viewer, given) in enumerate(asks))
    )
    return [outcome(answer, ask[0]) for answer, ask in zip(answers, asks, strict=True)]


async def seats(sql: SQL, slot_id: int) -> tuple[int, int]:
    """Booked and held ones, counted by the facts."""
    row = await the_row(
        sql,
        """
        SELECT (SELECT count(*) FROM appointments WHERE slot_id = $1 AND keeps_seat) AS booked,
               (SELECT count(*) FROM holds WHERE slot_id = $1 AND released_at IS NULL) AS held
        """,
        slot_id,
    )
    return row["booked"], row["held"]


async def test_two_hundred_want_one_of_five_seats(two: list[Client], sql: SQL) -> None:
    wanted = await add_slots(sql, ROUNDS, at(20, "08:00"), capacity=SEATS)
    for each in wanted:
        asks = [("bookAppointment", f"patient {n}", {"slotId": slot(each)}) for n in CROWD]
        assert Counter(await race(two, asks)) == {"done": SEATS, "SLOT_UNAVAILABLE": len(CROWD) - SEATS}
        assert await seats(sql, each) == (SEATS, 0)


async def test_who_comes_too_late_is_told_of_others(two: list[Client], sql: SQL) -> None:
    full, near, far = await add_slots(sql, 3, at(20, "08:00"))
    await book(sql, full, CROWD[0])
    answer = await do(two[0], "bookAppointment", f"patient {CROWD[1]}", slotId=slot(full))
    (refused,) = answer["userErrors"]
    assert refused["slot"] is None  # it is no longer hers to see
    assert [each["id"] for each in refused["alternatives"]][:2] == [slot(near), slot(far)]


async def test_two_hundred_hold_one_of_five_seats(two: list[Client], sql: SQL) -> None:
    for each in await add_slots(sql, 5, at(20, "08:00"), capacity=SEATS):
        asks = [("holdSlot", f"patient {n}", {"slotId": slot(each)}) for n in CROWD]
        assert Counter(await race(two, asks)) == {"done": SEATS, "SLOT_UNAVAILABLE": len(CROWD) - SEATS}
        assert await seats(sql, each) == (0, SEATS)


async def test_some_hold_and_some_book(two: list[Client], sql: SQL) -> None:
    wanted = await add_slot(sql, at(20, "08:00"), capacity=SEATS)
    asks = [(("holdSlot", "bookAppointment")[n % 2], f"patient {n}", {"slotId": slot(wanted)}) for n in CROWD[:60]]
    assert Counter(await race(two, asks)) == {"done": SEATS, "SLOT_UNAVAILABLE": 55}
    assert sum(await seats(sql, wanted)) == SEATS


async def test_some_move_there_and_some_book(two: list[Client], sql: SQL) -> None:
    for hour in range(5):
        wanted = await add_slot(sql, at(20, f"{8 + hour:02}:00"), capacity=SEATS)
        others = await add_slot(sql, at(21, f"{8 + hour:02}:00"), capacity=20)
        people = CROWD[40 * hour :]
        moving = [await book(sql, others, n) for n in people[:20]]
        moves: list[Ask] = [
            ("rescheduleAppointment", f"patient {n}", {"appointmentId": appointment(mine), "slotId": slot(wanted)})
            for n, mine in zip(people, moving, strict=False)
        ]
        books: list[Ask] = [("bookAppointment", f"patient {n}", {"slotId": slot(wanted)}) for n in people[20:40]]
        mixed = [ask for pair in zip(moves, books, strict=True) for ask in pair]
        assert Counter(await race(two, mixed)) == {"done": SEATS, "SLOT_UNAVAILABLE": 35}
        assert await seats(sql, wanted) == (SEATS, 0)


async def test_one_is_cancelled_while_another_is_booked_there(two: list[Client], sql: SQL) -> None:
    for each in await add_slots(sql, 10, at(20, "08:00")):
        mine = await book(sql, each, CROWD[0])
        asks: list[Ask] = [
            ("cancelAppointment", f"patient {CROWD[0]}", {"appointmentId": appointment(mine), "reason": "ill"}),
            *(("bookAppointment", f"patient {n}", {"slotId": slot(each)}) for n in CROWD[1:9]),
        ]
        cancelled, *booked = await race(two, asks)
        assert cancelled == "done"
        assert booked.count("done") <= 1
        assert await seats(sql, each) == (booked.count("done"), 0)


async def offer_to(two: list[Client], sql: SQL, each: int, holder: int, waiting: int) -> str:
    """A seat, given up by one and offered to another: the offer's id."""
    doctor = await sql.fetchval("SELECT doctor_id FROM slots WHERE id = $1", each)
    mine = await book(sql, each, holder)
    entry = await done(two[0], "joinWaitlist", f"patient {waiting}", doctorIds=[gid("Doctor", doctor)])
    await done(two[0], "cancelAppointment", f"patient {holder}", appointmentId=appointment(mine), reason="ill")
    offered = await sql.fetchval(
        "SELECT o.id FROM waitlist_offers o WHERE slot_id = $1 AND status = 'OPEN' ORDER BY id DESC", each
    )
    assert entry["waitlistEntry"]["status"] == "WAITING"
    return gid("WaitlistOffer", offered)


async def test_an_offer_is_accepted_while_others_want_the_seat(two: list[Client], sql: SQL) -> None:
    for n, each in enumerate(await add_slots(sql, 6, at(20, "08:00"))):
        waiting = CROWD[100 + n]
        offered = await offer_to(two, sql, each, CROWD[0], waiting)
        asks: list[Ask] = [("bookAppointment", f"patient {other}", {"slotId": slot(each)}) for other in CROWD[1:9]]
        asks.insert(n, ("acceptOffer", f"patient {waiting}", {"offerId": offered}))
        outcomes = await race(two, asks)
        assert outcomes.pop(n) == "done"
        assert set(outcomes) == {"SLOT_UNAVAILABLE"}


async def test_an_offer_is_accepted_declined_left_and_booked_by_its_hold_at_once(two: list[Client], sql: SQL) -> None:
    for n, each in enumerate(await add_slots(sql, 8, at(20, "08:00"))):
        waiting = CROWD[100 + n]
        offered = await offer_to(two, sql, each, CROWD[0], waiting)
        row = await the_row(sql, "SELECT hold_id, entry_id FROM waitlist_offers ORDER BY id DESC LIMIT 1")
        me = f"patient {waiting}"
        outcomes = await race(
            two,
            [
                ("acceptOffer", me, {"offerId": offered}),
                ("declineOffer", me, {"offerId": offered}),
                ("leaveWaitlist", me, {"waitlistEntryId": gid("WaitlistEntry", row["entry_id"])}),
                ("bookAppointment", me, {"holdId": gid("Hold", row["hold_id"])}),
                ("releaseHold", me, {"holdId": gid("Hold", row["hold_id"])}),
            ],
        )
        assert set(outcomes) <= {"done", "OFFER_EXPIRED", "HOLD_EXPIRED", "DUPLICATE_BOOKING"}
        booked, held = await seats(sql, each)
        assert booked == [outcomes[0], outcomes[3]].count("done")
        assert held == 0


async def test_one_gives_up_what_another_is_offered(two: list[Client], sql: SQL) -> None:
    """Two who accept, each giving up the slot that the other waits for, on two days: in either order."""
    for hour in range(8, 14):
        first, second = [await add_slots(sql, 2, at(day, f"{hour:02}:00")) for day in (20, 21)]
        people = CROWD[3 * hour], CROWD[3 * hour + 1]
        offers = [
            await offer(sql, person, wanted, giving_up=await book(sql, mine, person))
            for person, mine, wanted in ((people[0], second[0], first[0]), (people[1], first[1], second[1]))
        ]
        asks: list[Ask] = [
            ("acceptOffer", f"patient {person}", {"offerId": gid("WaitlistOffer", each)})
            for person, each in zip(people, offers, strict=True)
        ]
        assert await race(two, asks) == ["done", "done"]
        assert [await seats(sql, each) for each in (*first, *second)] == [(1, 0), (0, 0), (0, 0), (1, 0)]


async def test_an_offer_is_accepted_while_what_is_given_up_for_it_is_cancelled(two: list[Client], sql: SQL) -> None:
    """By the patient or her clinic: the old seat is free either way, and the new one is hers or nobody's."""
    for n, (old, wanted) in enumerate(
        zip(await add_slots(sql, 10, at(21, "08:00")), await add_slots(sql, 10, at(20, "08:00")), strict=True)
    ):
        me = f"patient {CROWD[n]}"
        mine = await book(sql, old, CROWD[n])
        offered = await offer(sql, CROWD[n], wanted, giving_up=mine)
        asks: list[Ask] = [
            ("acceptOffer", me, {"offerId": gid("WaitlistOffer", offered)}),
            ("cancelAppointment", me if n % 4 < 2 else "staff", {"appointmentId": appointment(mine), "reason": "ill"}),
        ]
        order = slice(None, None, -1 if n % 2 else 1)
        accepted, cancelled = (await race(two, asks[order]))[order]
        assert accepted == "done"
        assert cancelled in ("done", "INVALID_TRANSITION")
        assert [await seats(sql, each) for each in (old, wanted)] == [(0, 0), (1, 0)]


async def test_a_patient_books_two_doctors_at_once(two: list[Client], sql: SQL) -> None:
    for hour in range(8, 14):
        hers = await add_slot(sql, at(20, f"{hour:02}:00"), doctor=1)
        his = await add_slot(sql, at(20, f"{hour:02}:10"), doctor=2)
        asks: list[Ask] = [
            ("bookAppointment", f"patient {n}", {"slotId": slot(each)}) for n in CROWD[:1] for each in (hers, his)
        ]
        assert sorted(await race(two, asks)) == ["PATIENT_OVERLAP", "done"]


async def test_a_patient_books_one_slot_many_times_at_once(two: list[Client], sql: SQL) -> None:
    wanted = await add_slot(sql, at(20, "08:00"), capacity=SEATS)
    outcomes = await race(two, [("bookAppointment", f"patient {CROWD[0]}", {"slotId": slot(wanted)})] * 20)
    assert Counter(outcomes) == {"done": 1, "DUPLICATE_BOOKING": 19}


async def test_a_crowd_and_two_doctors_whose_slots_overlap(two: list[Client], sql: SQL) -> None:
    hers = await add_slot(sql, at(20, "08:00"), doctor=1, capacity=10)
    his = await add_slot(sql, at(20, "08:10"), doctor=2, capacity=10)
    asks: list[Ask] = [
        ("bookAppointment", f"patient {n}", {"slotId": slot(each)}) for n in CROWD[:30] for each in (hers, his)
    ]
    outcomes = await race(two, asks)
    assert outcomes.count("done") == 20
    assert set(outcomes) == {"done", "PATIENT_OVERLAP", "SLOT_UNAVAILABLE"}


async def test_no_more_than_the_daily_limit(two: list[Client], sql: SQL) -> None:
    await sql.execute("UPDATE doctors SET daily_patient_limit = 4 WHERE id = 1")
    day = await add_slots(sql, 10, at(20, "08:00"), capacity=4)
    asks: list[Ask] = [("bookAppointment", f"patient {n}", {"slotId": slot(day[n % 10])}) for n in CROWD[:40]]
    assert Counter(await race(two, asks)) == {"done": 4, "DAILY_LIMIT_REACHED": 36}


async def test_two_patients_swap_days(two: list[Client], sql: SQL) -> None:
    for hour in range(8, 16):
        first, second = [await add_slots(sql, 2, at(day, f"{hour:02}:00")) for day in (20, 21)]
        people = CROWD[2 * hour : 2 * hour + 2]
        mine = [await book(sql, first[0], people[0]), await book(sql, second[0], people[1])]
        asks: list[Ask] = [
            ("rescheduleAppointment", f"patient {n}", {"appointmentId": appointment(each), "slotId": slot(there)})
            for n, each, there in zip(people, mine, (second[1], first[1]), strict=True)
        ]
        assert await race(two, asks) == ["done", "done"]


async def test_an_appointment_is_moved_to_two_slots_and_cancelled_at_once(two: list[Client], sql: SQL) -> None:
    for hour in range(8, 14):
        here = await add_slot(sql, at(20, f"{hour:02}:00"))
        there = await add_slots(sql, 2, at(21, f"{hour:02}:00"))
        mine = {"appointmentId": appointment(await book(sql, here, CROWD[hour]))}
        me = f"patient {CROWD[hour]}"
        outcomes = await race(
            two,
            [
                *(("rescheduleAppointment", me, {**mine, "slotId": slot(each)}) for each in there),
                ("cancelAppointment", me, {**mine, "reason": "ill"}),
            ],
        )
        assert set(outcomes) <= {"done", "CONFLICT", "INVALID_TRANSITION"}
        assert "done" in outcomes
        taken = [(await seats(sql, each))[0] for each in (here, *there)]
        assert sum(taken) == (0 if outcomes[2] == "done" else 1)


async def test_one_patient_holds_and_books_at_once(two: list[Client], sql: SQL) -> None:
    for n, each in enumerate(await add_slots(sql, 8, at(20, "08:00"))):
        me = f"patient {CROWD[n]}"
        held, booked = await race(
            two, [("holdSlot", me, {"slotId": slot(each)}), ("bookAppointment", me, {"slotId": slot(each)})]
        )
        assert booked == "done"  # her own hold does not stand in her way
        assert held in ("done", "SLOT_UNAVAILABLE")
        assert await seats(sql, each) == (1, 0)


async def test_a_hold_is_booked_twice_and_released_at_once(two: list[Client], sql: SQL) -> None:
    for n, each in enumerate(await add_slots(sql, 8, at(20, "08:00"))):
        held = {"holdId": gid("Hold", await hold(sql, each, CROWD[n]))}
        me = f"patient {CROWD[n]}"
        outcomes = await race(two, [(name, me, held) for name in ("bookAppointment", "bookAppointment", "releaseHold")])
        assert set(outcomes) <= {"done", "HOLD_EXPIRED", "DUPLICATE_BOOKING"}
        assert outcomes.count("done") == 1
        assert await seats(sql, each) == (outcomes[:2].count("done"), 0)


async def test_what_has_expired_is_taken_by_whoever_wants_it(two: list[Client], sql: SQL) -> None:
    await prepayment(sql)
    over = at(15, "11:50")
    for hour in range(8, 12):
        wanted = await add_slot(sql, at(20, f"{hour:02}:00"), capacity=4)
        for n in CROWD[:2]:
            await hold(sql, wanted, n, minutes=-1)
        for n in CROWD[2:4]:
            await book(sql, wanted, n, status="PENDING", pay_by=over)
        asks: list[Ask] = [("bookAppointment", f"patient {n}", {"slotId": slot(wanted)}) for n in CROWD[10:40]]
        assert Counter(await race(two, asks)) == {"done": 4, "SLOT_UNAVAILABLE": 26}
        assert await seats(sql, wanted) == (4, 0)


async def test_two_book_where_the_other_has_lapsed(two: list[Client], sql: SQL) -> None:
    """Each lets go of what the other would count, on another day: no order of days may matter."""
    over = at(15, "11:50")
    for hour in range(8, 16):
        days = [await add_slot(sql, at(day, f"{hour:02}:00"), capacity=2) for day in (20, 21)]
        people = CROWD[2 * hour : 2 * hour + 2]
        for n, mine in zip(people, reversed(days), strict=True):
            await book(sql, mine, n, status="PENDING", pay_by=over)
        asks: list[Ask] = [
            ("bookAppointment", f"patient {n}", {"slotId": slot(each)}) for n, each in zip(people, days, strict=True)
        ]
        assert await race(two, asks) == ["done", "done"]


async def test_a_seat_that_lapsed_elsewhere_is_offered_to_who_waits(two: list[Client], sql: SQL) -> None:
    lapsed, wanted = await add_slots(sql, 2, at(20, "08:00"))
    await book(sql, lapsed, CROWD[0], status="PENDING", pay_by=at(15, "11:50"))
    await done(two[0], "joinWaitlist", f"patient {CROWD[1]}", doctorIds=[gid("Doctor", 1)])
    await done(two[1], "bookAppointment", f"patient {CROWD[2]}", slotId=slot(wanted))
    assert (
        await sql.fetchval("SELECT patient_id FROM holds WHERE slot_id = $1 AND released_at IS NULL", lapsed)
        == CROWD[1]
    )


async def test_steps_of_one_appointment_at_once(two: list[Client], sql: SQL) -> None:
    await set_policy(sql, confirmation="STAFF", notice_to_cancel=timedelta())
    for each in await add_slots(sql, 6, at(20, "08:00")):
        mine = {"appointmentId": appointment(await book(sql, each, CROWD[0], status="PENDING"))}
        outcomes = await race(
            two,
            [
                ("confirmAppointment", "staff", mine),
                ("declineAppointment", "manager", {**mine, "reason": "full"}),
                ("cancelAppointment", f"patient {CROWD[0]}", {**mine, "reason": "ill"}),
                ("bookAppointment", "staff", {"slotId": slot(each), "patientId": patient(1)}),
            ],
        )
        assert set(outcomes) <= {"done", "INVALID_TRANSITION", "SLOT_UNAVAILABLE"}
        assert sum(await seats(sql, each)) <= 1
