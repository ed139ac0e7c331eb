"""A small world that the corpus asks about: `n` clinics, doctors and patients, with visits past and to come.

Ids are fixed: clinics, doctors and patients 1…n, users 1001… (doctors) and 2001… (patients); user 1 is an
administrator, 2 works at the front desk of clinic 1, 3 manages it, 4 works at that of clinic 3. Patient 3 never meets
doctor 1. The instant is NOW.
"""

from datetime import UTC, datetime

import asyncpg

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)

IDENTIFIED = ("appointments", "clinics", "doctors", "patients", "payments", "slots", "users")

STATEMENTS = (
    "SET timezone = 'UTC'",
    """
    INSERT INTO users (id, name, email) VALUES
      (1, 'Ada Admin', 'admin@example.org'), (2, 'Fred Front', 'staff@example.org'),
      (3, 'Mona Manager', 'manager@example.org'), (4, 'Olga Other', 'other@example.org')
    """,
    """
    INSERT INTO users (id, name, email, phone)
      SELECT 1000 + i, 'Doctor ' || chr(64 + i), 'doctor' || i || '@example.org', '+1 555 ' || 1000 + i
      FROM generate_series(1, $1::int) i
    """,
    """
    INSERT INTO users (id, name, email, phone)
      SELECT 2000 + i, 'Patient ' || chr(91 - i), 'patient' || i || '@example.org', NULL
      FROM generate_series(1, $1::int) i
    """,
    """
    INSERT INTO user_roles (user_id, role)
      SELECT id, CASE WHEN id = 1 THEN 'ADMIN' WHEN id IN (2, 4) THEN 'STAFF' WHEN id = 3 THEN 'MANAGER'
                      WHEN id < 2000 THEN 'DOCTOR' ELSE 'PATIENT' END FROM users
    """,
    """
    INSERT INTO clinics (id, name, address, city, state, postal_code, country, latitude, longitude, time_zone,
                         currency, phone, email, is_active)
      SELECT i, 'Clinic ' || i, i || ' Main Street', (ARRAY['Berlin', 'New York', 'Kathmandu'])[1 + (i - 1) % 3], NULL,
             '1000' || i, (ARRAY['DE', 'US', 'NP'])[1 + (i - 1) % 3], (ARRAY[52.52, 40.71, 27.72])[1 + (i - 1) % 3],
             (ARRAY[13.4, -74.0, 85.32])[1 + (i - 1) % 3],
             (ARRAY['Europe/Berlin', 'America/New_York', 'Asia/Kathmandu'])[1 + (i - 1) % 3],
             (ARRAY['EUR', 'USD', 'NPR'])[1 + (i - 1) % 3], '+1 555 ' || i, 'clinic' || i || '@example.org', TRUE
      FROM generate_series(1, $1::int) i
    """,
    """
    INSERT INTO staff (user_id, clinic_id, role) VALUES (2, 1, 'STAFF'), (3, 1, 'MANAGER'), (4, 3, 'STAFF')
    """,
    """
    INSERT INTO doctors (id, user_id, status, specialty, licence_number, licence_expires_on, qualifications,
                         years_of_experience, languages, consultation_fee_minor, currency)
      SELECT i, 1000 + i, 'APPROVED', (ARRAY['Cardiology', 'General practice'])[1 + i % 2], 'L' || i, NULL, 'MD',
             10 + i, CASE WHEN i % 2 = 1 THEN '{en,de}'::varchar[] ELSE '{en}' END, 5000 + 100 * i,
             (ARRAY['EUR', 'USD', 'NPR'])[1 + (i - 1) % 3]
      FROM generate_series(1, $1::int) i
    """,
    """
    INSERT INTO doctor_clinics (doctor_id, clinic_id) SELECT i, i FROM generate_series(1, $1::int) i
    """,
    """
    INSERT INTO doctor_clinics (doctor_id, clinic_id) SELECT 2, 1
    """,
    """
    INSERT INTO patients (id, user_id, status, date_of_birth, blood_group, allergies, emergency_contact)
      SELECT i, 2000 + i, CASE WHEN i % 3 = 2 THEN 'VIP' ELSE 'ACTIVE' END, date '1980-01-01' + i,
             CASE WHEN i % 2 = 1 THEN 'O_NEGATIVE' END, NULL, 'Contact ' || i
      FROM generate_series(1, $1::int) i
    """,
    # Each doctor: two slots a day at 09:00 and 10:00 UTC, three days back and four days ahead, two seats at 10:00.
    """
    INSERT INTO slots (id, doctor_id, clinic_id, starts_at, ends_at, blocked_until, capacity)
      SELECT 100 * i + 10 * (day + 3) + hour, i, i, at, at + interval '30 minutes', at + interval '40 minutes', 1 + hour
      FROM generate_series(1, $1::int) i, generate_series(-3, 4) day, generate_series(0, 1) hour,
           LATERAL (SELECT date '2026-06-15' + day + time '09:00' + hour * interval '1 hour' AS at) t
    """,
    # Patient i saw doctor i two days ago and sees her tomorrow; she called off the day after. Patient 1 also has the
    # second seat with doctor 2 tomorrow, at 10:00.
    """
    INSERT INTO appointments (id, slot_id, patient_id, status, reason, booked_by_id, booked_at, is_first_visit,
                              cancelled_at, cancel_reason)
      SELECT 10 * i + n, 100 * i + 10 * (day + 3), i, status, 'Reason ' || n, 2000 + i,
             timestamptz '2026-06-01 08:00Z' + i * interval '1 minute', n = 1,
             CASE WHEN status = 'CANCELLED' THEN timestamptz '2026-06-10 08:00Z' END,
             CASE WHEN status = 'CANCELLED' THEN 'Out of town' END
      FROM generate_series(1, $1::int) i,
           (VALUES (1, -2, 'COMPLETED'), (2, 1, 'CONFIRMED'), (3, 2, 'CANCELLED')) AS v (n, day, status)
    """,
    """
    INSERT INTO appointments (id, slot_id, patient_id, status, reason, booked_by_id, booked_at)
      VALUES (5, 241, 1, 'PENDING', 'Second opinion', 2, timestamptz '2026-06-02 08:00Z')
    """,
    """
    INSERT INTO appointment_timeline (appointment_id, from_status, to_status, actor_id, reason, happened_at)
      SELECT a.id, steps.before, steps.after, a.booked_by_id,
             CASE WHEN steps.after = 'CANCELLED' THEN 'Out of town' END,
             a.booked_at + steps.n * interval '1 minute'
      FROM appointments a, LATERAL (
        SELECT 0 AS n, NULL AS before, 'PENDING' AS after
        UNION ALL SELECT 1, 'PENDING', a.status WHERE a.status <> 'PENDING') steps
      ORDER BY a.id, steps.n
    """,
    """
    INSERT INTO payments (id, appointment_id, status, amount_minor, captured_minor, currency, captured_at, created_at)
      SELECT id, id, 'CAPTURED', 5000, 5000, 'EUR', timestamptz '2026-06-13 09:30Z', timestamptz '2026-06-13 09:00Z'
      FROM appointments WHERE status = 'COMPLETED'
    """,
    """
    INSERT INTO payments (id, appointment_id, kind, status, amount_minor, currency, created_at)
      SELECT id, id, 'LATE_FEE', 'PENDING', 1500, 'EUR', timestamptz '2026-06-10 08:00Z'
      FROM appointments WHERE status = 'CANCELLED'
    """,
    # A hold that lives, and one that has expired: doctor 1 tomorrow at 10:00 and the day after at 09:00.
    """
    INSERT INTO holds (slot_id, patient_id, expires_at) VALUES
      (141, 2, timestamptz '2026-06-15 12:05Z'), (150, 2, timestamptz '2026-06-15 11:55Z')
    """,
    "ANALYZE",
)


async def load(dsn: str, n: int) -> None:
    """Loads the world with `n` of each into an empty database."""
    connection = await asyncpg.connect(dsn)
    try:
        for statement in STATEMENTS:
            await connection.execute(statement, *([n] if "$1" in statement else []))
        for table in IDENTIFIED:
            await connection.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
    finally:
        await connection.close()
