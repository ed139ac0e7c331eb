"""Who may do what: every mutation, as everybody, with what somebody may ask of it; one table to review.

`tests/mutation_matrix.txt` has a block for each situation of `tests.mutation_cases`. A line says what came of it, and
for whom: `done`, or the code that refused it. Nothing of an attempt is left for the next. `UPDATE_GOLDEN=1` writes the
table: read the difference.
"""

import os
from pathlib import Path

from resolvers import build_schema
from tests.mutation_cases import ALL, Case, settle
from tests.providers.asks import EVERYBODY, server_over
from tests.providers.asks import settle as add_manager
from tests.rehearsal import Rehearsal, rehearsing
from tests.scheduling.asks import outcome

TABLE = Path(__file__).parent / "mutation_matrix.txt"
NOT_OURS = {"INTERNAL_SERVER_ERROR", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT", "RATE_LIMITED"}


async def attempt(rehearsal: Rehearsal, mutation: str, case: Case, viewer: str) -> str:
    async with rehearsal.attempt():
        given = {**await case(rehearsal.sql), "idempotencyKey": "a key"}
        document = (
            f"mutation ($input: {mutation[0].upper()}{mutation[1:]}Input!) "
            f"{{ {mutation}(input: $input) {{ userErrors {{ code message field }} }} }}"
        )
        answer = await rehearsal.client.ask(document, {"input": given}, viewer=viewer)
        assert not NOT_OURS.intersection(answer.codes), (mutation, viewer, answer.body)
        return outcome(answer, mutation)


async def try_everybody(rehearsal: Rehearsal, name: str, case: Case) -> str:
    outcomes: dict[str, list[str]] = {}
    for viewer in EVERYBODY:
        came = await attempt(rehearsal, name.split(":", maxsplit=1)[0], case, viewer)
        outcomes.setdefault(came, []).append(viewer)
    lines = (f"  {came}: {', '.join(viewers)}\n" for came, viewers in sorted(outcomes.items(), key=_done_first))
    return f"{name}\n{''.join(lines)}"


def _done_first(outcome: tuple[str, list[str]]) -> tuple[bool, str]:
    return outcome[0] != "done", outcome[0]


async def test_matrix(clinic: str) -> None:
    await add_manager(clinic)
    async with server_over(clinic) as client, rehearsing(client, clinic) as rehearsal:
        await settle(rehearsal.sql)
        table = "\n".join([await try_everybody(rehearsal, name, ALL[name]) for name in sorted(ALL)])
    if os.environ.get("UPDATE_GOLDEN"):
        TABLE.write_text(table)
    assert table == TABLE.read_text()


async def test_an_attempt_leaves_nothing(clinic: str) -> None:
    async with server_over(clinic) as client, rehearsing(client, clinic) as rehearsal:
        for _ in range(2):
            assert await attempt(rehearsal, "bookAppointment", ALL["bookAppointment"], "patient") == "done"
        for table in ("audit_records", "outbox_events", "idempotency_keys"):
            assert await rehearsal.sql.fetchval(f"SELECT count(*) FROM {table}") == 0


def test_every_mutation_is_tried() -> None:
    mutations = build_schema()._schema.mutation_type
    assert mutations is not None
    assert {name.split(":")[0] for name in ALL} == set(mutations.fields)
