"""Webhooks that were lost, and payments that are not what the gateway knows."""

from datetime import timedelta

from domain.payments.reconcile import Reconciliation, reconcile
from domain.payments.take_up_event import take_up_event
from gateways.payments import GatewayEvent
from tests.payments.world import FEE, PaymentWorld, gid


async def compared(world: PaymentWorld) -> Reconciliation:
    begin = world.beginning("reconcile")

    async def take_up(event: GatewayEvent) -> bool:
        return await take_up_event(begin, world.gateway, event)

    return await reconcile(begin, world.gateway, take_up, world.now - timedelta(hours=3))


async def test_lost_webhooks_are_taken_up(world: PaymentWorld) -> None:
    appointment_id, payment_id = await world.paid()
    found = await compared(world)
    assert (found.heard, found.taken_up, found.foreign, found.differences) == (1, 1, 0, [])
    assert await world.status(appointment_id) == "CONFIRMED"
    assert await world.money(payment_id) == ("CAPTURED", FEE, 0)
    again = await compared(world)
    assert (again.heard, again.taken_up) == (1, 0)


async def test_differences_are_reported(world: PaymentWorld) -> None:
    appointment_id, payment_id = await world.paid()
    await world.tell()
    await world.rows("UPDATE sandbox_payments SET refunded_minor = 7")
    await world.do("cancelAppointment", "staff", appointmentId=gid("Appointment", appointment_id), reason="ill")
    said = {each.what: (each.payment_id, each.ours, each.theirs) for each in (await compared(world)).differences}
    request_id = await world.value("SELECT max(id) FROM gateway_requests")
    assert said == {
        "refunded": (payment_id, "0", "7"),
        f"request {request_id}: REFUND": (payment_id, "OPEN", "unknown"),
    }


async def test_a_session_that_the_gateway_does_not_know(world: PaymentWorld) -> None:
    _, payment_id = await world.paid()
    await world.rows("UPDATE payments SET gateway_reference = 'sbx_gone' WHERE id = $1", payment_id)
    (difference,) = (await compared(world)).differences
    assert (difference.what, difference.ours, difference.theirs) == ("session", "sbx_gone", "no_such_session")
