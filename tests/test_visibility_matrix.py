"""Who gets what: every root field, and every operation of the corpus, as everybody; one table to review.

`tests/visibility_matrix.txt` has a block for each question. A line says who gets the same: ids by type, in the order of
their numbers; root fields that are null without an error; and refusals (`!`) with the code and where. Of the audit only
`…` is said, because its ids depend on who asked before. `UPDATE_GOLDEN=1` writes the table: read the difference.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLSchema,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    is_interface_type,
    is_object_type,
    parse,
    print_ast,
    visit,
)

from resolvers import build_schema
from resolvers.nodes import LOADERS
from schema.node import encode_id, split_id
from tests.client import VIEWERS, Answer, Client
from tests.test_operations import FILES, OPERATIONS, headers

TABLE = Path(__file__).parent / "visibility_matrix.txt"
RANGE = '{ from: "2026-06-01", to: "2026-06-30" }'
APPOINTMENTS = (5, 11, 12, 13, 21, 22, 23, 31, 32, 33)


def each(field: str, type_name: str, numbers: Iterable[int]) -> str:
    """Looks each of these up."""
    asked = (f'_{number}: {field}(id: "{encode_id(type_name, number)}") {{ id }}' for number in numbers)
    return "{ " + " ".join(asked) + " }"


def of_each(field: str, argument: str, type_name: str, more: str = "", numbers: Iterable[int] = (1, 2, 3)) -> str:
    """Asks a field about each of these."""
    asked = (
        f'_{number}: {field}({argument}: "{encode_id(type_name, number)}"{more}) {{ __typename }}' for number in numbers
    )
    return "{ " + " ".join(asked) + " }"


def listed(field: str, arguments: str = "first: 100") -> str:
    return f"{{ {field}({arguments}) {{ edges {{ node {{ id }} }} }} }}"


CLINICS = ", ".join(f'"{encode_id("Clinic", number)}"' for number in (1, 2, 3))
ROOTS = {
    "adminDashboard": f"{{ adminDashboard(range: {RANGE}) {{ __typename }} }}",
    "appointment(id)": each("appointment", "Appointment", APPOINTMENTS),
    "appointments": listed("appointments"),
    "auditLog": listed("auditLog"),
    "cancellationQuote(appointmentId)": of_each(
        "cancellationQuote", "appointmentId", "Appointment", numbers=(5, 12, 22, 32)
    ),
    "clinic(id)": each("clinic", "Clinic", (1, 2, 3, 4)),
    "clinicDashboard(clinicId)": of_each("clinicDashboard", "clinicId", "Clinic", f", range: {RANGE}"),
    "clinics": listed("clinics"),
    "credentialsExpiring": listed("credentialsExpiring", "within: 365, first: 100"),
    "doctor(id)": each("doctor", "Doctor", (1, 2, 3, 4)),
    "doctorDashboard(doctorId)": of_each("doctorDashboard", "doctorId", "Doctor", f", range: {RANGE}"),
    "doctors": listed("doctors"),
    "me": "{ me { id } }",
    "node(id) of a hold": each("node", "Hold", (1, 2)),
    "node(id) of a session": each("node", "BrowserSession", (1,)),
    "node(id) of a slot": each("node", "Slot", (110, 140, 141, 241, 340)),
    "node(id) of a staff member": each("node", "StaffMember", (1, 2, 3)),
    "node(id) of a user": each("node", "User", (1, 2, 3, 4, 1001, 1003, 2001, 2002, 2003)),
    "patient(id)": each("patient", "Patient", (1, 2, 3, 4)),
    "patients": listed("patients"),
    "payment(id)": each("payment", "Payment", (11, 13, 21, 23, 31, 33)),
    "payouts": listed("payouts"),
    "rateLimit": "{ rateLimit { __typename } }",
    "sessions": "{ sessions { id } }",
    "slots": listed("slots"),
    "slots, also full and past": listed("slots", f"first: 100, filter: {{ onlyFree: false, clinicIds: [{CLINICS}] }}"),
    "users": listed("users"),
    "waitlist": listed("waitlist"),
    "whyNot": of_each(
        "whyNot", "doctorId", "Doctor", f', clinicId: "{encode_id("Clinic", 1)}", start: "2026-06-16T09:00:00Z"'
    ),
}
NONE_THERE = {
    "AuditRecord",
    "AvailabilityException",
    "AvailabilityTemplate",
    "Credential",
    "Payout",
    "WaitlistEntry",
    "WaitlistOffer",
}
"""What the small world has none of; the random questions of `test_visibility_property` look at some."""

SESSION = """
INSERT INTO browser_sessions (token_hash, user_id, awaits_second_step, auth_time, created_at, last_seen_at, expires_at,
                              user_agent, address)
SELECT '\\x01', 2001, false, at, at, at, at + interval '1 hour', 'Firefox', '192.0.2.1'
FROM (SELECT timestamptz '2026-06-15 12:00Z' AS at) t
"""


def questions(schema: GraphQLSchema) -> Iterable[tuple[str, str, dict[str, Any]]]:
    """Name, document and variables of everything that is asked."""
    for name, document in ROOTS.items():
        yield name, document, {}
    for file in FILES:
        text = file.read_text()
        document = with_ids(schema, text)
        if "mutation" not in document.split("{")[0]:
            yield str(file.relative_to(OPERATIONS)), document, json.loads(headers(text).get("variables", "{}"))


def with_ids(schema: GraphQLSchema, text: str) -> str:
    """The document, which also asks for the id of everything that has one."""
    types = TypeInfo(schema)

    class Ids(Visitor):
        def enter_selection_set(self, node: Any, *_: Any) -> Any:
            parent = types.get_parent_type()
            if (is_object_type(parent) or is_interface_type(parent)) and "id" in parent.fields:
                asked = parse("{ _id: id }").definitions[0].selection_set.selections  # type: ignore[attr-defined]
                return SelectionSetNode(selections=(*node.selections, *asked))
            return None

    document = parse(text)
    return print_ast(visit(document, TypeInfoVisitor(types, Ids())))


def ids_in(data: Any) -> Iterable[tuple[str, int]]:
    """Every id that an answer shows."""
    if isinstance(data, list):
        for item in data:
            yield from ids_in(item)
    elif isinstance(data, dict):
        for name, value in data.items():
            if name in ("id", "_id") and isinstance(value, str):
                yield split_id(value)
            else:
                yield from ids_in(value)


def gist(answer: Answer) -> str:
    """What an answer shows and refuses, on one line."""
    errors = answer.body.get("errors", [])
    assert not {"GRAPHQL_VALIDATION_FAILED", "INTERNAL_SERVER_ERROR", "RATE_LIMITED"}.intersection(answer.codes), errors
    data = answer.body.get("data") or {}
    found: dict[str, set[int]] = {}
    for type_name, number in ids_in(data):
        found.setdefault(type_name, set()).add(number)
    parts = [
        f"{type_name} …" if type_name == "AuditRecord" else f"{type_name} {' '.join(map(str, sorted(numbers)))}"
        for type_name, numbers in sorted(found.items())
    ]
    refused: dict[str, set[str]] = {}
    for error in errors:
        path = ".".join(part for part in error.get("path", ()) if isinstance(part, str))
        refused.setdefault(error["extensions"]["code"], set()).add(path)
    paths = {path for of_code in refused.values() for path in of_code}
    shown = [name for name, value in data.items() if value is not None]
    nothing = [name for name, value in data.items() if value is None and name not in paths]
    if not found and shown:
        parts.append("answered: " + " ".join(shown))
    if nothing:
        parts.append("null: " + " ".join(nothing))
    parts += [f"! {code} {' '.join(sorted(paths))}" for code, paths in sorted(refused.items())]
    return "; ".join(parts) or "nothing"


async def ask_everybody(client: Client, name: str, document: str, variables: dict[str, Any]) -> str:
    gists: dict[str, list[str]] = {}
    for viewer in VIEWERS:
        gists.setdefault(gist(await client.ask(document, variables, viewer=viewer)), []).append(viewer)
    lines = (f"  {', '.join(viewers)}\n      {said}\n" for said, viewers in gists.items())
    return f"{name}\n{''.join(lines)}"


async def test_matrix(writer: Client, clinic: str) -> None:
    import asyncpg

    sql = await asyncpg.connect(clinic)
    await sql.execute(SESSION)
    await sql.close()
    asked = questions(build_schema()._schema)
    table = "\n".join([await ask_everybody(writer, *question) for question in asked])
    if os.environ.get("UPDATE_GOLDEN"):
        TABLE.write_text(table)
    assert table == TABLE.read_text()


def test_every_root_field_is_asked() -> None:
    schema = build_schema()._schema
    assert schema.query_type is not None
    asked = {
        selection.name.value
        for document in ROOTS.values()
        for selection in parse(document).definitions[0].selection_set.selections  # type: ignore[attr-defined]
    }
    assert asked == set(schema.query_type.fields)


def test_what_has_an_id_is_looked_up() -> None:
    """Everything with an id that a viewer could guess stands in the table, under `node` or a field of its own."""
    nodes = set(LOADERS)
    looked_up = {
        split_id(argument.value.value)[0]
        for document in ROOTS.values()
        for selection in parse(document).definitions[0].selection_set.selections  # type: ignore[attr-defined]
        for argument in selection.arguments or ()
        if argument.name.value == "id"
    }
    assert nodes - looked_up == NONE_THERE
