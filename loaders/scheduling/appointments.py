"""Questions about appointments."""

from sqlalchemy import ARRAY, BigInteger, Text, any_

from loaders.entities import APPOINTMENT, APPOINTMENT_STEP
from loaders.pages import Order, Pages
from loaders.rows import RowBy, RowsBy
from models.base import Instant
from models.statement import parameter

APPOINTMENTS = APPOINTMENT.table


class AppointmentById(RowBy):
    entity = APPOINTMENT


class AppointmentsOfSlot(RowsBy):
    entity = APPOINTMENT
    column = "slot_id"


class TimelineOfAppointment(RowsBy):
    """The steps of an appointment, first to last. Asked only for appointments that the viewer sees."""

    entity = APPOINTMENT_STEP
    column = "appointment_id"


class AppointmentPages(Pages):
    """Appointments by time of visit, state, and those who take part."""

    entity = APPOINTMENT
    source = APPOINTMENTS
    conditions = {
        "starts_from": lambda: APPOINTMENTS.c.starts_at >= parameter("starts_from", Instant),
        "starts_before": lambda: APPOINTMENTS.c.starts_at < parameter("starts_before", Instant),
        "statuses": lambda: APPOINTMENTS.c.status == any_(parameter("statuses", ARRAY(Text))),
        "doctor_id": lambda: APPOINTMENTS.c.doctor_id == parameter("doctor_id", BigInteger()),
        "clinic_id": lambda: APPOINTMENTS.c.clinic_id == parameter("clinic_id", BigInteger()),
        "patient_id": lambda: APPOINTMENTS.c.patient_id == parameter("patient_id", BigInteger()),
    }
    parents = {
        "doctor": lambda doctor_id: APPOINTMENTS.c.doctor_id == doctor_id,
        "clinic": lambda clinic_id: APPOINTMENTS.c.clinic_id == clinic_id,
        "patient": lambda patient_id: APPOINTMENTS.c.patient_id == patient_id,
    }


EARLIEST_FIRST = Order("appointments-earliest", (APPOINTMENTS.c.starts_at, APPOINTMENTS.c.id))
LATEST_FIRST = Order("appointments-latest", (APPOINTMENTS.c.starts_at, APPOINTMENTS.c.id), descending=True)
NEWEST_FIRST = Order("appointments-newest", (APPOINTMENTS.c.id,), descending=True)
