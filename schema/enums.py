"""The domain's closed sets, with words for each value."""

from enum import StrEnum

import strawberry

from models.enums import (
    AppointmentStatus,
    BloodGroup,
    DoctorStatus,
    PatientStatus,
    PaymentKind,
    PaymentStatus,
)


def show(enum: type[StrEnum], description: str, **values: str) -> None:
    """Makes an enum part of the schema. Every value is described, or this raises KeyError."""
    strawberry.enum(enum, description=description)
    for value in enum.__strawberry_definition__.values:  # type: ignore[attr-defined]
        value.description = values.pop(value.name)
    assert not values, f"{enum.__name__} has no {', '.join(values)}"


show(
    AppointmentStatus,
    "Where an appointment stands. CANCELLED and DECLINED free the seat, all others keep it.",
    PENDING="Asked for; waits to be confirmed by staff or by payment.",
    CONFIRMED="Will take place.",
    CHECKED_IN="The patient has arrived.",
    IN_PROGRESS="The visit is going on.",
    COMPLETED="The visit has taken place.",
    CANCELLED="Called off by the patient or the clinic.",
    NO_SHOW="The patient did not come.",
    DECLINED="Not accepted by the clinic.",
)
show(
    BloodGroup,
    "ABO and Rh.",
    **{
        group.name: group.name.replace("_POSITIVE", " Rh positive.").replace("_NEGATIVE", " Rh negative.")
        for group in BloodGroup
    },
)
show(
    DoctorStatus,
    "How a doctor stands with the platform.",
    APPLIED="Has applied and waits for review.",
    APPROVED="May offer slots.",
    REJECTED="Was not accepted.",
    INACTIVE="No longer offers slots.",
)
show(
    PatientStatus,
    "How a patient stands with the clinics.",
    ACTIVE="In care.",
    VIP="In care, and to be given special attention.",
    INACTIVE="No longer in care.",
)
show(
    PaymentKind,
    "What money is asked for.",
    VISIT="The visit itself.",
    LATE_FEE="Cancelling or moving the visit too late.",
    NO_SHOW_FEE="Not coming.",
)
show(
    PaymentStatus,
    "What the gateway's events add up to.",
    PENDING="Asked for, not yet paid.",
    AUTHORIZED="Reserved on the patient's account, not yet taken.",
    CAPTURED="Taken.",
    PARTIALLY_REFUNDED="Taken, and a part given back.",
    REFUNDED="Taken, and all given back.",
    FAILED="Refused by the gateway or the patient's bank.",
    VOIDED="The reservation was let go.",
)
