"""Who is first of everybody, without adding everybody up.

A range is a few spans, and of each an index has the amounts of all doctors, or clinics, in order. Whoever is first over
the range is near the top of some of these lists, so their beginnings are enough, whatever the number of doctors: nobody
beyond them has more than the last amounts listed add up to (the threshold algorithm of Fagin, Lotem and Naor). Where
the last of the first does not exceed that, as when many are nearly alike, everybody is added up after all.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    Column,
    ColumnElement,
    FromClause,
    Select,
    Subquery,
    Table,
    and_,
    case,
    column,
    func,
    literal_column,
    select,
    true,
)

from loaders.dashboards.revenue import REVENUE
from loaders.dashboards.sums import CHANGES, EVERY, RANGES, SPANS, ZERO, both, keeps_seat
from models import RollUpTopBookings, RollUpTopRevenue
from models.base import Base

TOP_BOOKINGS = Base.metadata.tables[RollUpTopBookings.__tablename__]
TOP_REVENUE = Base.metadata.tables[RollUpTopRevenue.__tablename__]


def depth(first: int) -> int:
    """How much of each list is read: on the seeded data enough for the first of any range, with some to spare."""
    return 4 * first + 20


@dataclass(frozen=True)
class Compared:
    """What is compared: an amount of each doctor or clinic (`subject` is the column of their ids) in a roll-up table.

    `changed` is what a change adds to it, if the change `concerns` it. What differs in the columns `among` is not
    compared. Rows have `key`, `among`, `id` and `amount`.
    """

    subject: str
    table: Table
    amount: Column[Any]
    changed: ColumnElement[Any]
    concerns: ColumnElement[bool]
    among: tuple[str, ...] = ()

    def leaders(self, first: int, deep: int) -> Subquery:
        """The first over each range, and perhaps some more, each once; `deep` is how much of each list to read."""
        lists = self._lists(self._spans(), deep)
        kinds = self._within(lists)
        bounds = select(*kinds, func.sum(lists.c.rest).label("rest")).group_by(*kinds).cte("bounds")
        exact = self._exact(self._candidates(lists, bounds, first), lists)
        close = self._close(exact, bounds, first)
        settled = select(*exact.c).select_from(exact.outerjoin(close, self._same(exact, close)))
        spans = select(*lists.c).select_from(lists.join(close, self._same(lists, close))).subquery("spans")
        changes = self._changes().subquery("changes")
        unsettled = select(*changes.c).select_from(changes.join(close, self._same(changes, close)))
        everybody = both(self._folded(spans), unsettled)
        return both(settled.where(close.c.key.is_(None)), self._added(everybody))

    def _spans(self) -> FromClause:
        """`key`, `among`, `days` and `first_day` of all that is asked for; everything's rows say which currencies."""
        if not self.among:
            return select(*SPANS.c).cte("spans")
        everything = (REVENUE.c.doctor_id == EVERY, REVENUE.c.clinic_id == EVERY)
        span = (REVENUE.c.days == SPANS.c.days, REVENUE.c.first_day == SPANS.c.first_day)
        found = select(REVENUE.c.currency).where(*everything, *span).offset(ZERO).lateral("found")
        return select(*SPANS.c, found.c.currency).select_from(SPANS.join(found, true())).cte("spans")

    def _lists(self, spans: FromClause, deep: int) -> CTE:
        """The spans, how their lists begin, and what nobody beyond exceeds: `rest`, 0 if all are listed."""
        beginning = self._of(spans).order_by(self.amount.desc(), self.table.c[self.subject])
        first = beginning.limit(literal_column(str(deep))).correlate(spans).subquery("first")
        rest = case((func.count() == literal_column(str(deep)), func.min(first.c.amount)), else_=ZERO)
        ids, amounts = (func.array_agg(column, type_=ARRAY(BigInteger)) for column in (first.c.id, first.c.amount))
        found = select(ids.label("ids"), amounts.label("amounts"), rest.label("rest")).lateral("found")
        return select(*spans.c, *found.c).select_from(spans.join(found, true())).cte("lists")

    def _candidates(self, lists: CTE, bounds: CTE, first: int) -> Subquery:
        """Who may have as much as the last of the first has for sure; `complete` is of spans that list all.

        Where somebody is not listed she has 0 at least: no more seats are freed than were taken, nor money given back.
        """
        listed = func.unnest(lists.c.ids, lists.c.amounts).table_valued(
            column("id", BigInteger()), column("amount", BigInteger()), name="listed"
        )
        listed = listed.render_derived()
        changes = self._changes().subquery("changes")
        parts = both(
            select(*self._within(lists), *listed.c, lists.c.rest).select_from(lists.join(listed, true())),
            select(*changes.c, ZERO),
        )
        group = (*self._within(parts), parts.c.id)
        complete = func.sum(parts.c.amount).filter(parts.c.rest == ZERO).label("complete")
        sums = (func.sum(parts.c[name]).label(name) for name in ("amount", "rest"))
        known = select(*group, *sums, complete).group_by(*group).subquery("known")
        last = func.nth_value(known.c.amount, literal_column(str(first)))
        sure = last.over(partition_by=self._within(known), order_by=known.c.amount.desc(), rows=(None, None))
        compared = select(*known.c, sure.label("sure")).subquery("compared")
        most = compared.c.amount + func.coalesce(bounds.c.rest, ZERO) - compared.c.rest
        return (
            select(*self._within(compared), compared.c.id, func.coalesce(compared.c.complete, ZERO).label("complete"))
            .select_from(compared.outerjoin(bounds, self._same(compared, bounds)))
            .where(most >= func.coalesce(compared.c.sure, ZERO))
            .subquery("candidates")
        )

    def _exact(self, candidates: Subquery, lists: CTE) -> CTE:
        """What the candidates have: looked up in the spans that are not wholly listed."""
        other = self.table.c.clinic_id if self.subject == "doctor_id" else self.table.c.doctor_id
        hers = (self.table.c[self.subject] == candidates.c.id, other == EVERY)
        found = select(self.amount.label("amount")).where(*hers, *self._at(lists)).offset(ZERO).lateral("found")
        cut_off = and_(self._same(candidates, lists), lists.c.rest > ZERO)
        amounts = candidates.outerjoin(lists, cut_off).outerjoin(found, true())
        group = (*self._within(candidates), candidates.c.id)
        amount = func.coalesce(func.sum(found.c.amount), ZERO) + candidates.c.complete
        exact = select(*group, amount.label("amount")).select_from(amounts)
        return exact.group_by(*group, candidates.c.complete).cte("exact")

    def _close(self, exact: CTE, bounds: CTE, first: int) -> CTE:
        """`key` and `among` where somebody beyond the lists may have as much as the last of the first."""
        place = func.row_number().over(partition_by=self._within(exact), order_by=exact.c.amount.desc())
        placed = select(*exact.c, place.label("place")).subquery("placed")
        last = and_(self._same(placed, bounds), placed.c.place == literal_column(str(first)))
        exceeds = func.coalesce(placed.c.amount, ZERO) > bounds.c.rest
        close = select(*self._within(bounds)).select_from(bounds.outerjoin(placed, last))
        return close.where(bounds.c.rest > ZERO, ~exceeds).cte("close")

    def _of(self, spans: FromClause) -> Select[Any]:
        """`id` and `amount` of all in a row of the spans."""
        subject = self.table.c[self.subject]
        return select(subject.label("id"), self.amount.label("amount")).where(*self._at(spans), subject > EVERY)

    def _folded(self, spans: FromClause) -> Select[Any]:
        """The rows of all; the OFFSET keeps PostgreSQL from anything but a look-up for each span."""
        found = self._of(spans).offset(ZERO).lateral("found")
        return select(*self._within(spans), *found.c).select_from(spans.join(found, true()))

    def _changes(self) -> Select[Any]:
        """What is not folded yet."""
        among = (CHANGES.c[name] for name in self.among)
        asked = select(RANGES.c.key, *among, CHANGES.c[self.subject].label("id"), self.changed.label("amount"))
        in_range = CHANGES.c.day.between(RANGES.c.first, RANGES.c.last)
        return asked.select_from(RANGES.join(CHANGES, in_range)).where(self.concerns)

    def _added(self, parts: Subquery) -> Select[Any]:
        group = (*self._within(parts), parts.c.id)
        return select(*group, func.sum(parts.c.amount).label("amount")).group_by(*group)

    def _at(self, spans: FromClause) -> list[ColumnElement[bool]]:
        return [self.table.c[name] == spans.c[name] for name in ("days", "first_day", *self.among)]

    def _within(self, rows: FromClause) -> list[ColumnElement[Any]]:
        return [rows.c[name] for name in ("key", *self.among)]

    def _same(self, one: FromClause, other: FromClause) -> ColumnElement[bool]:
        return and_(*(a == b for a, b in zip(self._within(one), self._within(other), strict=True)))


def by_bookings(subject: str) -> Compared:
    """By appointments that keep their seat."""
    return Compared(subject, TOP_BOOKINGS, TOP_BOOKINGS.c.bookings, CHANGES.c.appointments, keeps_seat())


def by_revenue(subject: str) -> Compared:
    """By money captured less refunded, in each currency."""
    net = CHANGES.c.captured_minor - CHANGES.c.refunded_minor
    return Compared(subject, TOP_REVENUE, TOP_REVENUE.c.net_minor, net, CHANGES.c.currency.is_not(None), ("currency",))
