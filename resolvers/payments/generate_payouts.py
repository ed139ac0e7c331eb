"""generatePayouts."""

from collections.abc import Awaitable
from typing import Any

import strawberry

from domain.payments.generate_payouts import MOST_DOCTORS, generate_payouts
from domain.refusal import Invalid
from domain.session import Session
from loaders.payments.payouts import PayoutById
from resolvers.mutations import mutation
from schema.answers import Answer, Payload, id_in, id_in_or_none
from schema.context import Info
from schema.dashboards.ranges import DateRange
from schema.directives import requires
from schema.fields import described
from schema.payments.payouts import Payout


@strawberry.input(description="For which days, and to whom.")
class GeneratePayoutsInput:
    period: DateRange = described("Days that are over, everywhere; at most 366.")
    clinic_id: strawberry.ID | None = described("To the doctors who work at this clinic.", default=None)
    doctor_ids: list[strawberry.ID] | None = described("To these doctors.", default=None)
    idempotency_key: str = described("Done once for each key (24 hours).")


async def find_payouts(root: Any, info: Info) -> list[Any]:
    loading: Awaitable[list[Any]] = info.context.loaders.get(PayoutById).load_level(root["payout_ids"] or [])
    return [payout for payout in await loading if payout is not None]


@strawberry.type(description="What paying out answers.")
class GeneratePayoutsPayload(Payload):
    payouts: list[Payout] = described("What was made now; nobody gets two for the same days.", resolver=find_payouts)


async def run(session: Session, input: GeneratePayoutsInput) -> Answer:
    if input.doctor_ids is not None and len(input.doctor_ids) > MOST_DOCTORS:
        raise Invalid({"doctorIds": f"name at most {MOST_DOCTORS} doctors"})
    doctors = None if input.doctor_ids is None else [id_in("Doctor", each, "doctorIds") for each in input.doctor_ids]
    payout_ids = await generate_payouts(
        session,
        input.period.from_,
        input.period.to,
        clinic_id=id_in_or_none("Clinic", input.clinic_id, "clinicId"),
        doctor_ids=doctors,
    )
    return Answer(payout_ids=payout_ids)


@strawberry.type
class GeneratePayouts:
    generate_payouts: GeneratePayoutsPayload | None = mutation(
        run,
        "Pays out what doctors are owed by the end of a period, what was left over from before it included.",
        guard=requires("payout:write"),
    )
