"""`schema.graphql` is the contract: what the code says, and how it differs from the last commit."""

import subprocess
from pathlib import Path

import pytest
from graphql import (
    GraphQLSchema,
    build_schema,
    find_breaking_changes,
    find_dangerous_changes,
    get_named_type,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_introspection_type,
    is_object_type,
    is_specified_scalar_type,
)

from resolvers import build_schema as build_ours
from schema.guards import guards_of, type_guards


def test_the_file_is_what_the_code_says(root: Path) -> None:
    assert (root / "schema.graphql").read_text() == build_ours().as_str() + "\n", "run make schema"


def test_changes_since_the_last_commit(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Classifies them for the reader; a deliberate breaking change is no failure, an unreadable contract is."""
    committed = subprocess.run(
        ["git", "show", "HEAD:schema.graphql"], cwd=root, capture_output=True, text=True, check=False
    )
    before = build_schema(committed.stdout if committed.returncode == 0 else "type Query { _: Int }")
    after = build_schema((root / "schema.graphql").read_text())
    with capsys.disabled():
        for line in classify(before, after):
            print(f"\n{line}", end="")


def classify(before: GraphQLSchema, after: GraphQLSchema) -> list[str]:
    """The changes, the worst first; what is neither breaking nor dangerous is safe."""
    breaking = [f"breaking: {change.description}" for change in find_breaking_changes(before, after)]
    dangerous = [f"dangerous: {change.description}" for change in find_dangerous_changes(before, after)]
    # What would be missing if the new schema were taken back is what it adds.
    undone = [change.description for change in find_breaking_changes(after, before)]
    added = [f"safe: {text.replace('was removed', 'was added')}" for text in undone if text.endswith("was removed.")]
    return breaking + dangerous + added


def test_classification() -> None:
    before = build_schema("type Query { a: Int, b(x: Int): Int } enum E { A }")
    after = build_schema("type Query { b(x: Int, y: Int): Int, c: Int } enum E { A B }")
    assert classify(before, after) == [
        "breaking: Field Query.a was removed.",
        "dangerous: An optional argument Query.b(y:) was added.",
        "dangerous: Enum value E.B was added.",
        "safe: Field Query.c was added.",
        "safe: Argument Query.b(y:) was added.",
        "safe: Enum value E.B was added.",
    ]


def test_everything_is_described() -> None:
    missing = []
    for type_ in build_ours()._schema.type_map.values():
        if is_introspection_type(type_) or is_specified_scalar_type(type_):
            continue
        if not type_.description:
            missing.append(type_.name)
        if is_object_type(type_) or is_interface_type(type_) or is_input_object_type(type_):
            missing += [f"{type_.name}.{name}" for name, field in type_.fields.items() if not field.description]
        if is_object_type(type_):
            missing += [
                f"{type_.name}.{name}({argument}:)"
                for name, field in type_.fields.items()
                for argument, definition in field.args.items()
                if not definition.description
            ]
        if is_enum_type(type_):
            missing += [f"{type_.name}.{name}" for name, value in type_.values.items() if not value.description]
    assert missing == []


PUBLIC = {
    "Subscription": "slotAvailabilityChanged",
    "SlotAvailabilityChange": "position event slotId slot",
    "Mutation": "registerPatient verifyEmail",
    "Query": "clinic clinics doctor doctors me node rateLimit slots",
    "Doctor": """
        id user status specialty qualifications yearsOfExperience languages consultationFee licenceNumber
        licenceExpiresOn dailyPatientLimit version clinics nextSlots slots
    """,
    "Clinic": """
        id name address city state postalCode country position timeZone currency phone email isActive version policy
        closingDays doctors slots
    """,
    "ClinicPolicy": """
        version confirmation noticeToBookMinutes noticeToCancelMinutes noticeToRescheduleMinutes maxReschedules lateFee
        noShowFee paymentWindowMinutes holdMinutes offerMinutes createdAt
    """,
    "ClosingDay": "day reason",
    "Slot": "id start end durationMinutes capacity bookedCount availableSeats isActive doctor clinic",
    "User": "id name language doctor",
    "Position": "latitude longitude",
    "Money": "amount currency",
    "RateLimit": "limit cost remaining resetAt",
    "UserError": "code message field slot alternatives",
    "PageInfo": "hasNextPage hasPreviousPage startCursor endCursor",
}
"""Every field that is answered without a token. `node` answers only what the viewer may see."""

BEHIND_A_GUARD = {
    *("AppointmentChange", "DoctorScheduleChange"),
    *("AppointmentConnection", "AppointmentEdge", "AppointmentStep", "CancellationQuote", "PatientConnection"),
    *("PatientEdge", "Window"),
}
"""Types that only guarded fields return."""


def test_every_field_states_its_guard_or_is_public() -> None:
    unguarded: dict[str, set[str]] = {}
    for name, type_ in build_ours()._schema.type_map.items():
        declared = type_.extensions.get("strawberry-definition")
        if not is_object_type(type_) or declared is None or guards_of(declared) or name in BEHIND_A_GUARD:
            continue
        for field_name, field in type_.fields.items():
            own = guards_of(field.extensions["strawberry-definition"])
            if not own and not type_guards(get_named_type(field.type)):
                unguarded.setdefault(name, set()).add(field_name)
    plumbing = {name for name in unguarded if name.endswith(("Connection", "Edge", "Payload"))}
    assert {name: fields for name, fields in unguarded.items() if name not in plumbing} == {
        name: set(fields.split()) for name, fields in PUBLIC.items()
    }


def test_what_is_behind_a_guard_is_returned_by_guarded_fields_alone() -> None:
    for type_ in build_ours()._schema.type_map.values():
        declared = type_.extensions.get("strawberry-definition")
        if not is_object_type(type_) or declared is None:
            continue
        inside = type_.name in BEHIND_A_GUARD or bool(guards_of(declared))
        for name, field in type_.fields.items():
            if get_named_type(field.type).name in BEHIND_A_GUARD:
                assert inside or guards_of(field.extensions["strawberry-definition"]), f"{type_.name}.{name}"
