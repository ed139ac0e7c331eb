"""Questions about payouts."""

from sqlalchemy import BigInteger, Date, Text

from loaders.entities import PAYOUT
from loaders.pages import Order, Pages
from loaders.rows import RowBy
from models.statement import parameter

PAYOUTS = PAYOUT.table


class PayoutById(RowBy):
    entity = PAYOUT


class PayoutPages(Pages):
    """Payouts by doctor, period and state."""

    entity = PAYOUT
    source = PAYOUTS
    conditions = {
        "doctor_id": lambda: PAYOUTS.c.doctor_id == parameter("doctor_id", BigInteger()),
        "ends_from": lambda: PAYOUTS.c.period_end >= parameter("ends_from", Date()),
        "starts_to": lambda: PAYOUTS.c.period_start <= parameter("starts_to", Date()),
        "status": lambda: PAYOUTS.c.status == parameter("status", Text()),
    }


NEWEST_FIRST = Order("payouts-newest", (PAYOUTS.c.period_end, PAYOUTS.c.id), descending=True)
EARLIEST_FIRST = Order("payouts-earliest", (PAYOUTS.c.id,))
