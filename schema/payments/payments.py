"""Payments."""

from datetime import datetime

import strawberry

from loaders.entities import PaymentRow
from loaders.scheduling.appointments import AppointmentById
from models.enums import PaymentKind, PaymentStatus
from schema.directives import requires
from schema.fields import described, relation
from schema.node import Node, global_id
from schema.payments.money import Money, money


@strawberry.type(
    description="Money asked for an appointment. Its state is what its gateway's events add up to.",
    directives=[requires("payment:read")],
)
class Payment(Node):
    row_type = PaymentRow
    id: strawberry.ID = global_id("Payment")
    kind: PaymentKind = described("What it is for.")
    status: PaymentStatus = described("Where it stands.")
    amount: Money = money("amount", "What the patient is asked for.")
    covered: Money = money("covered", "What an insurer pays beside it.")
    captured: Money = money("captured", "What was taken from the patient.")
    refunded: Money = money("refunded", "What was given back.")
    captured_at: datetime | None = described("When it was taken.")
    created_at: datetime = described("When it was asked for.")
    appointment: "Appointment | None" = relation(
        AppointmentById, "appointment_id", "What it is for.", guard=requires("appointment:read")
    )


from schema.scheduling.appointments import Appointment  # noqa: E402
