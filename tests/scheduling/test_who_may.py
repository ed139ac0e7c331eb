"""Who may do what: every mutation of scheduling, as everybody, for patient 1 with doctor 1 at clinic 1."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from tests.client import Client
from tests.scheduling.asks import answer_of, outcome, server_over
from tests.scheduling.cases import CASES, tidy

MARKS = {"done": "+", "NOT_FOUND": "-", "FORBIDDEN": "x", "UNAUTHENTICATED": "?"}
"""`-`: what she names is not there for her. `x`: it is, and she may not."""

TABLE = """
                        anonymous patient stranger doctor other_doctor staff other_staff manager admin service no_scopes
holdSlot                ?         +       -        +      -            +     -           +       +     +       x
renewHold               ?         +       -        -      -            -     -           -       +     +       x
releaseHold             ?         +       -        -      -            -     -           -       +     +       x
bookAppointment         ?         +       -        +      -            +     -           +       +     +       x
confirmAppointment      ?         x       -        +      -            +     -           +       +     +       x
declineAppointment      ?         x       -        +      -            +     -           +       +     +       x
checkIn                 ?         x       -        +      -            +     -           +       +     +       x
startVisit              ?         x       -        +      -            +     -           +       +     +       x
completeVisit           ?         x       -        +      -            +     -           +       +     +       x
markNoShow              ?         x       -        +      -            +     -           +       +     +       x
cancelAppointment       ?         +       -        +      -            +     -           +       +     +       x
rescheduleAppointment   ?         +       -        +      -            +     -           +       +     +       x
overrideBooking         ?         x       x        x      x            x     x           x       +     +       x
joinWaitlist            ?         +       -        +      -            +     -           +       +     +       x
leaveWaitlist           ?         +       -        +      -            +     -           +       +     +       x
acceptOffer             ?         +       -        +      -            +     -           +       +     +       x
declineOffer            ?         +       -        +      -            +     -           +       +     +       x
"""
COLUMNS, *ROWS = [line.split() for line in TABLE.strip().splitlines()]
VIEWERS = {
    "other_doctor": "doctor of another",
    "other_staff": "staff of another",
    "no_scopes": "patient without scopes",
}


@pytest.fixture
async def server(crowded: str) -> AsyncIterator[Client]:
    async with server_over(crowded) as client:
        yield client


async def test_who_may(server: Client, sql: "asyncpg.Connection[Any]") -> None:
    found = []
    for mutation, *_ in ROWS:
        outcomes = []
        for column in COLUMNS:
            await tidy(sql)
            given = await CASES[mutation](sql)
            outcomes.append(outcome(await answer_of(server, mutation, VIEWERS.get(column, column), **given), mutation))
        found.append((mutation, *(MARKS.get(each, each) for each in outcomes)))
    assert found == [tuple(row) for row in ROWS]


def test_all_are_in_the_table() -> None:
    assert [row[0] for row in ROWS] == list(CASES)
