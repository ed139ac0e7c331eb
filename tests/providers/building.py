"""A clinic built from nothing through the API alone: the steps that a test takes and that the documentation shows.

A value such as `<clinic>` stands for what an earlier step kept under that name.
"""

import json
from dataclasses import dataclass, field
from typing import Any

HEADER = """# Building a clinic

From an empty database to the first appointment, through the API alone. An administrator takes each step with a token of
all her scopes; `<clinic>` stands for the id that an earlier answer gave. The steps are printed from
`tests/providers/building.py`, and `tests/providers/test_building_a_clinic.py` takes them.
"""


@dataclass(frozen=True)
class Step:
    """One mutation: its input, what is read of its payload, and under which names ids are kept."""

    title: str
    mutation: str
    input: dict[str, Any]
    shown: str
    keeps: dict[str, str] = field(default_factory=dict)

    @property
    def document(self) -> str:
        name = self.mutation[0].upper() + self.mutation[1:]
        return (
            f"mutation ($input: {name}Input!) {{\n  {self.mutation}(input: $input) {{\n    {self.shown}\n"
            "    userErrors { code message field }\n  }\n}"
        )


def _doctor(who: str, name: str, specialty: str, licence: str, fee: int) -> list[Step]:
    invited = Step(
        f"Invite {name}",
        "inviteDoctor",
        {
            "clinicId": "<clinic>",
            "name": name,
            "email": f"{who}@harbour.example.org",
            "specialty": specialty,
            "licenceNumber": licence,
            "licenceExpiresOn": "2031-01-01",
            "documents": [f"vault:licences/{licence}"],
            "languages": ["de", "en"],
            "consultationFee": {"amount": fee, "currency": "EUR"},
        },
        "doctor { id status }",
        {who: "doctor.id"},
    )
    approved = Step(
        f"Approve {name}, with the licence that was submitted",
        "approveDoctor",
        {"doctorId": f"<{who}>"},
        "doctor { status licenceExpiresOn clinics { name } }",
    )
    return [invited, approved]


def _hours(who: str, weekday: int) -> list[Step]:
    planned = Step(
        "Plan weekly hours, in the clinic's time",
        "setAvailabilityTemplate",
        {
            "doctorId": f"<{who}>",
            "clinicId": "<clinic>",
            "weekday": weekday,
            "startsAt": "09:00",
            "endsAt": "12:00",
            "slotMinutes": 30,
            "bufferMinutes": 0,
            "capacity": 1,
            "validFrom": "2026-06-15",
        },
        "availabilityTemplate { id }",
    )
    generated = Step(
        "Turn the hours into slots",
        "generateSlots",
        {"doctorId": f"<{who}>", "from": "2026-06-16", "to": "2026-06-30"},
        "created doctor { nextSlots(first: 1) { id start } }",
        {f"slot of {who}": "doctor.nextSlots.0.id"},
    )
    return [planned, generated]


STEPS: tuple[Step, ...] = (
    Step(
        "Open the clinic",
        "createClinic",
        {
            "name": "Harbour clinic",
            "address": "1 Quay",
            "city": "Hamburg",
            "postalCode": "20095",
            "country": "DE",
            "position": {"latitude": 53.55, "longitude": 9.99},
            "timeZone": "Europe/Berlin",
            "currency": "EUR",
            "phone": "040 1234567",
        },
        "clinic { id version }",
        {"clinic": "clinic.id"},
    ),
    Step(
        "Say by which rules it books",
        "setClinicPolicy",
        {"clinicId": "<clinic>", "noticeToBookMinutes": 60, "noticeToCancelMinutes": 1440, "lateFee": 2000},
        "clinic { policy { version confirmation } }",
    ),
    Step(
        "Say when it is closed",
        "addClosingDay",
        {"clinicId": "<clinic>", "day": "2026-12-25", "reason": "Christmas"},
        "clinic { closingDays { day reason } }",
    ),
    Step(
        "Take on a manager",
        "addStaff",
        {"clinicId": "<clinic>", "role": "MANAGER", "name": "Mara Mole", "email": "mara@harbour.example.org"},
        "staffMember { id role }",
    ),
    Step(
        "Take on somebody for the front desk",
        "addStaff",
        {"clinicId": "<clinic>", "role": "STAFF", "name": "Finn Front", "email": "finn@harbour.example.org"},
        "staffMember { id role }",
    ),
    *_doctor("ines", "Ines Ito", "Cardiology", "HH-1001", 9000),
    *_doctor("jonas", "Jonas Jung", "Dermatology", "HH-1002", 7000),
    *_hours("ines", 2),
    *_hours("jonas", 3),
    Step(
        "Register a patient, who is invited to sign in",
        "createPatient",
        {
            "clinicId": "<clinic>",
            "name": "Paula Petersen",
            "email": "paula@example.org",
            "phone": "040 7654321",
            "dateOfBirth": "1987-04-05",
            "language": "de",
        },
        "patient { id name phone user { email } }",
        {"patient": "patient.id"},
    ),
    Step(
        "Name her child, for whom she acts until it is of age",
        "addDependant",
        {"guardianId": "<patient>", "clinicId": "<clinic>", "name": "Pia Petersen", "dateOfBirth": "2019-02-03"},
        "patient { id ofAgeAt guardian { name } }",
        {"child": "patient.id"},
    ),
    Step(
        "Book for her",
        "bookAppointment",
        {"slotId": "<slot of ines>", "patientId": "<patient>", "reason": "Palpitations", "idempotencyKey": "first"},
        "appointment { id status slot { start doctor { user { name } } } }",
    ),
    Step(
        "Book for the child",
        "bookAppointment",
        {"slotId": "<slot of jonas>", "patientId": "<child>", "reason": "Rash", "idempotencyKey": "second"},
        "appointment { id status slot { start } patient { name } }",
    ),
)


def filled(value: Any, kept: dict[str, str]) -> Any:
    """An input with the ids that earlier steps kept."""
    if isinstance(value, dict):
        return {name: filled(each, kept) for name, each in value.items()}
    if isinstance(value, str) and value.startswith("<"):
        return kept[value.strip("<>")]
    return value


def found(payload: Any, path: str) -> str:
    """What stands in a payload at a path such as `doctor.nextSlots.0.id`."""
    for part in path.split("."):
        payload = payload[int(part)] if part.isdecimal() else payload[part]
    return str(payload)


def page() -> str:
    """The documentation's page."""
    sections = [HEADER]
    for number, step in enumerate(STEPS, 1):
        variables = json.dumps({"input": step.input}, indent=2, ensure_ascii=False)
        sections.append(f"## {number}. {step.title}\n\n```graphql\n{step.document}\n```\n\n```json\n{variables}\n```\n")
    return "\n".join(sections)
