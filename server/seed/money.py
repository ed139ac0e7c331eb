"""Payments and what the gateway said of them: exactly as many as asked, prepaid bookings first."""

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

import orjson

from models.enums import FREES_SEAT
from models.enums import AppointmentStatus as Status
from models.enums import PaymentEventKind as Event
from models.enums import PaymentKind as Kind
from models.enums import PaymentStatus as Paid
from server.seed.batch import Batch
from server.seed.draws import jitter, stream
from server.seed.history import History
from server.seed.moments import MINUTE
from server.seed.sizes import SeedError

KINDS, PAID = tuple(Kind), tuple(Paid)
GATEWAY = "sandbox"
TYPES = {
    Event.AUTHORIZED: "payment_intent.amount_capturable_updated",
    Event.CAPTURED: "payment_intent.succeeded",
    Event.REFUNDED: "charge.refunded",
    Event.FAILED: "payment_intent.payment_failed",
    Event.VOIDED: "payment_intent.canceled",
}
# Shares of outcomes, by the state of a visit that was not prepaid.
OUTCOMES: dict[Status, dict[Paid, float]] = {
    Status.COMPLETED: {
        Paid.CAPTURED: 92, Paid.PARTIALLY_REFUNDED: 2.5, Paid.REFUNDED: 1, Paid.FAILED: 2, Paid.PENDING: 2.5,
    },
    Status.NO_SHOW: {Paid.VOIDED: 50, Paid.CAPTURED: 50},
    Status.CANCELLED: {Paid.VOIDED: 70, Paid.REFUNDED: 30},
    Status.DECLINED: {Paid.VOIDED: 100},
    Status.PENDING: {Paid.PENDING: 60, Paid.AUTHORIZED: 40},
    Status.CONFIRMED: {Paid.AUTHORIZED: 45, Paid.CAPTURED: 25, Paid.PENDING: 30},
}  # fmt: skip
FEES = {Paid.CAPTURED: 70, Paid.PENDING: 20, Paid.FAILED: 10}
AUTHORIZED_FIRST = (Paid.AUTHORIZED, Paid.VOIDED)


def _ints() -> "array[int]":
    return array("q")


@dataclass(slots=True)
class Payments:
    """Payments as columns, by appointment; payment n has the id n + 1. Amounts in minor units, instants or 0."""

    appointment: "array[int]" = field(default_factory=_ints)
    kind: "array[int]" = field(default_factory=_ints)
    status: "array[int]" = field(default_factory=_ints)
    amount: "array[int]" = field(default_factory=_ints)
    covered: "array[int]" = field(default_factory=_ints)
    captured: "array[int]" = field(default_factory=_ints)
    refunded: "array[int]" = field(default_factory=_ints)
    asked_at: "array[int]" = field(default_factory=_ints)
    ended_at: "array[int]" = field(default_factory=_ints)
    refunded_at: "array[int]" = field(default_factory=_ints)

    def __len__(self) -> int:
        return len(self.appointment)


def candidates(history: History, seed: int) -> tuple[list[tuple[int, Kind]], list[tuple[int, Kind]]]:
    """What has to be paid, as a prepaid booking is never confirmed unpaid; and what may be, likely ones first."""
    random = stream(seed, "payments")
    must: list[tuple[int, Kind]] = []
    may: list[tuple[float, int, Kind]] = []
    for n in range(len(history.made)):
        status, clinic, draw = history.status(n), history.clinic(n), random.random()
        if history.was_paid(n):
            must.append((n, Kind.VISIT))
        else:
            may.append((draw if status is Status.COMPLETED else draw + 0.7, n, Kind.VISIT))
        late = history.calendar.start[history.made.slot[n]] - history.made.cancelled[n] < clinic.notice_to_cancel
        if status is Status.CANCELLED and late and clinic.late_fee:
            may.append((draw + 0.1, n, Kind.LATE_FEE))
        elif status is Status.NO_SHOW and clinic.no_show_fee:
            may.append((draw + 0.1, n, Kind.NO_SHOW_FEE))
    may.sort()
    return must, [(n, kind) for _, n, kind in may]


def make(count: int, history: History, seed: int) -> Payments:
    must, may = candidates(history, seed)
    assert len(must) <= count, "bookings see to it that there are enough payments for those that are prepaid"
    if count > len(must) + len(may):
        raise SeedError(f"{count} payments are too many: the appointments and their fees allow {len(must) + len(may)}")
    chosen = sorted(must + may[: count - len(must)])
    random = stream(seed, "outcomes")
    made = Payments()
    for n, kind in chosen:
        _add(made, history, n, kind, random)
    return made


def _add(made: Payments, history: History, n: int, kind: Kind, random: Random) -> None:
    doctor = history.doctors[history.calendar.doctor[history.made.slot[n]] - 1]
    clinic, status = history.clinic(n), history.status(n)
    covered = 0
    if kind is Kind.VISIT:
        if random.random() < 0.25:
            covered = doctor.fee * random.randint(5, 8) // 1000 * 100
        amount = doctor.fee - covered
        paid = _prepaid(history, n, random) if history.was_paid(n) else _outcome(history, n, random)
    else:
        amount = clinic.late_fee if kind is Kind.LATE_FEE else clinic.no_show_fee
        paid = _choose(FEES, random)
    captured = amount if paid in (Paid.CAPTURED, Paid.PARTIALLY_REFUNDED, Paid.REFUNDED) else 0
    refunded = amount if paid is Paid.REFUNDED else 0
    if paid is Paid.PARTIALLY_REFUNDED:
        refunded = amount * random.choice((20, 25, 50)) // 100
    asked, ended = _moments(history, n, kind, paid)
    after = history.made.cancelled[n] if status is Status.CANCELLED and kind is Kind.VISIT else history.settled[n]
    refunded_at = max(after, ended) + random.randint(1, 4 * 24 * 60) * MINUTE
    made.appointment.append(n)
    made.kind.append(KINDS.index(kind))
    made.status.append(PAID.index(paid))
    made.amount.append(amount)
    made.covered.append(covered)
    made.captured.append(captured)
    made.refunded.append(refunded)
    made.asked_at.append(asked)
    made.ended_at.append(ended)
    made.refunded_at.append(min(refunded_at, history.present) if refunded else 0)


def _choose(shares: Mapping[Paid, float], random: Random) -> Paid:
    return random.choices(tuple(shares), tuple(shares.values()))[0]


def _prepaid(history: History, n: int, random: Random) -> Paid:
    """Paid before the visit: kept, or given back in whole or in part when it was cancelled."""
    draw = random.random()
    if history.status(n) is Status.CANCELLED:
        start = history.calendar.start[history.made.slot[n]]
        late = start - history.made.cancelled[n] < history.clinic(n).notice_to_cancel
        return (Paid.PARTIALLY_REFUNDED if draw < 0.8 else Paid.CAPTURED) if late else Paid.REFUNDED
    if history.status(n) is Status.COMPLETED and draw < 0.03:
        return Paid.PARTIALLY_REFUNDED if draw < 0.02 else Paid.REFUNDED
    return Paid.CAPTURED


def _outcome(history: History, n: int, random: Random) -> Paid:
    """Paid at or after the visit, or not at all."""
    status = history.status(n)
    if history.clinic(n).rule == "PAYMENT":  # prepayment was asked and did not come
        late = Paid.VOIDED if status is Status.CANCELLED else Paid.PENDING
        return Paid.FAILED if random.random() < 0.4 else late
    return _choose(OUTCOMES.get(status, OUTCOMES[Status.CONFIRMED]), random)


def _moments(history: History, n: int, kind: Kind, paid: Paid) -> tuple[int, int]:
    """When a payment was asked for, and when it was captured, failed or voided."""
    booked, settled = history.made.booked[n], history.settled[n]
    if history.was_paid(n) and kind is Kind.VISIT:
        return booked, history.confirmed_at(n)
    if kind is not Kind.VISIT or history.status(n) is Status.COMPLETED:
        return settled, min(settled + 20 + jitter(n, 17, 30 * MINUTE), history.present)
    if paid in (Paid.VOIDED, Paid.REFUNDED):
        return booked, settled if paid is Paid.VOIDED else min(booked + 10 * MINUTE, settled)
    return booked, min(booked + 20 + jitter(n, 18, 10 * MINUTE), history.present)


def payments(made: Payments, history: History) -> Batch:
    def rows() -> Iterator[tuple[object, ...]]:
        for p in range(len(made)):
            ended, refunded = made.ended_at[p], made.refunded_at[p]
            yield (p + 1, made.appointment[p] + 1, KINDS[made.kind[p]], PAID[made.status[p]], made.amount[p],
                   made.covered[p], made.captured[p], made.refunded[p], kept(made, history, p),
                   currency(made, history, p), GATEWAY, reference(p), ended if made.captured[p] else None,
                   made.asked_at[p], max(last_at(made, p), refunded))  # fmt: skip

    columns = (
        "id appointment_id kind status amount_minor covered_minor captured_minor refunded_minor kept_minor currency "
        "gateway gateway_reference captured_at created_at updated_at"
    )
    return Batch("payments", columns, rows(), len(made))


def reference(p: int) -> str:
    """The gateway's name of a payment's session."""
    return f"sbx_{p + 1:010}"


def kept(made: Payments, history: History, p: int) -> int:
    """What stays of the payment of a visit that was called off: what was not given back then."""
    is_called_off = history.status(made.appointment[p]) in FREES_SEAT and KINDS[made.kind[p]] is Kind.VISIT
    return made.captured[p] - made.refunded[p] if is_called_off else 0


def last_at(made: Payments, p: int) -> int:
    return made.asked_at[p] if PAID[made.status[p]] is Paid.PENDING else made.ended_at[p]


def currency(made: Payments, history: History, p: int) -> str:
    return history.clinics[history.calendar.clinic[history.made.slot[made.appointment[p]]] - 1].city.currency


def said(made: Payments, p: int) -> Iterator[tuple[Event, int, int]]:
    """The gateway's events on a payment: kind, amount, instant. They add up to its state."""
    status, amount, ended = PAID[made.status[p]], made.amount[p], made.ended_at[p]
    if status in AUTHORIZED_FIRST or (made.captured[p] and p % 5 == 0):
        yield Event.AUTHORIZED, amount, min(made.asked_at[p] + 15, ended)
    if status is Paid.VOIDED:
        yield Event.VOIDED, amount, ended
    if status is Paid.FAILED:
        yield Event.FAILED, amount, ended
    if made.captured[p]:
        yield Event.CAPTURED, made.captured[p], ended
    if made.refunded[p]:
        yield Event.REFUNDED, made.refunded[p], made.refunded_at[p]


def events(made: Payments, history: History) -> Batch:
    def rows() -> Iterator[tuple[object, ...]]:
        number = 0
        for p in range(len(made)):
            money = currency(made, history, p).lower()
            for kind, amount, at in said(made, p):
                number += 1
                event = f"evt_{number:010}"
                payload = {"id": event, "type": TYPES[kind], "created": at, "amount": amount, "currency": money}
                by_hand = kind is Event.REFUNDED  # no request of ours stands beside it
                yield number, p + 1, GATEWAY, event, kind, amount, by_hand, at, at, orjson.dumps(payload).decode()

    columns = "id payment_id provider event_id kind amount_minor by_hand occurred_at received_at payload"
    return Batch("payment_events", columns, rows(), sum(1 for p in range(len(made)) for _ in said(made, p)))
