"""appointmentChanged."""

from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry

from loaders.events import Event, Wanted
from loaders.scheduling.appointments import AppointmentById
from resolvers.subscriptions.seats import is_about_appointment
from schema.answers import Answer
from schema.context import Context
from schema.directives import requires
from schema.errors import BadUserInput
from schema.node import read_id
from schema.scheduling.changes import AppointmentChange
from schema.streams import ResumeAfter, StreamInfo, stream, subscription

OfAppointment = Annotated[strawberry.ID | None, strawberry.argument("Only this one.")]
OfDoctor = Annotated[strawberry.ID | None, strawberry.argument("Those with this doctor.")]
OfClinic = Annotated[strawberry.ID | None, strawberry.argument("Those at this clinic.")]
OfPatient = Annotated[strawberry.ID | None, strawberry.argument("Those of this patient.")]


async def tell(event: Event, context: Context) -> list[Answer | None]:
    ids = [number for kind, number in event.about if kind == "appointment"]
    if not ids or await context.loaders.get(AppointmentById).load(ids[0]) is None:
        return [None]
    return [Answer(event=event.name, appointment_id=ids[0])]


async def appointment_changed(
    info: StreamInfo,
    appointment_id: OfAppointment = None,
    doctor_id: OfDoctor = None,
    clinic_id: OfClinic = None,
    patient_id: OfPatient = None,
    after: ResumeAfter = None,
) -> AsyncGenerator[AppointmentChange, None]:
    given = {"Appointment": appointment_id, "Patient": patient_id, "Doctor": doctor_id, "Clinic": clinic_id}
    about = [(name.lower(), read_id(name, given_id)) for name, given_id in given.items() if given_id is not None]
    if not about and info.context.viewer.patient_id is not None:
        about = [("patient", info.context.viewer.patient_id)]
    if not about:
        raise BadUserInput("say whose appointments: of a doctor, a clinic or a patient, or which one")
    started: AsyncGenerator[AppointmentChange, None] = await stream(
        info, Wanted(tuple(about), is_about_appointment), tell, after
    )
    return started


@strawberry.type
class AppointmentChanged:
    appointment_changed: AppointmentChange | None = subscription(
        appointment_changed,
        "Tells what happens to appointments that the viewer may see: those that fit all that is given, or a "
        "patient's own.",
        guard=requires("appointment:read"),
    )
