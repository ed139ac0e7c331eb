"""Payouts, and how they are asked for."""

from datetime import date, datetime
from typing import Annotated

import strawberry

from loaders.entities import PayoutRow
from loaders.payments.payouts import NEWEST_FIRST, PayoutPages
from loaders.providers.doctors import DoctorById
from models.enums import PayoutStatus
from schema.context import Info
from schema.directives import requires
from schema.fields import AsksLoader, described, relation
from schema.node import Node, global_id, read_id
from schema.paging import After, First, ask_pages
from schema.payments.money import Money, money


@strawberry.type(
    description="What a doctor was owed by the end of a period, written in the books as paid out.",
    directives=[requires("payout:read")],
)
class Payout(Node):
    row_type = PayoutRow
    id: strawberry.ID = global_id("Payout")
    period_start: date = described("The first day of the period.")
    period_end: date = described("The last day; what was earned by then and not paid out before is in it.")
    amount: Money = money("amount", "What the doctor gets: captured and kept, less the platform's fee.")
    status: PayoutStatus = described("Where it stands.")
    created_at: datetime = described("When it was made.")
    doctor: "Doctor | None" = relation(DoctorById, "doctor_id", "Who gets it.")


@strawberry.input(description="Which payouts. All that is given must hold.")
class PayoutFilter:
    doctor_id: strawberry.ID | None = described("To this doctor.", default=None)
    from_: date | None = described("Of a period that ends on this day or later.", name="from", default=None)
    to: date | None = described("Of a period that begins on this day or earlier.", default=None)
    status: PayoutStatus | None = described("In this state.", default=None)


PayoutsAsked = Annotated[PayoutFilter | None, strawberry.argument(description="Which payouts.")]


def payouts_of(parent: str | None) -> AsksLoader:
    """Asks for payouts, the newest period first."""

    def ask(info: Info, first: First = 20, after: After = None, filter: PayoutsAsked = None) -> PayoutPages:
        asked = filter or PayoutFilter()
        conditions = {
            "doctor_id": asked.doctor_id and read_id("Doctor", asked.doctor_id),
            "ends_from": asked.from_,
            "starts_to": asked.to,
            "status": asked.status,
        }
        return ask_pages(info, PayoutPages, NEWEST_FIRST, conditions, parent=parent, first=first, after=after)

    return ask


from schema.providers.doctors import Doctor  # noqa: E402
