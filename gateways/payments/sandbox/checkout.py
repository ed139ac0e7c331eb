"""What the patient does on the sandbox's checkout page."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateways.payments.sandbox import Sessions
from gateways.payments.sandbox.events import record
from gateways.payments.sandbox.faults import faults_of
from models.clock import Clock
from models.enums import PaymentEventKind
from models.sandbox import SandboxFault, SandboxPayment, SandboxStatus


class Outcome(StrEnum):
    PAID = "PAID"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True)
class Sheet:
    """What the page shows."""

    reference: str
    amount_minor: int
    currency: str
    description: str
    return_url: str
    outcome: Outcome | None
    """None while it can be paid."""

    faults: frozenset[SandboxFault] = field(default_factory=frozenset)


class SandboxCheckout:
    """The sessions of the sandbox, as its page sees them. `wake` is called when there is a webhook to send."""

    def __init__(self, sessions: Sessions, clock: Clock, wake: Callable[[], None]) -> None:
        self._sessions = sessions
        self._clock = clock
        self._wake = wake

    async def sheet(self, reference: str) -> Sheet | None:
        """None if there is no such session."""
        async with self._sessions() as db:
            found = await db.get(SandboxPayment, reference)
        return None if found is None else self._sheet(found)

    async def pay(self, reference: str) -> Outcome | None:
        """Pays with a card that is good, unless the sandbox was told to decline. Paying twice pays once."""
        async with self._locked(reference) as (db, found):
            if found is None or (outcome := self._outcome(found)) is not None:
                return None if found is None else outcome
            if SandboxFault.DECLINE in found.faults:
                await record(db, found, PaymentEventKind.FAILED, found.amount_minor, self._clock())
                return Outcome.DECLINED
            if found.is_manual:
                found.status, kind = SandboxStatus.HELD, PaymentEventKind.AUTHORIZED
            else:
                found.status, kind = SandboxStatus.CAPTURED, PaymentEventKind.CAPTURED
                found.captured_minor = found.amount_minor
            await record(db, found, kind, found.amount_minor, self._clock())
            return Outcome.PAID

    async def decline(self, reference: str) -> Outcome | None:
        """Pays with a card that the bank declines; another one can be tried."""
        async with self._locked(reference) as (db, found):
            if found is None or (outcome := self._outcome(found)) is not None:
                return None if found is None else outcome
            await record(db, found, PaymentEventKind.FAILED, found.amount_minor, self._clock())
            return Outcome.DECLINED

    async def set_faults(self, reference: str, faults: frozenset[SandboxFault]) -> Sheet | None:
        async with self._locked(reference) as (_, found):
            if found is None:
                return None
            found.faults = sorted(faults)
            return self._sheet(found)

    @asynccontextmanager
    async def _locked(self, reference: str) -> AsyncIterator[tuple[AsyncSession, SandboxPayment | None]]:
        asked = select(SandboxPayment).where(SandboxPayment.reference == reference).with_for_update()
        async with self._sessions() as db, db.begin():
            yield db, await db.scalar(asked)
        self._wake()

    def _sheet(self, found: SandboxPayment) -> Sheet:
        return Sheet(
            found.reference,
            found.amount_minor,
            found.currency,
            found.description,
            found.return_url,
            self._outcome(found),
            faults_of(found.faults),
        )

    def _outcome(self, found: SandboxPayment) -> Outcome | None:
        if found.status is SandboxStatus.OPEN:
            return Outcome.EXPIRED if found.expires_at <= self._clock() else None
        return Outcome.EXPIRED if found.status is SandboxStatus.EXPIRED else Outcome.PAID
