"""What a document may ask for: limits on its form, and its cost before anything is run."""

from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse

from resolvers import build_schema
from server.complexity import Complexity
from tests.client import Client

SCHEMA = build_schema()._schema


def cost(query: str, **variables: Any) -> int:
    document = parse(query)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return Complexity(SCHEMA, document).cost(operation, variables)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{ __typename }", 0),
        ("{ doctor(id: 1) { licenceNumber } }", 1),
        ("{ doctor(id: 1) { user { name } clinics { name } } }", 1 + 1 + 10),
        ("{ doctors(first: 3) { edges { node { id } } } }", 1 + 3 * 2),
        ("{ doctors { edges { node { id } } } }", 1 + 20 * 2),
        ("{ doctors(first: 3) { pageInfo { endCursor } edges { cursor } } }", 1 + 1 + 3),
        ("{ doctors(first: 3) { edges { node { nextSlots(first: 4) { clinic { name } } } } } }", 1 + 3 * (2 + 4 * 2)),
        ("{ doctors(first: 3) { ...C } } fragment C on DoctorConnection { edges { cursor } }", 1 + 3),
        ("{ a: doctors(first: 3) { edges { cursor } } b: doctors(first: 4) { edges { cursor } } }", 2 + 3 + 4),
        (
            "{ node(id: 1) {... on Doctor { user { id } } ... on Clinic { doctors(first: 2) { edges { cursor } } }}}",
            5,
        ),
        ("mutation { holdSlot(input: {slotId: 1, idempotencyKey: 1}) { hold { id } } }", 10 + 1),
    ],
)
def test_cost(query: str, expected: int) -> None:
    assert cost(query) == expected


def test_sizes_come_from_variables_their_defaults_and_the_arguments_default() -> None:
    query = "query ($n: Int! = 7) { doctors(first: $n) { edges { cursor } } }"
    assert (cost(query), cost(query, n=50), cost(query, n=-1), cost(query, n="x")) == (8, 51, 1, 21)


def test_what_is_spread_many_times_is_looked_at_once() -> None:
    levels = 24
    fragments = "".join(
        f"fragment F{n} on Doctor {{ user {{ doctor {{ ...F{n + 1} }} }} ...F{n + 1} }} " for n in range(levels)
    )
    bomb = f"{{ doctor(id: 1) {{ ...F0 }} }} {fragments} fragment F{levels} on Doctor {{ clinics {{ id }} }}"
    complexity = Complexity(SCHEMA, parse(bomb))
    assert [error.extensions for error in complexity.errors] == [
        {"code": "QUERY_TOO_COMPLEX", "limit": 15, "found": 2 * levels + 3}
    ]
    assert cost(bomb) > 2**levels


DEEP = "{ doctor(id: 1) { " + "user { doctor { " * 8 + "id" + " } }" * 8 + " } }"
ALIASES = "{ " + " ".join(f"a{n}: __typename" for n in range(61)) + " }"
DIRECTIVES = (
    "{ "
    + " ".join(f"a{n}: __typename @skip(if: false)" for n in range(30))
    + " ...Q } "
    + ("fragment Q on Query { " + " ".join("... @include(if: true) { __typename }" for _ in range(31)) + " }")
)
MUTATIONS = (
    "mutation ($i: HoldSlotInput!) { "
    + " ".join(f"a{n}: holdSlot(input: $i) {{ __typename }}" for n in range(11))
    + " }"
)
WIDE = "{ doctors(first: 100) { edges { node { slots(first: 100) { edges { cursor } } } } } }"


@pytest.mark.parametrize(
    ("query", "limit", "found", "message"),
    [
        (DEEP, 15, 18, "the depth of an operation is limited to 15; this is 18"),
        (ALIASES, 60, 61, "the number of aliases is limited to 60; this is 61"),
        (DIRECTIVES, 60, 61, "the number of directives is limited to 60; this is 61"),
        (MUTATIONS, 10, 11, "the number of mutations in a document is limited to 10; this is 11"),
        (WIDE, 10_000, 10_301, "the cost of an operation is limited to 10,000; this is 10,301"),
    ],
    ids=["depth", "aliases", "directives", "mutations", "cost"],
)
async def test_what_is_too_much_is_refused_before_it_is_run(
    client: Client, query: str, limit: int, found: int, message: str
) -> None:
    variables = {"i": {"slotId": "U2xvdDox", "idempotencyKey": "k"}} if query == MUTATIONS else {}
    answer = await client.ask(query, variables)
    assert answer.body == {
        "errors": [{"message": message, "extensions": {"code": "QUERY_TOO_COMPLEX", "limit": limit, "found": found}}]
    }
