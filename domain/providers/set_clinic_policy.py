"""The rules that a clinic's bookings are made by: a new version, beside the old ones."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from domain.fields import Fields
from domain.providers.managing import check_manages, check_version, lock_clinic
from domain.refusal import Invalid
from domain.session import Session
from models import ClinicPolicy
from models.enums import ConfirmationRule

CURRENT = "SELECT * FROM clinic_policies WHERE clinic_id = $1 ORDER BY version DESC LIMIT 1"
YEAR = 366 * 24 * 60
# Of each column the input's field, and its range; lengths in minutes, as the table checks them.
MINUTES = {
    "notice_to_book": ("notice_to_book_minutes", 0, YEAR),
    "notice_to_cancel": ("notice_to_cancel_minutes", 0, YEAR),
    "notice_to_reschedule": ("notice_to_reschedule_minutes", 0, YEAR),
    "payment_window": ("payment_window_minutes", 1, YEAR),
    "hold_time": ("hold_minutes", 1, 60),
    "offer_time": ("offer_minutes", 1, 7 * 24 * 60),
}
WHOLE = {
    "max_reschedules": ("max_reschedules", 0, 100),
    "late_fee_minor": ("late_fee", 0, 10**9),
    "no_show_fee_minor": ("no_show_fee", 0, 10**9),
}
KEPT = (*MINUTES, *WHOLE, "confirmation")


async def set_clinic_policy(session: Session, clinic_id: int, given: Mapping[str, Any], version: int | None) -> int:
    """Makes the clinic's next version; what is not given stays as in the last. Lengths are given in minutes, fees in
    minor units. `version` is the policy's that was read, 0 where there was none. Returns the clinic's id.

    Raises NotFound, Forbidden, Invalid, Conflict.
    """
    await lock_clinic(session, clinic_id)
    await check_manages(session, clinic_id)
    columns = _checked(given)
    last = await session.run(CURRENT, clinic_id)
    if last:
        check_version(last[0], version, clinic_id=clinic_id)
        columns = {**{name: last[0][name] for name in KEPT}, **columns}
    if columns.setdefault("confirmation", ConfirmationRule.AUTOMATIC) != ConfirmationRule.PAYMENT:
        if given.get("payment_window") is not None:
            raise Invalid({"paymentWindowMinutes": "only where bookings are confirmed by payment"})
        columns["payment_window"] = None
    elif columns.get("payment_window") is None:
        raise Invalid({"paymentWindowMinutes": "say how long a patient may take to pay"})
    following = last[0]["version"] + 1 if last else 1
    await session.insert(
        ClinicPolicy,
        clinic_id=clinic_id,
        version=following,
        created_by_id=session.viewer.user_id,
        created_at=session.now,
        **columns,
    )
    session.audit("Clinic", clinic_id)
    session.emit("clinic.updated", "Clinic", clinic_id, clinic_id=clinic_id, policy_version=following)
    return clinic_id


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    fields, columns = Fields(), dict(given)
    for column, (field, lowest, highest) in MINUTES.items():
        if column in given and not (column == "payment_window" and given[column] is None):
            columns[column] = timedelta(minutes=fields.whole(field, given[column], lowest, highest))
    for column, (field, lowest, highest) in WHOLE.items():
        if column in given:
            columns[column] = fields.whole(field, given[column], lowest, highest)
    if "confirmation" in given and given["confirmation"] is None:
        fields["confirmation"] = "this cannot be empty"
    fields.check()
    return columns
