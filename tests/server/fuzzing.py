"""Operations that a machine has thought up, valid for the schema, asked as several viewers."""

from collections import Counter
from contextlib import suppress
from itertools import cycle

from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode, print_ast, validate
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import from_schema, nodes

from schema.node import encode_id
from tests.client import Client

VIEWERS = ("service", "admin", "manager", "staff", "doctor", "patient", "stranger", "anonymous")
KINDS = ("Appointment", "Clinic", "Doctor", "Hold", "Patient", "Payment", "Slot", "User", "WaitlistEntry", "Nothing")
IDS = st.builds(encode_id, st.sampled_from(KINDS), st.integers(0, 4)) | st.text(max_size=20)
DATES = st.dates().map(str) | st.sampled_from(["2026-06-15", "2026-06-31", "0000-00-00", ""])
MOMENTS = st.datetimes().map(lambda each: f"{each.isoformat()}Z") | st.sampled_from(
    ["2026-06-15T12:00:00Z", "2026-06-15T12:00:00+25:00", "9999-12-31T23:59:59.999999Z", "", "now"]
)
MONEY = st.integers(-(2**70), 2**70)
TRIES = 4  # of what is generated much is not valid, or asks for too much


class Enough(Exception):
    """As many as were asked for."""


def documents(schema: GraphQLSchema, number: int) -> list[str]:
    """That many documents, valid for the schema; mutations among them."""
    found: dict[str, None] = {}
    scalars = {
        "ID": IDS.map(nodes.String),
        "Date": DATES.map(nodes.String),
        "DateTime": MOMENTS.map(nodes.String),
        "MinorUnits": MONEY.map(nodes.Int),
    }

    def keep(document: DocumentNode) -> str:
        # It gives @oneOf inputs several members, and subscriptions have no single answer.
        text = print_ast(document)
        kinds = {each.operation.value for each in document.definitions if isinstance(each, OperationDefinitionNode)}
        if len(found) < number and "subscription" not in kinds and not validate(schema, document):
            found[text] = None
        return text

    @settings(
        max_examples=number * TRIES,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(from_schema(schema, custom_scalars=scalars, print_ast=keep))
    def collect(_text: str) -> None:
        if len(found) == number:
            raise Enough

    with suppress(Enough):
        collect()
    return list(found)


async def ask_all(client: Client, texts: list[str]) -> tuple[Counter[str], list[str]]:
    """Asks them as one viewer after the other; how often each code came, and what should not have happened."""
    codes: Counter[str] = Counter()
    wrong: list[str] = []
    for text, viewer in zip(texts, cycle(VIEWERS), strict=False):
        answer = await client.ask(text, viewer=viewer)
        codes.update(answer.codes or ["none"])
        if answer.response.status_code >= 500 or "INTERNAL_SERVER_ERROR" in answer.codes:
            wrong.append(f"as {viewer}: {text}\n{answer.response.text[:500]}")
    return codes, wrong
