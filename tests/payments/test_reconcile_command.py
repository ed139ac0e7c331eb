"""`reconcile` as a command, over the sandbox's own events."""

from pathlib import Path

from tests.payments.world import PaymentWorld
from tests.server.test_serve import command, said


async def test_it_takes_up_what_was_missed_and_says_what_differs(world: PaymentWorld, tmp_path: Path) -> None:
    appointment_id, payment_id = await world.paid()
    await world.rows("UPDATE sandbox_events SET occurred_at = now()")
    await world.rows("UPDATE appointments SET pay_by = now() + interval '1 hour' WHERE id = $1", appointment_id)
    place = {"DATABASE_URL": world.dsn, "CLINICGRAPH_DATA_DIR": str(tmp_path)}
    code, output = await said(await command("reconcile", **place))
    assert (code, "1 events, of which 1 had been missed" in output) == (0, True), output
    assert await world.status(appointment_id) == "CONFIRMED"
    await world.rows("UPDATE sandbox_payments SET refunded_minor = 7")
    code, output = await said(await command("reconcile", "--hours", "1", **place))
    assert (code, "refunded" in output, str(payment_id) in output) == (1, True, True), output
