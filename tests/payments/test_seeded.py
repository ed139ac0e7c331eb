"""Demo payments are payments: what a clinic's people do with money works on them too."""

from collections.abc import AsyncIterator

import pytest

from domain.payments.reconcile import reconcile
from domain.payments.take_up_event import take_up_event
from gateways.payments import GatewayEvent
from server.recount import recount
from server.seed import Sizes, seed
from tests.clinic_data import NOW
from tests.payments.world import PaymentWorld, codes, gid, payment_world

SIZES = Sizes(clinics=3, doctors=9, patients=90, slots=1_500, appointments=600, payments=500)
ONE_OF_EACH = """
SELECT DISTINCT ON (p.status, p.kind, a.status) p.* FROM payments p JOIN appointments a ON a.id = p.appointment_id
WHERE p.status = ANY ($1) ORDER BY p.status, p.kind, a.status, p.id
"""
CAPTURED = ["CAPTURED", "PARTIALLY_REFUNDED"]


@pytest.fixture
async def seeded(database: str) -> AsyncIterator[PaymentWorld]:
    await seed(database, SIZES, seed=1, now=NOW)
    async with payment_world(database) as world:
        yield world
    assert list(await recount(database)) == []


async def test_part_of_it_is_refunded_and_then_the_rest(seeded: PaymentWorld) -> None:
    found = await seeded.rows(ONE_OF_EACH, CAPTURED)
    assert len(found) > 4
    for row in found:
        about = {"paymentId": gid("Payment", row["id"]), "reason": "he asked"}
        captured, refunded = row["captured_minor"], row["refunded_minor"]
        some = {"amount": 100, "currency": row["currency"]}
        assert codes(await seeded.do("refundPayment", "admin", amount=some, **about)) == []
        too_much = some | {"amount": captured - refunded - 99}
        refused = await seeded.do("refundPayment", "admin", amount=too_much, **about)
        assert codes(refused) == ["REFUND_EXCEEDS_PAYMENT"]
        await seeded.settle()
        assert await seeded.money(row["id"]) == ("PARTIALLY_REFUNDED", captured, refunded + 100)
        assert codes(await seeded.do("refundPayment", "admin", **about)) == []
        await seeded.settle()
        assert await seeded.money(row["id"]) == ("REFUNDED", captured, captured)
    assert await seeded.value("SELECT count(*) FROM gateway_requests WHERE is_automatic OR status <> 'DONE'") == 0


@pytest.mark.parametrize(("mutation", "becomes"), [("capturePayment", "CAPTURED"), ("voidPayment", "VOIDED")])
async def test_held_money_is_taken_or_let_go(seeded: PaymentWorld, mutation: str, becomes: str) -> None:
    found = await seeded.rows(ONE_OF_EACH, ["AUTHORIZED"])
    assert found
    for row in found:
        assert codes(await seeded.do(mutation, "admin", paymentId=gid("Payment", row["id"]))) == []
        await seeded.settle()
        captured = row["amount_minor"] if becomes == "CAPTURED" else 0
        assert await seeded.money(row["id"]) == (becomes, captured, 0)


async def test_what_the_sandbox_knows_of_them_does_not_differ(seeded: PaymentWorld) -> None:
    async def take_up(event: GatewayEvent) -> bool:
        return await take_up_event(seeded.beginning("receiveEvent"), seeded.gateway, event)

    await seeded.rows("UPDATE payments SET updated_at = $1", seeded.now)
    found = await reconcile(seeded.beginning("reconcile"), seeded.gateway, take_up, seeded.now)
    assert (found.heard, found.differences) == (0, [])
