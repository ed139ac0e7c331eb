"""From availability templates and dated exceptions to slots: what a doctor offers, in the clinics' local time.

- A template's slots start at `starts_at`, and then every slot length plus buffer, as the clinic's clock shows it:
  09:00 stays 09:00 over a clock change. A start that the clock never shows is skipped; one that it shows twice is
  taken the first time (PEP 495: fold 0).
- A slot lasts its minutes of real time, and the buffer after it too. During all of it (not of the buffer) the clock
  shows working hours: from `starts_at` on and before `ends_at`. So a slot that a clock change would carry past the
  end of work is left out, and one that spans a change in the midst of work just ends at another time than usual.
- Leave, holidays and closures take away every slot that they touch, of extra hours too, and each time the clock
  shows theirs. Extra hours have no buffer and one seat.
- One doctor's slots never overlap, buffers included, over all her clinics. What is there already wins (`taken`), then
  the earlier start, then extra hours over templates, then the lower id.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from math import ceil, floor
from operator import itemgetter
from typing import NamedTuple

from domain.scheduling.availability import ClinicDays, DatedException, Hours, Template, extra_hours, weekly_hours
from domain.scheduling.local_days import DAY, Stretch, Window, first_instant, is_plain, local_day, seconds, windows
from models.enums import AvailabilityExceptionKind as Kind


class PlannedSlot(NamedTuple):
    """What `slots` will hold. Instants are in UTC; a slot of extra hours has no template."""

    clinic_id: int
    starts_at: datetime
    ends_at: datetime
    blocked_until: datetime
    local_day: date
    capacity: int
    template_id: int | None


class LeftOutBecause(StrEnum):
    """CLOSED is the clinic; TAKEN is a slot that is there already; OVERLAP is another one of the plan."""

    CLOSED = "CLOSED"
    LEAVE = "LEAVE"
    HOLIDAY = "HOLIDAY"
    CLOCK_CHANGE = "CLOCK_CHANGE"
    TAKEN = "TAKEN"
    OVERLAP = "OVERLAP"


class LeftOut(NamedTuple):
    slot: PlannedSlot
    because: LeftOutBecause


@dataclass(frozen=True, slots=True)
class Plan:
    """The slots to be made, and those that a rule took away; both by start."""

    slots: tuple[PlannedSlot, ...]
    left_out: tuple[LeftOut, ...]


_Candidate = tuple[int, int, date, Hours]
"""Start, rank, local day. No two have the same start and rank."""


def plan(
    templates: Iterable[Template],
    exceptions: Iterable[DatedException],
    clinics: Mapping[int, ClinicDays],
    *,
    first: date,
    last: date,
    taken: Iterable[tuple[datetime, datetime]] = (),
) -> Plan:
    """One doctor's slots on the local days `first` to `last`, both included, each clinic's in its own zone.

    `taken` are (start, blocked until) of the slots that she already has in the range and within a day of it: a plan
    made beside what an earlier one left behind adds nothing.
    """
    weekly: defaultdict[int, list[tuple[Template, Hours]]] = defaultdict(list)
    extra: defaultdict[date, list[Hours]] = defaultdict(list)
    away: defaultdict[date, list[DatedException]] = defaultdict(list)
    dated = sorted(exceptions, key=lambda each: each.id)
    for rank, exception in enumerate(dated):
        if exception.kind is Kind.EXTRA_HOURS:
            extra[exception.day].append(extra_hours(rank, exception))
        else:
            away[exception.day].append(exception)
    for rank, template in enumerate(sorted(templates, key=lambda each: each.id), len(dated)):
        weekly[template.weekday].append((template, weekly_hours(rank, template)))

    kept: list[_Candidate] = []
    left_out: list[tuple[_Candidate, LeftOutBecause]] = []
    for day in map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1)):
        offered = [hours for template, hours in weekly[day.isoweekday()] if template.is_valid(day)]
        for hours in (*offered, *extra.get(day, ())):
            clinic = clinics[hours.clinic_id]
            stretches = local_day(clinic.time_zone, day)
            if is_plain(stretches) and day not in away and day not in clinic.closures:
                zero, rank = stretches[0].zero, hours.rank
                kept += [(zero + clock, rank, day, hours) for clock in hours.starts]
            else:
                removed = list(_removed(stretches, day, hours.clinic_id, clinic, away.get(day, ())))
                for candidate, why in _judged(stretches, day, hours, removed):
                    if why is None:
                        kept.append(candidate)
                    else:
                        left_out.append((candidate, why))
    kept.sort(key=itemgetter(0, 1))
    slots = tuple(_slot(candidate) for candidate in _apart(kept, _merged(taken), left_out))
    left_out.sort(key=lambda each: each[0][:2])
    return Plan(slots, tuple(LeftOut(_slot(candidate), why) for candidate, why in left_out))


def _removed(
    stretches: tuple[Stretch, ...], day: date, clinic_id: int, clinic: ClinicDays, away: Iterable[DatedException]
) -> Iterator[tuple[Window, LeftOutBecause]]:
    """What closures, leave and holidays take out of a day."""
    if day in clinic.closures:
        yield from ((window, LeftOutBecause.CLOSED) for window in windows(stretches, 0, DAY))
    for exception in away:
        if exception.counts_at(clinic_id):
            begin = seconds(exception.starts_at) if exception.starts_at is not None else 0
            end = seconds(exception.ends_at) if exception.ends_at is not None else DAY
            why = LeftOutBecause.LEAVE if exception.kind is Kind.LEAVE else LeftOutBecause.HOLIDAY
            yield from ((window, why) for window in windows(stretches, begin, end))


def _judged(
    stretches: tuple[Stretch, ...], day: date, hours: Hours, removed: list[tuple[Window, LeftOutBecause]]
) -> Iterator[tuple[_Candidate, LeftOutBecause | None]]:
    """The slots of a day on which something is unusual, each with what takes it away."""
    work = windows(stretches, hours.opens, hours.closes)
    for clock in hours.starts:
        start = first_instant(stretches, clock)
        if start is None:
            continue
        end = start + hours.length
        why = next((why for window, why in removed if window.begin < end and start < window.end), None)
        if why is None and not hours.fit(start, work):
            why = LeftOutBecause.CLOCK_CHANGE
        yield (start, hours.rank, day, hours), why


def _merged(taken: Iterable[tuple[datetime, datetime]]) -> list[Window]:
    """As windows that neither overlap nor touch, widened to whole seconds."""
    merged: list[Window] = []
    for begin, end in sorted((floor(begin.timestamp()), ceil(end.timestamp())) for begin, end in taken):
        if merged and begin <= merged[-1].end:
            merged[-1] = Window(merged[-1].begin, max(end, merged[-1].end))
        else:
            merged.append(Window(begin, end))
    return merged


def _apart(
    candidates: list[_Candidate], taken: list[Window], left_out: list[tuple[_Candidate, LeftOutBecause]]
) -> Iterator[_Candidate]:
    """Those that overlap nothing that goes before them."""
    busy_until = candidates[0][0] if candidates else 0
    index = 0
    for candidate in candidates:
        start, until = candidate[0], candidate[0] + candidate[3].blocks
        while index < len(taken) and taken[index].end <= start:
            index += 1
        if index < len(taken) and taken[index].begin < until:
            left_out.append((candidate, LeftOutBecause.TAKEN))
        elif start < busy_until:
            left_out.append((candidate, LeftOutBecause.OVERLAP))
        else:
            busy_until = until
            yield candidate


def _slot(candidate: _Candidate) -> PlannedSlot:
    start, _, day, hours = candidate
    at = datetime.fromtimestamp(start, UTC)
    return PlannedSlot(
        hours.clinic_id, at, at + hours.lasts, at + hours.blocks_for, day, hours.capacity, hours.template_id
    )
