"""The application with a sandbox that tells only when it is asked to, and a clock that tests move."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import asyncpg

from domain.payments.close_sessions import close_sessions
from domain.payments.finish_request import finish_gateway_requests
from domain.payments.take_up_event import take_up_event
from domain.session import Session
from gateways.payments import EventId, GatewayEvent, PaymentGateway
from gateways.payments.sandbox import SandboxGateway
from gateways.payments.sandbox.checkout import SandboxCheckout
from loaders.connections import Connections
from models.enums import PaymentEventKind
from schema.node import encode_id
from server.app import create_app
from server.oauth.edge import opened
from server.payments import Payments, beginning
from server.settings import Settings
from tests.client import Client, viewer_of
from tests.clinic_data import NOW

SECRET, ADDRESS = "of the tests", "http://clinicgraph.test"
FEE = 5_100  # of doctor 1, whose slots at clinic 1 on 18 June are 160 (one seat) and 161 (two)
KEYS = count(1)
PREPAID = """
INSERT INTO clinic_policies (clinic_id, version, confirmation, payment_window, notice_to_cancel, late_fee_minor,
                             no_show_fee_minor)
VALUES (1, 1, 'PAYMENT', '30 minutes', '96 hours', 1500, 2000)
"""
SHOWN = "payment { id status captured { amount } refunded { amount } } userErrors { code message field }"
DOCUMENTS = {
    "createPaymentSession": f"{SHOWN} clientToken checkoutUrl",
    "generatePayouts": "payouts { id amount { amount currency } } userErrors { code message field }",
    "refundPayment": SHOWN,
    "capturePayment": SHOWN,
    "voidPayment": SHOWN,
}
APPOINTMENT = "appointment { id status payBy payment { status } } userErrors { code message field }"


@dataclass
class PaymentWorld:
    """One server. `payments` is what pays there, `gateway` what the server asks."""

    dsn: str
    connections: Connections
    sandbox: SandboxGateway
    checkout: SandboxCheckout
    now: datetime = NOW
    gateway: PaymentGateway = field(init=False)
    client: Client = field(init=False)

    def clock(self) -> datetime:
        return self.now

    def later(self, **length: float) -> None:
        self.now += timedelta(**length)

    async def rows(self, text: str, *arguments: object) -> list[asyncpg.Record]:
        return await self.connections.fetch(text, arguments, asyncpg.Record)

    async def value(self, text: str, *arguments: object) -> Any:
        (row,) = await self.rows(text, *arguments)
        return row[0]

    async def ask(self, mutation: str, viewer: str, **input: Any) -> Any:
        """The whole answer of a mutation, with a key of its own unless one is given."""
        name = mutation[0].upper() + mutation[1:]
        input.setdefault("idempotencyKey", f"payments-{next(KEYS)}")
        shown = DOCUMENTS.get(mutation, APPOINTMENT)
        document = f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ {shown} }} }}"
        return await self.client.ask(document, {"input": input}, viewer=viewer)

    async def do(self, mutation: str, viewer: str, **input: Any) -> dict[str, Any]:
        """The payload of a mutation. Fails if there is a top-level error."""
        payload: dict[str, Any] = (await self.ask(mutation, viewer, **input)).data[mutation]
        return payload

    async def book(self, viewer: str = "patient", slot: int = 160, **more: Any) -> int:
        """Books; the appointment's id."""
        payload = await self.do("bookAppointment", viewer, slotId=gid("Slot", slot), **more)
        assert payload["userErrors"] == []
        return int(await self.value("SELECT max(id) FROM appointments WHERE slot_id = $1", slot))

    async def open_session(self, appointment_id: int, viewer: str = "patient", **more: Any) -> str:
        """Asks for a place to pay; the sandbox's reference."""
        payload = await self.do(
            "createPaymentSession", viewer, appointmentId=gid("Appointment", appointment_id), **more
        )
        assert payload["userErrors"] == [], payload
        return str(payload["clientToken"])

    async def paid(self, viewer: str = "patient", slot: int = 160, **more: Any) -> tuple[int, int]:
        """Books and pays; the ids of the appointment and its payment. Nobody was told yet."""
        appointment_id = await self.book(viewer, slot)
        await self.checkout.pay(await self.open_session(appointment_id, viewer, **more))
        return appointment_id, await self.value("SELECT id FROM payments WHERE appointment_id = $1", appointment_id)

    async def events(self) -> list[GatewayEvent]:
        """All that has happened at the sandbox, in order."""
        return [event async for event in self.sandbox.events_since(NOW - timedelta(days=1))]

    async def tell(self, *events: GatewayEvent) -> None:
        """Webhooks: all that has happened, or these events."""
        for event in events or await self.events():
            await take_up_event(self.beginning("receiveEvent"), self.gateway, event)

    async def work(self) -> int:
        """What a worker does."""
        closed = await close_sessions(self.beginning("closeSessions"))
        begin = self.beginning("finishGatewayRequests")
        return closed + await finish_gateway_requests(begin, {self.gateway.provider: self.gateway}, self.now)

    async def settle(self) -> None:
        """Tells and works until there is nothing left to do."""
        await self.tell()
        while await self.work():
            await self.tell()

    def beginning(self, action: str) -> "Callable[[], AbstractAsyncContextManager[Session]]":
        return beginning(self.connections, self.clock, action)

    async def status(self, appointment_id: int) -> str:
        return str(await self.value("SELECT status FROM appointments WHERE id = $1", appointment_id))

    async def money(self, payment_id: int) -> tuple[str, int, int]:
        """Status, captured and refunded of a payment, after the books were looked at."""
        await self.check_books()
        (row,) = await self.rows(
            "SELECT status, captured_minor, refunded_minor FROM payments WHERE id = $1", payment_id
        )
        return row["status"], row["captured_minor"], row["refunded_minor"]

    async def check_books(self) -> None:
        """Nothing is written that does not sum to zero, and the accounts hold what the payments say."""
        for text in (UNBALANCED, UNLIKE):
            assert [dict(row) for row in await self.rows(text)] == []

    async def account(self, name: str) -> int:
        return int(
            await self.value("SELECT coalesce(sum(amount_minor), 0) FROM ledger_entries WHERE account = $1", name)
        )


UNBALANCED = """
SELECT transaction_id, currency FROM ledger_entries GROUP BY 1, 2 HAVING sum(amount_minor) <> 0
"""
UNLIKE = """
SELECT p.id, p.captured_minor - p.refunded_minor AS holds, sum(e.amount_minor) AS books
FROM payments p JOIN ledger_transactions t ON t.payment_id = p.id JOIN ledger_entries e ON e.transaction_id = t.id
WHERE e.account IN ('GATEWAY_CLEARING', 'REFUNDS')
GROUP BY p.id HAVING sum(e.amount_minor) <> p.captured_minor - p.refunded_minor
"""


def gid(type_name: str, id: int) -> str:
    return encode_id(type_name, id)


def codes(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["userErrors"]]


def another(event: GatewayEvent, id: str, **changed: Any) -> GatewayEvent:
    """An event like one that has happened."""
    return replace(event, event_id=EventId(id), **changed)


def of_kind(events: list[GatewayEvent], kind: PaymentEventKind) -> GatewayEvent:
    (found,) = [event for event in events if event.kind is kind]
    return found


@asynccontextmanager
async def payment_world(
    dsn: str, gateway_of: Callable[[PaymentGateway], PaymentGateway] = lambda gateway: gateway
) -> AsyncIterator[PaymentWorld]:
    """A server over this database; clinic 1 asks prepayment. `gateway_of` may put something between."""

    async def connect() -> "asyncpg.Connection[Any]":
        return await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})

    connections = Connections(connect, 12)
    async with opened(dsn) as sessions:
        world: PaymentWorld

        def clock() -> datetime:
            return world.now

        sandbox = SandboxGateway(sessions, SECRET, ADDRESS, clock, lambda: None)
        world = PaymentWorld(dsn, connections, sandbox, SandboxCheckout(sessions, clock, lambda: None))
        world.gateway = gateway_of(sandbox)
        settings = Settings(public_url=ADDRESS)
        payments = Payments(settings, clock, world.gateway)
        app = create_app(dsn, settings, viewer_of=viewer_of, clock=clock, payments=payments)
        async with app.lifespan:
            world.client = Client(app)
            async with world.client.http:
                yield world
    await connections.close()
