"""What happens in the clinic while somebody watches."""

from itertools import count
from typing import Any

from schema.node import encode_id
from tests.streams.serving import Served

KEYS = count(1)

APPOINTMENTS = """subscription ($appointment: ID, $doctor: ID, $clinic: ID, $patient: ID, $after: String) {
  appointmentChanged(appointmentId: $appointment, doctorId: $doctor, clinicId: $clinic, patientId: $patient,
                     after: $after) {
    position event appointment { id status version }
  }
}"""
SCHEDULE = """subscription ($doctor: ID!, $after: String) {
  doctorScheduleChanged(doctorId: $doctor, after: $after) { position event appointment { id } slot { id bookedCount } }
}"""
SLOTS = """subscription ($doctor: ID, $clinic: ID, $after: String) {
  slotAvailabilityChanged(doctorId: $doctor, clinicId: $clinic, after: $after) {
    position event slotId slot { id availableSeats }
  }
}"""
FIELDS = {
    "holdSlot": "hold { id }",
    "releaseHold": "hold { id }",
    "bookAppointment": "appointment { id }",
    "cancelAppointment": "appointment { id }",
    "confirmAppointment": "appointment { id }",
    "rescheduleAppointment": "appointment { id }",
}


async def do(served: Served, mutation: str, viewer: str = "admin", **input: Any) -> Any:
    """Does a mutation that is not refused; returns what it changed."""
    name = mutation[0].upper() + mutation[1:]
    fields = f"userErrors {{ message }} {FIELDS[mutation]}"
    document = f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ {fields} }} }}"
    data = await served.ask(document, {"input": {**input, "idempotencyKey": f"key-{next(KEYS)}"}}, viewer=viewer)
    answer = data[mutation]
    assert answer.pop("userErrors") == [], data
    return next(iter(answer.values()))


async def hold(served: Served, slot: int, patient: int = 3) -> str:
    """A hold's id."""
    held = await do(served, "holdSlot", slotId=encode_id("Slot", slot), patientId=encode_id("Patient", patient))
    return str(held["id"])


async def release(served: Served, hold_id: str) -> None:
    await do(served, "releaseHold", holdId=hold_id)


async def book(served: Served, slot: int, patient: int) -> str:
    booked = await do(
        served, "bookAppointment", slotId=encode_id("Slot", slot), patientId=encode_id("Patient", patient)
    )
    return str(booked["id"])


async def cancel(served: Served, appointment: int) -> None:
    await do(served, "cancelAppointment", appointmentId=encode_id("Appointment", appointment), reason="ill")
