"""For each mutation one situation or more in which somebody can do it, and its input.

What it is about is patient 1's, doctor 1's or clinic 1's. `mutation: words` is a further situation of the same.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import pyotp

from auth.authenticator import seal_shared
from auth.oauth.secret import digest
from schema.node import encode_id
from tests.auth.world import PASSWORD, password_hash
from tests.client import INSTALLATION
from tests.clinic_data import NOW
from tests.scheduling.cases import CASES, roomy_slot
from tests.scheduling.crowd import SQL

Case = Callable[[SQL], Awaitable[dict[str, Any]]]

C1, D1, P1 = (encode_id(name, 1) for name in ("Clinic", "Doctor", "Patient"))
FLOODED = {"appointments": "CANCEL", "reason": "Flood"}
PERSON = {"name": "Nora New", "email": "nora@example.org"}
SHARED = pyotp.random_base32()
DOCTOR = {"specialty": "Surgery", "licenceNumber": "N-100", "consultationFee": {"amount": 5000, "currency": "EUR"}}
CLINIC = {
    "name": "Harbour clinic",
    "address": "1 Quay",
    "city": "Hamburg",
    "country": "DE",
    "position": {"latitude": 53.55, "longitude": 9.99},
    "timeZone": "Europe/Berlin",
    "currency": "EUR",
}
HOURS = {"doctorId": D1, "clinicId": C1, "weekday": 2, "startsAt": "09:00", "endsAt": "11:00", "slotMinutes": 30}
BORN = "2010-07-01"

SETTLED = (
    "UPDATE users SET password_hash = $1",
    "INSERT INTO user_roles (user_id, role) SELECT 1001, 'ADMIN' WHERE $1::text IS NOT NULL",
)
"""What all situations begin with: everybody has a password, and doctor 1 reviews others too."""


async def settle(sql: SQL) -> None:
    for statement in SETTLED:
        await sql.execute(statement, password_hash())


def asks(given: dict[str, Any], *statements: str) -> Case:
    """An input, after these statements; `<name>` in it is the id that the last of them returns."""

    async def make(sql: SQL) -> dict[str, Any]:
        made = None
        for statement in statements:
            made = await sql.fetchval(statement)
        return {
            name: encode_id(value[1:-1], made or 0) if isinstance(value, str) and value.startswith("<") else value
            for name, value in given.items()
        }

    return make


ENROLLED = "INSERT INTO totp_credentials (user_id, sealed_secret, created_at) VALUES ($1, $2, now())"


async def an_app(sql: SQL) -> dict[str, Any]:
    """Everybody has enrolled the same authenticator app."""
    sealed = [
        (row["id"], seal_shared(INSTALLATION.secret, row["id"], SHARED))
        for row in await sql.fetch("SELECT id FROM users")
    ]
    await sql.executemany(
        "INSERT INTO totp_credentials (user_id, sealed_secret, created_at) VALUES ($1, $2, now())", sealed
    )
    return {"code": pyotp.TOTP(SHARED).at(NOW)}


async def a_link(sql: SQL) -> dict[str, Any]:
    await sql.execute(
        "INSERT INTO one_time_links (token_hash, user_id, purpose, created_at, expires_at)"
        " VALUES ($1, 2001, 'VERIFY_EMAIL', $2::timestamptz, $2::timestamptz + interval '1 day')",
        *(digest("a token"), NOW),
    )
    return {"token": "a token"}


async def a_slot(sql: SQL) -> dict[str, Any]:
    return {"slotId": encode_id("Slot", await roomy_slot(sql))}


A_SESSION = """
INSERT INTO browser_sessions (token_hash, user_id, awaits_second_step, auth_time, created_at, last_seen_at, expires_at,
                              user_agent, address)
SELECT '\\x01', 2001, false, at, at, at, at + interval '1 hour', 'Firefox', '192.0.2.1'
FROM (SELECT timestamptz '2026-06-15 12:00Z' AS at) t RETURNING id
"""
APPLIED = "UPDATE doctors SET status = 'APPLIED' WHERE id = 1"
A_CHILD = """
INSERT INTO patients (name, date_of_birth, guardian_id, of_age_at, of_age_clinic_id)
VALUES ('Kim Kid', '2010-07-01', 1, '2028-06-30T22:00Z', 1) RETURNING id
"""
A_CHILD_OF_THE_CLINIC = """
INSERT INTO patients (name, date_of_birth, guardian_id, of_age_at, of_age_clinic_id, registered_at_clinic_id)
VALUES ('Kim Kid', '2010-07-01', 1, '2028-06-30T22:00Z', 1, 1) RETURNING id
"""
OF_AGE = """
INSERT INTO patients (name, date_of_birth, guardian_id, of_age_at, of_age_clinic_id, registered_at_clinic_id)
VALUES ('Kim Grown', '2008-06-01', 1, '2026-05-31T22:00Z', 1, 1) RETURNING id
"""
AT_THE_DESK = "INSERT INTO patients (name, registered_at_clinic_id) VALUES ('Nora New', 1) RETURNING id"
A_CREDENTIAL = """
INSERT INTO credentials (doctor_id, kind, number)
VALUES (1, 'DEGREE', 'D1') RETURNING id
"""
A_TEMPLATE = """
INSERT INTO availability_templates (doctor_id, clinic_id, weekday, starts_at, ends_at, slot_minutes, valid_from)
VALUES (1, 1, 2, '09:00', '11:00', 30, '2026-06-15') RETURNING id
"""
AN_EXCEPTION = """
INSERT INTO availability_exceptions (doctor_id, clinic_id, kind, day) VALUES (1, 1, 'LEAVE', '2026-06-23') RETURNING id
"""
CLOSED = "INSERT INTO clinic_closures (clinic_id, day) VALUES (1, '2026-06-23')"
A_PAYMENT = """
INSERT INTO payments (appointment_id, status, amount_minor, captured_minor, currency, captured_at, created_at, gateway,
                      gateway_reference)
VALUES (12, '{}', 5000, {}, 'EUR', {}, '2026-06-15T12:00Z', 'obliging', 'reference') RETURNING id
"""
HELD = A_PAYMENT.format("AUTHORIZED", 0, "NULL")
PAID = A_PAYMENT.format("CAPTURED", 5000, "'2026-06-15T12:00Z'")
ENDED = "UPDATE doctor_clinics SET ended_at = '2026-06-01T00:00Z' WHERE doctor_id = 1"

IDENTITY: dict[str, Case] = {
    "assignRole": asks({"userId": encode_id("User", 2003), "role": "STAFF", "clinicId": C1}),
    "changePassword": asks({"currentPassword": PASSWORD, "newPassword": "another horse of mine"}),
    "confirmTotp": an_app,
    "disableTotp": asks({"password": PASSWORD}),
    "endAllSessions": asks({}),
    "endSession": asks({"sessionId": "<BrowserSession>"}, A_SESSION),
    "enrollTotp": asks({"password": PASSWORD}),
    "inviteUser": asks({**PERSON, "role": "STAFF", "clinicId": C1}),
    "reactivateUser": asks(
        {"userId": encode_id("User", 2003)}, "UPDATE users SET status = 'SUSPENDED' WHERE id = 2003"
    ),
    "registerPatient": asks({**PERSON, "password": "a horse of her own"}),
    "revokeRole": asks({"userId": encode_id("User", 2), "role": "STAFF", "clinicId": C1}),
    "suspendUser": asks({"userId": encode_id("User", 2003), "reason": "Left"}),
    "updateMe": asks({"name": "Another Name"}),
    "verifyEmail": a_link,
}
PATIENTS: dict[str, Case] = {
    "addDependant": asks({"clinicId": C1, "guardianId": P1, "name": "Kim Kid", "dateOfBirth": BORN}),
    "addDependant: one's own": asks({"clinicId": C1, "name": "Kim Kid", "dateOfBirth": BORN}),
    "createPatient": asks({"clinicId": C1, **PERSON}),
    "invitePatient": asks({"patientId": "<Patient>", "email": "nora@example.org"}, AT_THE_DESK),
    "invitePatient: who has come of age": asks({"patientId": "<Patient>", "email": "kim@example.org"}, OF_AGE),
    "removeDependant": asks({"patientId": "<Patient>"}, A_CHILD),
    "removeDependant: known to a clinic": asks({"patientId": "<Patient>"}, A_CHILD_OF_THE_CLINIC),
    "setPatientStatus": asks({"patientId": P1, "status": "VIP"}),
    "setPatientStatus: of a dependant": asks({"patientId": "<Patient>", "status": "VIP"}, A_CHILD),
    "updatePatient": asks({"patientId": P1, "version": 1, "allergies": "Nuts"}),
    "updatePatient: a day of birth that is known": asks({"patientId": P1, "version": 1, "dateOfBirth": "1980-02-02"}),
    "updatePatient: of a dependant": asks({"patientId": "<Patient>", "version": 1, "allergies": "Nuts"}, A_CHILD),
}
PAYMENTS: dict[str, Case] = {
    "capturePayment": asks({"paymentId": "<Payment>"}, HELD),
    "createPaymentSession": asks({"appointmentId": encode_id("Appointment", 12)}),
    "generatePayouts": asks({"period": {"from": "2026-06-01", "to": "2026-06-14"}}),
    "generatePayouts: of a clinic": asks({"period": {"from": "2026-06-01", "to": "2026-06-14"}, "clinicId": C1}),
    "refundPayment": asks({"paymentId": "<Payment>", "reason": "Unwell"}, PAID),
    "voidPayment": asks({"paymentId": "<Payment>"}, HELD),
}
PLACES: dict[str, Case] = {
    "addClosingDay": asks({"clinicId": C1, "day": "2026-06-16", **FLOODED}),
    "addClosingDay: a dry run": asks({"clinicId": C1, "day": "2026-06-16", "dryRun": True}),
    "addStaff": asks({"clinicId": C1, "role": "STAFF", **PERSON}),
    "addStaff: a manager": asks({"clinicId": C1, "role": "MANAGER", **PERSON}),
    "addStaff: somebody who is here": asks({"clinicId": C1, "role": "STAFF", "userId": encode_id("User", 2003)}),
    "createClinic": asks(CLINIC),
    "deactivateClinic": asks({"clinicId": C1, **FLOODED}),
    "deactivateClinic: a dry run": asks({"clinicId": C1, "dryRun": True}),
    "linkDoctorToClinic": asks({"doctorId": encode_id("Doctor", 3), "clinicId": C1}),
    "linkDoctorToClinic: one who has left": asks({"doctorId": D1, "clinicId": C1}, ENDED),
    "reactivateClinic": asks({"clinicId": C1}, "UPDATE clinics SET is_active = FALSE WHERE id = 1"),
    "removeClosingDay": asks({"clinicId": C1, "day": "2026-06-23"}, CLOSED),
    "removeStaff": asks({"staffId": encode_id("StaffMember", 1)}),
    "removeStaff: a manager": asks({"staffId": encode_id("StaffMember", 2)}),
    "setClinicPolicy": asks({"clinicId": C1, "lateFee": 2000}),
    "unlinkDoctorFromClinic": asks({"doctorId": D1, "clinicId": C1, **FLOODED}),
    "unlinkDoctorFromClinic: a dry run": asks({"doctorId": D1, "clinicId": C1, "dryRun": True}),
    "updateClinic": asks({"clinicId": C1, "version": 1, "name": "Clinic One"}),
}
DOCTORS: dict[str, Case] = {
    "applyAsDoctor": asks(DOCTOR),
    "approveDoctor": asks({"doctorId": D1}, APPLIED),
    "deactivateDoctor": asks({"doctorId": D1, **FLOODED}),
    "deactivateDoctor: a dry run": asks({"doctorId": D1, "dryRun": True}),
    "inviteDoctor": asks({"clinicId": C1, **PERSON, **DOCTOR}),
    "rejectDoctor": asks({"doctorId": D1, "reason": "No licence"}, APPLIED),
    "reviewCredential": asks({"credentialId": "<Credential>", "decision": "APPROVED"}, A_CREDENTIAL),
    "submitCredential": asks({"doctorId": D1, "kind": "DEGREE", "number": "D-200"}),
    "updateDoctor": asks({"doctorId": D1, "version": 1, "qualifications": "MD, PhD"}),
    "updateDoctor: what was reviewed": asks({"doctorId": D1, "version": 1, "licenceNumber": "L-999"}),
    "updateDoctor: after she has left": asks({"doctorId": D1, "version": 1, "qualifications": "PhD"}, ENDED),
}
PLANS: dict[str, Case] = {
    "addAvailabilityException": asks({"doctorId": D1, "clinicId": C1, "kind": "LEAVE", "day": "2026-06-23"}),
    "addAvailabilityException: at all clinics": asks({"doctorId": D1, "kind": "LEAVE", "day": "2026-06-23"}),
    "createSlots": asks(
        {"doctorId": D1, "clinicId": C1, "slots": [{"start": "2026-06-23T09:00:00Z", "durationMinutes": 30}]}
    ),
    "deactivateSlot": a_slot,
    "deleteSlot": a_slot,
    "generateSlots": asks({"doctorId": D1, "from": "2026-06-22", "to": "2026-06-28"}, A_TEMPLATE),
    "reactivateSlot": asks({"slotId": encode_id("Slot", 160)}, "UPDATE slots SET is_active = FALSE WHERE id = 160"),
    "removeAvailabilityException": asks({"id": "<AvailabilityException>"}, AN_EXCEPTION),
    "removeAvailabilityTemplate": asks({"id": "<AvailabilityTemplate>"}, A_TEMPLATE),
    "setAvailabilityTemplate": asks({**HOURS, "validFrom": "2026-06-15"}),
    "setAvailabilityTemplate: one that is there": asks(
        {"id": "<AvailabilityTemplate>", "version": 1, "slotMinutes": 20}, A_TEMPLATE
    ),
}
ALL: dict[str, Case] = {**IDENTITY, **PATIENTS, **PAYMENTS, **PLACES, **DOCTORS, **PLANS, **CASES}
