"""What doctors are owed, paid out once, seen by those it concerns, and exported."""

import csv
import io
from typing import Any

from server.exports.csv import cell_text
from tests.client import VIEWERS
from tests.payments.world import PaymentWorld, codes, gid

WEEK = {"from": "2026-06-15", "to": "2026-06-16"}
LIST = "{ payouts(first: 10) { edges { node { id amount { amount currency } status periodStart doctor { id } } } } }"


async def paid_out(world: PaymentWorld, **more: Any) -> dict[str, Any]:
    return await world.do("generatePayouts", "admin", period=WEEK, **more)


async def earned(world: PaymentWorld) -> None:
    """Doctor 1 has earned 51.00 less the platform's fee, two days ago."""
    await world.paid()
    await world.tell()
    world.later(days=3)


async def test_a_payout_settles_what_is_owed(world: PaymentWorld) -> None:
    await earned(world)
    (payout,) = (await paid_out(world))["payouts"]
    assert payout["amount"] == {"amount": 4_590, "currency": "EUR"}
    assert await world.account("DOCTOR_PAYABLE") == 0
    assert (await world.account("GATEWAY_CLEARING"), await world.account("PLATFORM_FEE")) == (510, -510)
    assert (await paid_out(world))["payouts"] == []
    (event,) = await world.rows("SELECT payload FROM outbox_events WHERE name = 'payout.generated'")
    assert "4590" not in event["payload"]
    await world.check_books()


async def test_once_for_a_key(world: PaymentWorld) -> None:
    await earned(world)
    first, again = [await paid_out(world, idempotencyKey="june") for _ in range(2)]
    assert first == again
    assert len(first["payouts"]) == 1


async def test_what_comes_later_is_in_the_next_one(world: PaymentWorld) -> None:
    """A refund after the payout is taken off the next."""
    await earned(world)
    await paid_out(world)
    payment_id = await world.value("SELECT id FROM payments WHERE gateway IS NOT NULL")
    amount = {"amount": 1_000, "currency": "EUR"}
    await world.do("refundPayment", "service", paymentId=gid("Payment", payment_id), amount=amount, reason="x")
    await world.tell()
    await world.checkout.pay(await world.open_session(await world.book("patient", 171)))
    await world.tell()
    world.later(days=3)
    after = {"from": "2026-06-17", "to": "2026-06-19"}
    (payout,) = (await world.do("generatePayouts", "admin", period=after))["payouts"]
    assert payout["amount"]["amount"] == 4_590 - 900


async def test_to_whom(world: PaymentWorld) -> None:
    await earned(world)
    for more in ({"doctorIds": [gid("Doctor", 2)]}, {"clinicId": gid("Clinic", 2)}):
        assert (await paid_out(world, **more))["payouts"] == []
    both = {"doctorIds": [gid("Doctor", 1), gid("Doctor", 2)], "clinicId": gid("Clinic", 1)}
    assert len((await paid_out(world, **both))["payouts"]) == 1


async def test_refused(world: PaymentWorld) -> None:
    world.later(days=3)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"period": {"from": "2026-06-16", "to": "2026-06-15"}}, "VALIDATION_ERROR"),
        ({"period": {"from": "2025-06-01", "to": "2026-06-15"}}, "VALIDATION_ERROR"),
        ({"period": {"from": "2026-06-18", "to": "2026-06-18"}}, "VALIDATION_ERROR"),
        ({"period": WEEK, "doctorIds": []}, "VALIDATION_ERROR"),
        ({"period": WEEK, "doctorIds": [gid("Doctor", 2**40)]}, "NOT_FOUND"),
        ({"period": WEEK, "clinicId": gid("Clinic", 2**40)}, "NOT_FOUND"),
        ({"period": WEEK, "clinicId": gid("Doctor", 1)}, "VALIDATION_ERROR"),
    ]
    for about, code in wrong:
        assert codes(await world.do("generatePayouts", "admin", **about)) == [code], about


async def test_who_may_and_who_sees(world: PaymentWorld) -> None:
    await earned(world)
    for viewer, who in VIEWERS.items():
        if "payout:write" not in who.scopes:
            answer = await world.ask("generatePayouts", viewer, period=WEEK)
            assert answer.codes == ["UNAUTHENTICATED" if who.is_anonymous else "FORBIDDEN"], viewer
    await world.rows("UPDATE users SET name = '=HYPERLINK(1)' WHERE id = 1001")
    await paid_out(world)
    sees = {"service", "admin", "manager", "doctor"}
    for viewer, who in VIEWERS.items():
        answer = await world.client.ask(LIST, viewer=viewer)
        if "payout:read" not in who.scopes:
            assert answer.codes == ["UNAUTHENTICATED" if who.is_anonymous else "FORBIDDEN"], viewer
        else:
            assert len(answer.data["payouts"]["edges"]) == (viewer in sees), viewer
        await exported(world, viewer, sees=viewer in sees)
    document = "query ($id: ID!) { node(id: $id) { ... on Payout { amount { amount } } } }"
    mine = (await world.client.ask(LIST, viewer="doctor")).data["payouts"]["edges"][0]["node"]["id"]
    assert (await world.client.ask(document, {"id": mine}, viewer="doctor")).data["node"] is not None
    assert (await world.client.ask(document, {"id": mine}, viewer="doctor of another")).data["node"] is None


async def exported(world: PaymentWorld, viewer: str, *, sees: bool) -> None:
    """The CSV is what the list is; a name that would be a formula is text."""
    response = await world.client.http.get("/exports/payouts.csv", headers={"x-test-viewer": viewer})
    scopes = VIEWERS[viewer].scopes
    if not {"payout:read", "report:export"} <= scopes:
        assert response.status_code == (401 if viewer == "anonymous" else 403)
        assert response.headers["www-authenticate"].startswith("Bearer")
        return
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    header, *rows = csv.reader(io.StringIO(response.text))
    assert header[1:5] == ["doctor", "period_start", "period_end", "amount_minor"]
    assert [row[1:6] for row in rows] == (
        [["'=HYPERLINK(1)", "2026-06-15", "2026-06-16", "4590", "EUR"]] if sees else []
    )
    (record,) = await world.rows(
        "SELECT action, entity, user_id FROM audit_records WHERE request_id = $1", response.headers["x-request-id"]
    )
    assert tuple(record) == ("export", "payouts.csv", VIEWERS[viewer].user_id)


def test_no_cell_is_a_formula() -> None:
    assert [cell_text(cell) for cell in ("=1", "+1", "-1", "@x", "\t=1", "plain", "1")] == [
        *("'=1", "'+1", "'-1", "'@x", "'\t=1"),
        *("plain", "1"),
    ]
