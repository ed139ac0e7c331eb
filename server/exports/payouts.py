"""All payouts that the viewer may see, oldest first."""

from collections.abc import AsyncGenerator, Sequence

from auth.scopes import Scope as TokenScope
from loaders.identity.users import UserById
from loaders.pages import ROOT
from loaders.payments.payouts import EARLIEST_FIRST, PayoutPages
from loaders.providers.doctors import DoctorById
from server.exports.appointments import shown
from server.exports.taking import Row, Visit

AT_ONCE = 1_000
PAYOUT_NEEDS = (TokenScope.REPORT_EXPORT, TokenScope.PAYOUT_READ)
COLUMNS = ("payout", "doctor", "period_start", "period_end", "amount_minor", "currency", "status", "created_at")


async def payouts(visit: Visit) -> AsyncGenerator[Sequence[Row], None]:
    yield [COLUMNS]
    after: str | None = None
    while True:
        loaders = visit()
        page = await loaders.get(PayoutPages, None, EARLIEST_FIRST, (), AT_ONCE, after).load(ROOT)
        doctors = await loaders.get(DoctorById).load_level([row["doctor_id"] for row in page.rows])
        users = await loaders.get(UserById).load_level([shown(doctor, "user_id") for doctor in doctors])
        yield [
            (row["id"], shown(user, "name"), *(row[column] for column in COLUMNS[2:]))
            for row, user in zip(page.rows, users, strict=True)
        ]
        if not page.has_next:
            return
        after = page.end_cursor
