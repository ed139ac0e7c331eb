"""Only the columns that a document asks for are read."""

from graphql import parse

from loaders.entities import ClinicRow, DoctorRow, PaymentRow, SlotRow, UserRow
from resolvers import build_schema
from schema.asked import what_is_asked
from tests.client import Client


def asked(query: str) -> dict[str, set[str]]:
    found = what_is_asked(build_schema()._schema, parse(query))
    return {row_type.__name__: set(columns) for row_type, columns in found.columns.items()}


def test_plain_fields_relations_and_computed_ones() -> None:
    assert asked(
        """
        query A($no: Boolean!) { doctors { edges { cursor node { specialty fee: consultationFee { amount } user { ...N }
          nextSlots @include(if: $no) { start } } } } }
        fragment N on User { name }
        """
    ) == {
        DoctorRow.__name__: {"specialty", "consultation_fee_minor", "currency", "user_id", "id"},
        UserRow.__name__: {"name"},
        SlotRow.__name__: {"start"},
    }


def test_interfaces_and_types_within_types() -> None:
    found = asked('{ node(id: "x") { id ... on Clinic { position { latitude } } ... on Payment { status } } }')
    assert found[ClinicRow.__name__] == {"id", "latitude"}
    assert found[PaymentRow.__name__] == {"id", "status"}
    assert all("id" in columns for columns in found.values())


ARGUMENTS = {"availabilityExceptions": '(from: "2026-06-01", to: "2026-06-30")'}


async def test_every_field_reads_what_it_says_it_reads(client: Client) -> None:
    """Each alone, so that no other field's columns hide one that is missing."""
    for path, type_name in (
        ("doctors(first: 1) { edges { node { %s } } }", "Doctor"),
        ("clinics(first: 1) { edges { node { %s } } }", "Clinic"),
        ("slots(first: 1) { edges { node { %s } } }", "Slot"),
        ("patients(first: 1) { edges { node { %s } } }", "Patient"),
        ("appointments(first: 1) { edges { node { %s } } }", "Appointment"),
        ("appointments(first: 1) { edges { node { payments { %s } } } }", "Payment"),
        ("appointments(first: 1) { edges { node { timeline { %s } } } }", "AppointmentStep"),
        ("doctors(first: 1) { edges { node { user { %s } } } }", "User"),
    ):
        type_ = build_schema()._schema.type_map[type_name]
        for name, field in type_.fields.items():  # type: ignore[attr-defined]
            kind = str(field.type).strip("[]!")
            leaf = {"Money": "{ amount currency }", "Position": "{ latitude longitude }"}.get(kind, "{ __typename }")
            is_leaf = kind in ("ID", "Int", "Float", "String", "Boolean", "Date", "DateTime") or kind.endswith(
                ("Status", "Kind", "Group", "Channel", "Role")
            )
            asked = name + ARGUMENTS.get(name, "")
            answer = await client.ask("{ " + path % (asked if is_leaf else f"{asked} {leaf}") + " }")
            assert "errors" not in answer.body, (type_name, name, answer.body["errors"])
