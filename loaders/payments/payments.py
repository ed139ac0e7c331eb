"""Questions about payments."""

from loaders.entities import PAYMENT, VISIT_PAYMENT
from loaders.rows import RowBy, RowsBy


class PaymentById(RowBy):
    entity = PAYMENT


class PaymentsOfAppointment(RowsBy):
    """All that was asked for an appointment: the visit and the fees."""

    entity = PAYMENT
    column = "appointment_id"


class PaymentOfAppointment(RowBy):
    """What was asked for the visit itself."""

    entity = VISIT_PAYMENT
    column = "appointment_id"
