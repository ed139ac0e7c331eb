"""The demo data: the same every time, exactly as large as asked, and true in every figure."""

import asyncio
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from models import Base
from server.seed import SeedError, Sizes, seed
from server.seed.moments import midnight
from server.seed.plan import draw
from server.seed.run import silent

NOW = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)
PRESENT = "timestamptz '2026-03-10 00:00+00'"
SMALL = Sizes(clinics=5, doctors=14, patients=150, slots=2_400, appointments=900, payments=700)


async def digests(dsn: str) -> dict[str, tuple[int, str | None]]:
    """For each table the number of its rows and a digest of all of them."""
    connection = await asyncpg.connect(dsn)
    found = {}
    for table in Base.metadata.tables:
        digest = f"SELECT count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM {table} t"
        (row,) = await connection.fetch(digest)
        found[table] = (row[0], row[1])
    await connection.close()
    return found


async def fetch(dsn: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()


async def test_equal_arguments_on_one_day_give_equal_rows(database: str) -> None:
    await seed(database, SMALL, seed=7, now=NOW)
    first = await digests(database)
    await seed(database, SMALL, seed=7, now=NOW + timedelta(hours=8), replace=True)
    assert await digests(database) == first
    fewer = replace(SMALL, payments=SMALL.payments - 50)
    await seed(database, fewer, seed=7, now=NOW, replace=True)
    changed = {table for table, digest in (await digests(database)).items() if digest != first[table]}
    money = {
        "payments",
        "payment_events",
        "sandbox_payments",
        "ledger_transactions",
        "ledger_entries",
        "roll_up_revenue",
        "roll_up_specialty_revenue",
        "roll_up_top_revenue",
    }
    assert money <= changed <= money | {"roll_up_changes"}
    await seed(database, SMALL, seed=8, now=NOW, replace=True)
    assert (await digests(database))["appointments"] != first["appointments"]


async def test_as_many_rows_as_asked_and_reported(database: str) -> None:
    seen: dict[str, tuple[int, int]] = {}
    written = await seed(
        database, SMALL, seed=1, now=NOW, report=lambda what, done, of: seen.update({what: (done, of)})
    )
    found = {table: count for table, (count, _) in (await digests(database)).items()}
    assert {name: found[name] for name in asdict(SMALL)} == asdict(SMALL)
    assert {table: count for table, count in found.items() if count} == {t: n for t, n in written.items() if n}
    assert all(done == of for done, of in seen.values()), seen


async def test_refuses_a_database_with_rows_unless_told_to_replace(database: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute("INSERT INTO users (name, email) VALUES ('Somebody', 'somebody@example.org')")
    with pytest.raises(SeedError, match="not empty"):
        await seed(database, SMALL, seed=1, now=NOW)
    assert await connection.fetchval("SELECT count(*) FROM users") == 1
    await seed(database, SMALL, seed=1, now=NOW, replace=True)
    assert not await connection.fetchval("SELECT count(*) FROM users WHERE email = 'somebody@example.org'")
    await connection.close()


async def test_a_database_without_tables_is_one_clear_error(empty_database: str) -> None:
    with pytest.raises(SeedError, match="not migrated"):
        await seed(empty_database, SMALL, seed=1, now=NOW)


async def test_a_seed_that_breaks_off_leaves_nothing(database: str) -> None:
    def give_up(what: str, _done: int, _of: int) -> None:
        if what == "ledger_entries":
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await seed(database, SMALL, seed=1, now=NOW, report=give_up)
    assert not any(count for count, _ in (await digests(database)).values())
    assert await fetch(database, "SELECT 1 FROM pg_trigger WHERE tgenabled <> 'O'") == []


async def test_the_server_goes_on_where_the_seed_ended(database: str) -> None:
    written = await seed(database, SMALL, seed=1, now=NOW)
    connection = await asyncpg.connect(database)
    assert await connection.fetch("SELECT 1 FROM pg_trigger WHERE tgenabled <> 'O'") == []
    user = await connection.fetchval("INSERT INTO users (name, email) VALUES ('New', 'new@example.org') RETURNING id")
    assert user == written["users"] + 1
    patient = await connection.fetchval("INSERT INTO patients (user_id) VALUES ($1) RETURNING id", user)
    free = f"SELECT max(id) FROM slots WHERE booked_count + held_count < capacity AND starts_at > {PRESENT}"
    slot = await connection.fetchval(free)
    book = "INSERT INTO appointments (slot_id, patient_id, status) VALUES ($1, $2, 'CONFIRMED')"
    await connection.execute(book, slot, patient)
    assert await connection.fetchval("SELECT booked_count FROM slots WHERE id = $1", slot) > 0
    await connection.close()


# Each query finds rows that should not be.
NEVER = {
    "slots count their seats": """
        SELECT s.id FROM slots s LEFT JOIN appointments a ON a.slot_id = s.id AND a.keeps_seat GROUP BY s.id
        HAVING count(a.id) <> s.booked_count OR count(a.id) FILTER (WHERE a.awaits_payment) <> s.unpaid_count
          OR s.held_count <> (SELECT count(*) FROM holds h WHERE h.slot_id = s.id AND released_at IS NULL)""",
    "slots of one doctor overlap": """
        SELECT FROM slots a JOIN slots b ON a.doctor_id = b.doctor_id AND a.id < b.id
        AND a.starts_at < b.blocked_until AND b.starts_at < a.blocked_until""",
    "appointments of one patient overlap": """
        SELECT FROM appointments a JOIN appointments b ON a.patient_id = b.patient_id AND a.id < b.id
        AND a.keeps_seat AND b.keeps_seat AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at""",
    "a slot is outside its template": """
        SELECT FROM slots s JOIN clinics c ON c.id = s.clinic_id JOIN availability_templates t ON t.id = s.template_id
        WHERE (s.starts_at AT TIME ZONE c.time_zone)::time < t.starts_at
          OR (s.ends_at AT TIME ZONE c.time_zone)::time > t.ends_at OR s.local_day < t.valid_from
          OR extract(isodow FROM s.local_day) <> t.weekday
          OR s.ends_at - s.starts_at <> t.slot_minutes * interval '1 min'
          OR (s.doctor_id, s.clinic_id, s.capacity) <> (t.doctor_id, t.clinic_id, t.capacity)""",
    "a slot without a template is not in extra hours": """
        SELECT FROM slots s WHERE template_id IS NULL AND NOT EXISTS (SELECT FROM availability_exceptions e
        WHERE e.doctor_id = s.doctor_id AND e.day = s.local_day AND e.kind = 'EXTRA_HOURS')""",
    "a slot on a closing day or on leave": """
        SELECT FROM slots s
        WHERE EXISTS (SELECT FROM clinic_closures c WHERE (c.clinic_id, c.day) = (s.clinic_id, s.local_day))
           OR EXISTS (SELECT FROM availability_exceptions e WHERE (e.doctor_id, e.day) = (s.doctor_id, local_day)
                   AND e.kind = 'LEAVE')""",
    "the status does not fit the time": f"""
        SELECT FROM appointments WHERE CASE status
          WHEN 'COMPLETED' THEN ends_at > {PRESENT} WHEN 'NO_SHOW' THEN ends_at > {PRESENT}
          WHEN 'IN_PROGRESS' THEN NOT {PRESENT} BETWEEN starts_at AND ends_at
          WHEN 'CHECKED_IN' THEN NOT {PRESENT} BETWEEN starts_at - interval '1 hour' AND ends_at
          WHEN 'PENDING' THEN starts_at <= {PRESENT} WHEN 'CONFIRMED' THEN starts_at <= {PRESENT} ELSE false END""",
    "something has happened after the present": f"""
        SELECT FROM appointments WHERE greatest(booked_at, cancelled_at, updated_at) > {PRESENT}
        UNION ALL SELECT FROM appointment_timeline WHERE happened_at > {PRESENT}
        UNION ALL SELECT FROM payment_events WHERE occurred_at > {PRESENT}
        UNION ALL SELECT FROM payments WHERE greatest(captured_at, created_at, updated_at) > {PRESENT}
        UNION ALL SELECT FROM users WHERE greatest(created_at, last_login_at) > {PRESENT}""",
    "someone or something is used before it is there": """
        SELECT FROM appointments a JOIN slots s ON s.id = slot_id JOIN patients p ON p.id = patient_id
        JOIN clinics c ON c.id = a.clinic_id JOIN doctors d ON d.id = a.doctor_id
        WHERE booked_at < greatest(s.created_at, p.created_at, c.created_at, d.created_at)
          OR booked_at >= least(a.starts_at, cancelled_at)""",
    "a daily limit is exceeded": """
        SELECT FROM doctor_days JOIN doctors d ON d.id = doctor_id WHERE booked_count > daily_patient_limit""",
    "doctor_days are not the appointments": """
        (SELECT doctor_id, local_day, count(*) FROM appointments WHERE keeps_seat GROUP BY 1, 2
         EXCEPT SELECT doctor_id, day, booked_count FROM doctor_days)
        UNION ALL (SELECT doctor_id, day, booked_count FROM doctor_days
         EXCEPT SELECT doctor_id, local_day, count(*) FROM appointments WHERE keeps_seat GROUP BY 1, 2)""",
    "first visits are not the first bookings": """
        SELECT FROM (SELECT is_first_visit, row_number() OVER w AS n FROM appointments
                     WINDOW w AS (PARTITION BY doctor_id, patient_id ORDER BY booked_at, id)) a
        WHERE is_first_visit <> (n = 1)""",
    "a timeline does not end with the status": """
        SELECT FROM appointments a CROSS JOIN LATERAL (SELECT * FROM appointment_timeline t WHERE appointment_id = a.id
                                                       ORDER BY id DESC LIMIT 1) t
        WHERE t.to_status <> a.status OR t.happened_at <> a.updated_at
          OR a.version <> (SELECT count(*) FROM appointment_timeline WHERE appointment_id = a.id)""",
    "a timeline is broken or runs back": """
        SELECT FROM (SELECT appointment_id, from_status, happened_at, lag(to_status) OVER w AS came_from,
                            lag(happened_at) OVER w AS came_at FROM appointment_timeline
                     WINDOW w AS (PARTITION BY appointment_id ORDER BY id)) t
        WHERE from_status IS DISTINCT FROM came_from OR happened_at < came_at""",
    "an appointment has no timeline": """
        SELECT FROM appointments WHERE id NOT IN (SELECT appointment_id FROM appointment_timeline)""",
    "a step that cannot be": """
        SELECT FROM appointment_timeline WHERE (from_status, to_status) NOT IN (VALUES ('PENDING', 'CONFIRMED'),
          ('PENDING', 'DECLINED'), ('PENDING', 'CANCELLED'), ('CONFIRMED', 'CHECKED_IN'), ('CHECKED_IN', 'IN_PROGRESS'),
          ('IN_PROGRESS', 'COMPLETED'), ('CONFIRMED', 'CANCELLED'), ('CONFIRMED', 'NO_SHOW'))
          AND NOT (from_status = to_status AND from_slot_id <> to_slot_id)""",
    "a cancelled one without its moment, or the reverse": """
        SELECT FROM appointments WHERE keeps_seat <> (cancelled_at IS NULL)""",
    "a payment is not the sum of its events": """
        SELECT p.id FROM payments p LEFT JOIN payment_events e ON e.payment_id = p.id GROUP BY p.id
        HAVING coalesce(sum(e.amount_minor) FILTER (WHERE e.kind = 'CAPTURED'), 0) <> captured_minor
          OR coalesce(sum(e.amount_minor) FILTER (WHERE e.kind = 'REFUNDED'), 0) <> refunded_minor
          OR p.status <> CASE
            WHEN refunded_minor > 0 AND refunded_minor < captured_minor THEN 'PARTIALLY_REFUNDED'
            WHEN refunded_minor > 0 THEN 'REFUNDED'
            WHEN captured_minor > 0 THEN 'CAPTURED' WHEN bool_or(e.kind = 'VOIDED') THEN 'VOIDED'
            WHEN bool_or(e.kind = 'FAILED') THEN 'FAILED' WHEN bool_or(e.kind = 'AUTHORIZED') THEN 'AUTHORIZED'
            ELSE 'PENDING' END""",
    "a payment is in another currency than its clinic": """
        SELECT FROM payments p JOIN appointments a ON a.id = appointment_id JOIN clinics c ON c.id = clinic_id
        JOIN doctors d ON d.id = doctor_id WHERE p.currency <> c.currency OR d.currency <> c.currency""",
    "confirmed unpaid where prepayment is asked": """
        SELECT FROM appointments a JOIN clinic_policies y ON y.id = policy_id
        LEFT JOIN payments p ON p.appointment_id = a.id AND p.kind = 'VISIT'
        WHERE confirmation = 'PAYMENT' AND keeps_seat AND a.status <> 'PENDING' AND coalesce(captured_minor, 0) = 0""",
    "pending where bookings are confirmed by themselves": """
        SELECT FROM appointments a JOIN clinic_policies y ON y.id = policy_id
        WHERE confirmation = 'AUTOMATIC' AND status IN ('PENDING', 'DECLINED')
           OR (status = 'PENDING' AND confirmation = 'PAYMENT') <> (pay_by IS NOT NULL)""",
    "the books do not balance": """
        SELECT transaction_id FROM ledger_entries GROUP BY transaction_id, currency HAVING sum(amount_minor) <> 0""",
    "the books are not the payments": """
        SELECT FROM (SELECT sum(amount_minor) FILTER (WHERE account = 'GATEWAY_CLEARING') AS taken,
                            -sum(amount_minor) FILTER (WHERE account = 'REFUNDS') AS given FROM ledger_entries) l,
                    (SELECT sum(captured_minor) AS captured, sum(refunded_minor) AS refunded FROM payments) p
        WHERE (taken, given) IS DISTINCT FROM (captured, refunded)""",
    "somebody books without being able to": f"""
        SELECT FROM appointments a JOIN patients p ON p.id = patient_id JOIN users u ON u.id = user_id
        WHERE keeps_seat AND starts_at > {PRESENT} AND (p.status = 'INACTIVE' OR u.status <> 'ACTIVE')""",
    "a booking after the licence has ended": """
        SELECT FROM appointments a JOIN doctors d ON d.id = doctor_id
        WHERE keeps_seat AND local_day >= licence_expires_on""",
    "a doctor who is not approved has slots to come": f"""
        SELECT FROM slots JOIN doctors d ON d.id = doctor_id WHERE d.status <> 'APPROVED' AND starts_at > {PRESENT}""",
    "a slot at a clinic that is closed for good": """
        SELECT FROM slots JOIN clinics c ON c.id = clinic_id WHERE NOT c.is_active""",
    "a user without a role, or with a password": """
        SELECT FROM users WHERE password_hash IS NOT NULL OR id NOT IN (SELECT user_id FROM user_roles)""",
    "an address outside the example domains": r"""SELECT FROM users WHERE email !~ '^[a-z0-9.]+@example\.(org|com)$'""",
}


# Each column has that many different values.
KINDS = (
    ("appointments", "status", 8),
    ("payments", "status", 7),
    ("payments", "kind", 3),
    ("clinic_policies", "confirmation", 3),
    ("doctors", "status", 4),
    ("patients", "status", 3),
    ("users", "status", 3),
    ("user_roles", "role", 5),
    ("clinics", "is_active", 2),
    ("slots", "is_active", 2),
    ("clinics", "time_zone", 9),
)
SOME = f"""
    SELECT (SELECT count(*) FROM slots WHERE starts_at < {PRESENT}) * 100 / (SELECT count(*) FROM slots) AS past,
    (SELECT count(*) FROM holds WHERE released_at IS NULL AND expires_at > {PRESENT}) AS holds,
    (SELECT count(*) FROM waitlist_offers) AS offers,
    (SELECT count(*) FROM slots WHERE booked_count > 1) AS groups,
    (SELECT count(*) FROM (SELECT FROM slots GROUP BY doctor_id HAVING count(DISTINCT clinic_id) > 1) d) AS two_clinics,
    (SELECT count(*) FROM doctors WHERE licence_expires_on < {PRESENT}::date) AS expired,
    (SELECT count(*) FROM doctors WHERE licence_expires_on - {PRESENT}::date BETWEEN 1 AND 60) AS expiring,
    (SELECT count(*) FROM appointments WHERE awaits_payment AND pay_by > {PRESENT} + interval '1 day') AS to_pay,
    (SELECT count(*) FROM appointments WHERE reschedule_count > 0) AS moved"""


async def test_everything_is_true_and_all_kinds_of_things_are_there(database: str) -> None:
    await seed(database, Sizes(), seed=3, now=NOW)
    rows = {rule: await fetch(database, query) for rule, query in NEVER.items()}
    assert {rule: len(found) for rule, found in rows.items() if found} == {}
    for table, column, expected in KINDS:
        values = await fetch(database, f"SELECT DISTINCT {column} FROM {table}")
        assert len(values) == expected, (table, column, values)
    (some,) = await fetch(database, SOME)
    assert all(some.values()), some
    assert 55 <= some["past"] <= 65


async def test_the_demo_people_have_something_to_do(database: str) -> None:
    await seed(database, SMALL, seed=1, now=NOW)
    people = await fetch(
        database,
        """SELECT u.email, r.role, p.id AS patient, d.id AS doctor, s.clinic_id AS clinic FROM users u
        JOIN user_roles r ON r.user_id = u.id LEFT JOIN patients p ON p.user_id = u.id
        LEFT JOIN doctors d ON d.user_id = u.id LEFT JOIN staff s ON s.user_id = u.id
        WHERE email IN ('patient@example.org', 'doctor@example.org', 'staff@example.org', 'manager@example.org',
                        'admin@example.org') ORDER BY email""",
    )
    assert [tuple(person) for person in people] == [
        ("admin@example.org", "ADMIN", None, None, None),
        ("doctor@example.org", "DOCTOR", None, 1, None),
        ("manager@example.org", "MANAGER", None, None, 1),
        ("patient@example.org", "PATIENT", 1, None, None),
        ("staff@example.org", "STAFF", None, None, 1),
    ]
    ((today, around, past, future),) = await fetch(
        database,
        f"""SELECT count(*) FILTER (WHERE doctor_id = 1 AND local_day = {PRESENT}::date),
        count(DISTINCT local_day) FILTER (WHERE doctor_id = 1 AND abs(local_day - {PRESENT}::date) <= 3),
        count(*) FILTER (WHERE patient_id = 1 AND starts_at < {PRESENT} AND keeps_seat),
        count(*) FILTER (WHERE patient_id = 1 AND starts_at > {PRESENT} AND keeps_seat) FROM appointments""",
    )
    assert today >= 10
    assert around >= 5
    assert past >= 3
    assert future >= 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"clinics": 0}, "clinics must be at least 1"),
        ({"slots": -1}, "slots must be at least 0"),
        ({"doctors": 1, "slots": 1_000_000}, "more doctors"),
        ({"appointments": 5_000}, "do not fit"),
        ({"patients": 1}, "patients are too few"),
        ({"payments": 1_900}, "too many"),
        ({"appointments": 0}, "payments need appointments"),
    ],
)
def test_impossible_sizes_are_one_clear_error(change: dict[str, int], words: str) -> None:
    with pytest.raises(SeedError, match=words) as refusal:
        draw(replace(SMALL, **change), 1, midnight(NOW), silent)
    assert "\n" not in str(refusal.value)


async def test_the_smallest_sizes_work(database: str) -> None:
    for sizes in (
        Sizes(1, 1, 1, 0, 0, 0),
        Sizes(1, 1, 1, 1, 1, 1),
        Sizes(1, 1, 5, 60, 20, 18),
        Sizes(3, 9, 90, 900, 400, 0),
    ):
        written = await seed(database, sizes, seed=1, now=NOW, replace=True)
        assert {name: written[name] for name in asdict(sizes)} == asdict(sizes)
