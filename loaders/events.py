"""Events for those who watch: replayed from the outbox after a position, then as they happen, none lost, none twice.

One connection of the process reads the outbox on (`server.events`) and hands what it reads to `Events.deliver`, which
gives each event to the lines of those it concerns.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
from asyncpg import Record

KINDS = ("appointment", "slot", "doctor", "clinic", "patient")
LONGEST_LINE = 1_000
PAGE = 2_000
FARTHEST = 100_000
"""How many events back one may resume: reading more takes longer than asking afresh."""

COLUMNS = "position, name, aggregate, aggregate_id, payload::text AS payload"
SINCE = f"SELECT {COLUMNS} FROM outbox_events WHERE position > $1 ORDER BY position LIMIT $2"  # noqa: S608 - constants
ENDS = "SELECT coalesce(min(position), 1) AS first, coalesce(max(position), 0) AS last FROM outbox_events"
# $3 is a kind, $4 an id of it.
REPLAY = f"""
SELECT {COLUMNS} FROM outbox_events
WHERE position > $1 AND position <= $2 AND (
  (payload ->> ($3 || '_id'))::bigint = $4 OR (payload ->> ('from_' || $3 || '_id'))::bigint = $4
  OR payload -> ($3 || '_ids') @> to_jsonb($4::bigint) OR (lower(aggregate) = $3 AND aggregate_id = $4)
) ORDER BY position
"""  # noqa: S608 - constants of this module
TOO_LONG_AGO = "what came after this position is no longer kept; ask afresh, then watch from now on"


class PositionUnknown(Exception):
    """A position that no event can have."""


class PositionExpired(Exception):
    """What came after this position is no longer kept, or too much to be told again."""


class TooSlow(Exception):
    """Events came faster than they were taken."""


class Fetch(Protocol):
    """Runs one statement that only reads."""

    async def __call__(self, text: str, arguments: Sequence[object], row_type: type[Record]) -> list[Record]: ...


@dataclass(frozen=True, slots=True)
class Event:
    """An event with its position. `about` is what it concerns, by kind and id; after a move, on both sides."""

    position: int
    name: str
    payload: Mapping[str, Any]
    about: frozenset[tuple[str, int]]

    @classmethod
    def of(cls, row: Record) -> "Event":
        payload = orjson.loads(row["payload"])
        about = {(row["aggregate"].lower(), row["aggregate_id"])}
        for kind in KINDS:
            about.update((kind, number) for number in payload.get(f"{kind}_ids", ()))
            for name in (f"{kind}_id", f"from_{kind}_id"):
                if isinstance(number := payload.get(name), int):
                    about.add((kind, number))
        return cls(row["position"], row["name"], payload, frozenset(about))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Events about all of these things (at least one; by kind and id) of which `which` says yes."""

    about: tuple[tuple[str, int], ...]
    which: Callable[[Event], bool]

    def takes(self, event: Event) -> bool:
        return event.about.issuperset(self.about) and self.which(event)


class Events:
    """The events of a process: those who watch, and how far they have been told.

    Who takes too slowly is dropped when `longest_line` events wait, so that memory stays bounded.
    """

    def __init__(self, fetch: Fetch, longest_line: int = LONGEST_LINE) -> None:
        self.position: int | None = None
        self.hears = False
        self._fetch = fetch
        self._longest_line = longest_line
        self._begun = asyncio.Event()
        self._lines: dict[tuple[str, int], set[_Line]] = {}

    @property
    def watching(self) -> int:
        """How many lines there are."""
        return sum(len(lines) for lines in self._lines.values())

    def begin(self, position: int) -> None:
        """Everything up to this position is past."""
        self.position = position
        self._begun.set()

    def deliver(self, events: Sequence[Event]) -> None:
        """Gives the next events, in order, to those who wait for them."""
        for event in events:
            self.position = event.position
            for subject in event.about:
                for line in tuple(self._lines.get(subject, ())):
                    if line.wanted.takes(event) and not line.put(event, self._longest_line):
                        self._leave(line)

    async def watch(self, wanted: Wanted, after: int | None = None) -> "Watch":
        """Events after a position (None: from now on). Who has awaited this misses none that is committed later.

        Raises PositionUnknown, PositionExpired.
        """
        await self._begun.wait()
        if after is None:
            return Watch(self, wanted, self._join(wanted, self.position or 0))
        (ends,) = await self._fetch(ENDS, (), Record)
        if not 0 <= after <= ends["last"]:
            raise PositionUnknown("there is no event at this position")
        if after < ends["first"] - 1 or after < ends["last"] - FARTHEST:
            raise PositionExpired(TOO_LONG_AGO)
        return Watch(self, wanted, after)

    async def _replay(self, wanted: Wanted, after: int) -> "tuple[list[Event], int | _Line]":
        """The next events of the past, and from where to go on; or the line, when there is no past left."""
        if self.position is None or after >= self.position:
            return [], self._join(wanted, after)  # nothing was awaited since the comparison: none slips through
        until = min(after + PAGE, self.position)
        kind, number = wanted.about[0]
        rows = await self._fetch(REPLAY, (after, until, kind, number), Record)
        (ends,) = await self._fetch(ENDS, (), Record)
        if ends["first"] > after + 1:
            raise PositionExpired(TOO_LONG_AGO)
        return [event for event in map(Event.of, rows) if wanted.takes(event)], until

    def _join(self, wanted: Wanted, after: int) -> "_Line":
        line = _Line(wanted, after)
        self._lines.setdefault(wanted.about[0], set()).add(line)
        return line

    def _leave(self, line: "_Line") -> None:
        subject = line.wanted.about[0]
        lines = self._lines.get(subject, set())
        lines.discard(line)
        if not lines:
            self._lines.pop(subject, None)


class Watch:
    """Events, one after the other. Close it: until then its line stands. Raises TooSlow, PositionExpired."""

    def __init__(self, events: Events, wanted: Wanted, at: "int | _Line") -> None:
        self._events = events
        self._wanted = wanted
        self._at = at
        self._past: deque[Event] = deque()

    def __aiter__(self) -> "Watch":
        return self

    async def __anext__(self) -> Event:
        while not self._past:
            if isinstance(self._at, _Line):
                return await self._at.take()
            events, self._at = await self._events._replay(self._wanted, self._at)
            self._past.extend(events)
        return self._past.popleft()

    async def aclose(self) -> None:
        if isinstance(self._at, _Line):
            self._events._leave(self._at)


class _Line:
    """Events that wait to be taken by one who watches."""

    __slots__ = ("_after", "_ready", "_slow", "_waiting", "wanted")

    def __init__(self, wanted: Wanted, after: int) -> None:
        self.wanted = wanted
        self._after = after
        self._waiting: deque[Event] = deque()
        self._ready = asyncio.Event()
        self._slow = False

    def put(self, event: Event, longest: int) -> bool:
        """Adds an event; false if there were too many, which are let go of."""
        if event.position > self._after:
            if len(self._waiting) >= longest:
                self._slow = True
                self._waiting.clear()
            else:
                self._waiting.append(event)
            self._ready.set()
        return not self._slow

    async def take(self) -> Event:
        """The next event. Raises TooSlow."""
        while not self._waiting:
            if self._slow:
                raise TooSlow("events came faster than they were taken; resume after the last position")
            self._ready.clear()
            await self._ready.wait()
        return self._waiting.popleft()
