"""What stands in payloads: refusals, failures, and what may not be asked."""

from typing import Any

import asyncpg
import pytest

from engine import fallbacks
from server.metrics_endpoint import exposition
from server.settings import ExecutorName
from tests.client import Client
from tests.identity.test_record_reads import recorded, spied
from tests.server.incremental.asking import OLDER, ask_in_payloads

INVALID = {
    'mutation { ... @defer { updateMe(input: {name: "N"}) { userErrors { code } } } }': "root mutation type",
    'mutation { ...F @defer } fragment F on Mutation { updateMe(input: {name: "N"}) { userErrors { code } } }': (
        "root mutation type"
    ),
    'subscription { slotAvailabilityChanged(doctorId: "RG9jdG9yOjE") { ... @defer { event } } }': (
        "not supported on subscription"
    ),
    "{ clinics { edges { node { name @stream } } } }": "cannot be used on non-list field",
    "{ clinics { edges { node { name @defer } } } }": "may not be used on field",
    '{ ... @defer(label: "a") { clinics { edges { cursor } } } ... @defer(label: "a") { rateLimit { cost } } }': (
        "label argument must be unique"
    ),
    "query ($l: String) { ... @defer(label: $l) { rateLimit { cost } } }": "must be a static string",
    "{ ... @defer(if: 1) { rateLimit { cost } } }": "Boolean cannot represent",
    "{ ... @defer @defer { rateLimit { cost } } }": "can only be used once",
    "{ ... @defer { nothing } }": "Cannot query field",
    "{ clinics { edges @stream(initialCount: -1) { cursor } } }": "at least 0",
    "{ clinics { edges @stream(initialCount: null) { cursor } } }": "at least 0",
    "{ clinics { edges @stream(initialCount: 3000000000) { cursor } } }": "Int cannot represent",
    "{ clinics { edges @stream { cursor } edges { cursor } } }": "overlapping stream directives",
}


@pytest.mark.parametrize("query", INVALID)
async def test_what_is_no_valid_document(query: str, client: Client) -> None:
    for answer in (await ask_in_payloads(client, query), await ask_in_payloads(client, query, accept="*/*")):
        (error, *_) = answer.response.json()["errors"]
        assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        assert INVALID[query] in error["message"]


@pytest.mark.parametrize(
    ("variables", "given", "fails"),
    [
        ("$n: Int", {"n": -1}, True),
        ("$n: Int", {"n": None}, True),
        ("$n: Int = -1", {}, True),
        ("$n: Int = null", {}, True),
        ("$n: Int! = 3", {"n": 3_000_000_000}, True),
        ("$n: Int", {"n": "1"}, True),
        ("$n: Int", {}, False),
        ("$n: Int = -1", {"n": 1}, False),
        ("$n: Int = 2_147_483_647".replace("_", ""), {}, False),
    ],
)
async def test_counts_that_are_variables(variables: str, given: Any, fails: bool, client: Client) -> None:
    query = f"query ({variables}) {{ clinics {{ edges @stream(initialCount: $n) {{ node {{ name }} }} }} }}"
    answer = await ask_in_payloads(client, query, given)
    if fails:
        assert answer.codes == ["BAD_USER_INPUT"]
    elif "2147483647" in variables:
        assert len(answer.response.json()["data"]["clinics"]["edges"]) == 3, "nothing was left"
    else:
        assert len(answer.all[0]["data"]["clinics"]["edges"]) == given.get("n", 0)
        assert len(answer.whole["data"]["clinics"]["edges"]) == 3


@pytest.mark.parametrize("executor", ExecutorName)
async def test_each_executor_answers_in_payloads(executor: ExecutorName, three: str) -> None:
    """Nested fragments: what is inside begins when what is around it has come."""
    query = """{ clinics { edges { node { name ...Where @defer(label: "outer") } } } }
      fragment Where on Clinic { city ... @defer(label: "inner") { doctors { edges { node { specialty } } } } }"""
    async with Client.of(three, executor) as client:
        answer = await ask_in_payloads(client, query)
        labels = [each["label"] for payload in answer.all for each in payload.get("pending", ())]
        assert labels == ["outer"] * 3 + ["inner"] * 3
        plain = query.replace('@defer(label: "outer")', "").replace('@defer(label: "inner")', "")
        assert answer.whole == (await client.ask(plain)).body


async def test_the_same_twice_comes_once(client: Client) -> None:
    query = """{ clinics(first: 1) { edges { node {
      name ... @defer(label: "a") { name city timeZone } ... @defer(label: "b") { city email } } } } }"""
    answer = await ask_in_payloads(client, query)
    later = [each["data"] for payload in answer.all for each in payload.get("incremental", ())]
    assert sorted(key for each in later for key in each) == ["city", "email", "timeZone"]
    assert len([each for payload in answer.all for each in payload.get("completed", ())]) == 2


@pytest.mark.parametrize("viewer", ["anonymous", "patient without scopes"])
async def test_guards_hold_later_too(viewer: str, client: Client) -> None:
    query = (
        """{ doctors { edges { node { specialty ... @defer { appointments { edges { cursor } } reviewReason } } } } }"""
    )
    answer = await ask_in_payloads(client, query, viewer=viewer)
    plain = await client.ask(query, viewer=viewer)
    together = answer.whole
    assert together["data"] == plain.body["data"]
    code = "UNAUTHENTICATED" if viewer == "anonymous" else "FORBIDDEN"
    assert [error["extensions"]["code"] for error in together["errors"]] == [code] * 2 == plain.codes
    assert {error["path"][-1] for error in together["errors"]} == {"appointments", "reviewReason"}
    assert all("requiredScopes" in error["extensions"] for error in together["errors"])


async def test_failures_are_masked_and_counted(writer: Client, clinic: str) -> None:
    """A null that rises to its fragment ends the fragment; of the others nothing is missing."""
    sql = await asyncpg.connect(clinic)
    await sql.execute("ALTER TABLE clinics DROP COLUMN city CASCADE")
    await sql.close()
    query = """{ doctors { edges { node {
      specialty ... @defer(label: "bad") { clinics { city } } ... @defer(label: "good") { licenceNumber } } } } }"""
    answer = await ask_in_payloads(writer, query)
    together = answer.whole
    assert all(edge["node"].keys() == {"specialty", "licenceNumber"} for edge in together["data"]["doctors"]["edges"])
    assert together["failed"] == [["doctors", "edges", index, "node"] for index in range(3)]
    assert {error["extensions"]["code"] for error in together["errors"]} == {"INTERNAL_SERVER_ERROR"}
    assert "city" not in "".join(error["message"] for error in together["errors"])
    assert writer._scope["errors"] == together["errors"]
    older = (await ask_in_payloads(writer, query, accept=OLDER)).all
    bad = [each for payload in older for each in payload.get("incremental", ()) if each["label"] == "bad"]
    assert [(each["data"], len(each["errors"]), each["path"]) for each in bad] == [
        (None, 1, ["doctors", "edges", index, "node"]) for index in range(3)
    ]
    streamed = "{ doctors { edges @stream(initialCount: 0) { node { clinics { city } } } } }"
    together = (await ask_in_payloads(writer, streamed)).whole
    assert (together["data"], together["failed"]) == ({"doctors": {"edges": []}}, [["doctors", "edges"]])
    older = (await ask_in_payloads(writer, streamed, accept=OLDER)).all
    ((failed,),) = [payload["incremental"] for payload in older[1:]]
    assert (failed["items"], failed["path"]) == (None, ["doctors", "edges", 0])


async def test_a_mutation_defers_what_it_answers(writer: Client) -> None:
    query = """mutation { updateMe(input: {name: "Later"}) { userErrors { code } user { ... @defer { name } } } }"""
    answer = await ask_in_payloads(writer, query, viewer="patient")
    assert answer.all[0]["data"] == {"updateMe": {"userErrors": [], "user": {}}}
    assert answer.whole["data"]["updateMe"]["user"] == {"name": "Later"}


async def test_reads_are_recorded_payload_by_payload(writer: Client, clinic: str) -> None:
    query = """{ appointments { edges { node { status
      ... @defer { patient { allergies } } ... @defer { payment { status } } } } } }"""
    async with spied(writer) as statements:
        assert len((await ask_in_payloads(writer, query, viewer="doctor")).all) > 1
    assert len(statements) > 1
    seen = of_each(await recorded(clinic))
    assert {kind for kinds in seen.values() for kind in kinds} >= {"Appointment", "Patient"}
    await writer.ask(query, viewer="doctor")
    assert of_each(await recorded(clinic)) == seen, "no more was read of anybody"


def of_each(records: list[tuple[Any, ...]]) -> dict[int, set[str]]:
    """Which kinds of a patient's data were read."""
    kinds: dict[int, set[str]] = {}
    for *_, entity, patient in records:
        kinds.setdefault(patient, set()).update(entity.split(","))
    return kinds


async def test_it_is_counted_once(client: Client) -> None:
    query = "{ clinics { edges { node { name ... @defer { city } } } } }"

    def operations() -> float:
        for line in exposition().decode().splitlines():
            if line.startswith('clinicgraph_operation_duration_seconds_count{operation="clinics",type="query"}'):
                return float(line.split()[-1])
        return 0.0

    before, left = operations(), fallbacks["defer"]
    await ask_in_payloads(client, query)
    assert (operations(), fallbacks["defer"]) == (before + 1, left + 1)
    await client.ask(query)
    assert (operations(), fallbacks["defer"]) == (before + 2, left + 1), "whole answers stay in the engine"
