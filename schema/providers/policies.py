"""The rules that a clinic books by, and the days on which it is closed."""

from datetime import date, datetime, timedelta
from typing import Any

import strawberry

from loaders.entities import ClinicPolicyRow, ClosingDayRow
from models.enums import ConfirmationRule
from schema.fields import described, read
from schema.scalars import MinorUnits


def minutes(column: str, description: str) -> Any:
    """A field that shows a length of time in whole minutes."""

    def show(row: Any) -> int | None:
        length: timedelta | None = row[column]
        return None if length is None else int(length.total_seconds() // 60)

    return read(show, description, columns=(column,))


@strawberry.type(
    description="One version of a clinic's rules. An appointment keeps the version that it was booked under."
)
class ClinicPolicy:
    row_type = ClinicPolicyRow
    version: int = described("1, 2, …; sent back with a change, it shows that nothing was overlooked.")
    confirmation: ConfirmationRule = described("What confirms a booking.")
    notice_to_book_minutes: int = minutes("notice_to_book", "How long before its start a slot can last be booked.")
    notice_to_cancel_minutes: int = minutes(
        "notice_to_cancel", "How long before it a visit can be cancelled for nothing."
    )
    notice_to_reschedule_minutes: int = minutes("notice_to_reschedule", "How long before it a visit can be moved.")
    max_reschedules: int = described("How often an appointment can be moved by its patient.")
    late_fee: MinorUnits = read(
        lambda row: row["late_fee_minor"],
        "What cancelling late costs, in minor units of the clinic's currency; 0: it cannot be cancelled late.",
        columns=("late_fee_minor",),
    )
    no_show_fee: MinorUnits = read(
        lambda row: row["no_show_fee_minor"],
        "What not coming costs, in minor units of the clinic's currency.",
        columns=("no_show_fee_minor",),
    )
    payment_window_minutes: int | None = minutes(
        "payment_window", "How long a patient may take to pay, where payment confirms; null elsewhere."
    )
    hold_minutes: int = minutes("hold_time", "How long a seat is held.")
    offer_minutes: int = minutes("offer_time", "How long an offer of the waitlist stands, at most.")
    created_at: datetime = described("Since when it is in force.")


@strawberry.type(description="A day, in the clinic's time zone, on which a clinic is closed.")
class ClosingDay:
    row_type = ClosingDayRow
    day: date = described("The day.")
    reason: str | None = described("Why, for patients to read.")
