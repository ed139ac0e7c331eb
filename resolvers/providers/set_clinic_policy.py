"""setClinicPolicy."""

import strawberry

from domain.providers.set_clinic_policy import set_clinic_policy
from domain.session import Session
from models.enums import ConfirmationRule
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.changes import KEY, changed, sent
from schema.directives import requires
from schema.fields import described
from schema.providers.clinic_answers import ClinicPayload
from schema.scalars import MinorUnits

COLUMNS = {
    "confirmation": "confirmation",
    "notice_to_book_minutes": "notice_to_book",
    "notice_to_cancel_minutes": "notice_to_cancel",
    "notice_to_reschedule_minutes": "notice_to_reschedule",
    "max_reschedules": "max_reschedules",
    "late_fee": "late_fee_minor",
    "no_show_fee": "no_show_fee_minor",
    "payment_window_minutes": "payment_window",
    "hold_minutes": "hold_time",
    "offer_minutes": "offer_time",
}


@strawberry.input(description="What changes of a clinic's rules; what is not sent stays as in the version before.")
class SetClinicPolicyInput:
    clinic_id: strawberry.ID = described("The clinic.")
    version: int | None = described(
        "The policy's `version` that you read: a change that somebody made since is not overwritten, but a CONFLICT.",
        default=None,
    )
    confirmation: ConfirmationRule | None = changed("What confirms a booking; AUTOMATIC at first.")
    notice_to_book_minutes: int | None = changed("Up to 366 days; 0 at first.")
    notice_to_cancel_minutes: int | None = changed("Up to 366 days; 0 at first.")
    notice_to_reschedule_minutes: int | None = changed("Up to 366 days; 0 at first.")
    max_reschedules: int | None = changed("0 to 100; 3 at first.")
    late_fee: MinorUnits | None = changed("In minor units of the clinic's currency; 0 at first.")
    no_show_fee: MinorUnits | None = changed("In minor units of the clinic's currency; 0 at first.")
    payment_window_minutes: int | None = changed("Needed where payment confirms, and only there.")
    hold_minutes: int | None = changed("1 to 60; 5 at first.")
    offer_minutes: int | None = changed("1 to 10080; 120 at first.")
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What setting a policy answers.")
class SetClinicPolicyPayload(ClinicPayload):
    pass


async def run(session: Session, input: SetClinicPolicyInput) -> Answer:
    clinic_id = id_in("Clinic", input.clinic_id, "clinicId")
    given = {COLUMNS[name]: value for name, value in sent(input, *COLUMNS).items()}
    return Answer(clinic_id=await set_clinic_policy(session, clinic_id, given, input.version))


@strawberry.type
class SetClinicPolicy:
    set_clinic_policy: SetClinicPolicyPayload | None = mutation(
        run,
        "Makes the next version of a clinic's rules; appointments keep the one they have. For its managers.",
        guard=requires("clinic:write"),
    )
