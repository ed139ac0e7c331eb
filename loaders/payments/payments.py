"""Questions about payments."""

from collections.abc import Mapping
from typing import Any

from loaders.entities import PAYMENT
from loaders.rows import RowBy, RowsBy


class PaymentById(RowBy):
    entity = PAYMENT


class PaymentsOfAppointment(RowsBy):
    """All that was asked for an appointment: the visit and the fees."""

    entity = PAYMENT
    column = "appointment_id"


class PaymentOfAppointment(RowsBy):
    """What was asked for the visit itself."""

    entity = PAYMENT
    column = "appointment_id"
    absent: Any = None

    async def read(self, keys: list[int]) -> Mapping[int, Any]:
        payments = await super().read(keys)
        return {key: row for key, rows in payments.items() for row in rows if row["kind"] == "VISIT"}
