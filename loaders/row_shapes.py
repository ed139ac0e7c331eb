"""What is read of an entity in one statement: its columns, and the rows of others that each of its rows points at.

A row of `Appointment` then has its patient within it, and in her the user: `row["1.name"]` is the patient's name. The
engine finds them by the class of the rows (engine/within.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple

from asyncpg import Record
from sqlalchemy import ColumnElement, FromClause

from auth.viewer import Sight, Viewer
from loaders.entities import Entity
from loaders.patient_keys import PAID_APPOINTMENT, PATIENT_KEYS, PatientKey


@dataclass(frozen=True, eq=False)
class Join:
    """A field that is answered by at most one row of another table: the one whose `column` is `by` of its own row.

    `field` is its coordinates in the schema. `is_permitted` says whether its guards let a viewer through.
    """

    field: str
    by: str
    entity: Entity
    column: str
    is_permitted: Callable[[Viewer], bool]


class Joined(NamedTuple):
    """A join, what is read of its row, and what that one is joined to in turn."""

    join: Join
    wanted: frozenset[str]
    joins: "Joins"


Joins = tuple[Joined, ...]

Patients = tuple[PatientKey, ...]


class Place(NamedTuple):
    """Where a joined row lies in a row: its columns' names there, the one that is not null, and what lies within it."""

    present: str
    names: Mapping[str, str]
    within: "Mapping[str, Place]"


@dataclass(frozen=True, eq=False)
class RowShape:
    """Equal ones are the same. `row` is the class of the rows, `patients` which of their keys say whose data it is."""

    entity: Entity
    wanted: frozenset[str]
    joins: Joins
    row: type[Record]
    patients: Patients


def row_patients(row: type[Record]) -> Patients:
    """Which key of plain rows of a class says whose data it is."""
    key = PATIENT_KEYS.get(row)
    return () if key is None else (key,)


@lru_cache(maxsize=4096)
def row_shape(entity: Entity, wanted: frozenset[str], joins: Joins = ()) -> RowShape:
    """The shape of these columns and joins."""
    row, patients = entity.row, [*row_patients(entity.row)]
    numbers = count(1)

    def within(joins: Joins, owner: PatientKey | None) -> dict[str, Place]:
        places = {}
        for join, columns, inner in joins:
            number = next(numbers)
            names = {name: f"{number}.{name}" for name in columns}
            key = PATIENT_KEYS.get(join.entity.row)
            if key is not None and key.kind == PAID_APPOINTMENT and owner is not None:
                patients.append(PatientKey("Payment", owner.column, names[join.column]))
            elif key is not None:
                key = PatientKey(key.kind, names[key.column])
                patients.append(key)
            places[join.field] = Place(names[join.column], names, within(inner, key))
        return places

    if joins:
        row = type(row.__name__, (row,), {"__slots__": (), "__within__": within(joins, PATIENT_KEYS.get(entity.row))})
    return RowShape(entity, wanted, joins, row, tuple(patients))


def joined(source: FromClause, shape: RowShape, sight: Sight) -> tuple[FromClause, list[ColumnElement[Any]]]:
    """A source of the entity's rows with its joins, and the columns that these add to what is read."""
    columns: list[ColumnElement[Any]] = []
    numbers = count(1)

    def add(whole: FromClause, owner: FromClause, joins: Joins) -> FromClause:
        for join, wanted, inner in joins:
            number = next(numbers)
            table = join.entity.table.alias(f"joined_{number}")
            same = table.c[join.column] == owner.c[join.by]
            whole = whole.outerjoin(table, same & join.entity.visible(sight, table))
            columns.extend(
                column.label(f"{number}.{column.name}") for column in join.entity.shown(sight, wanted, table)
            )
            whole = add(whole, table, inner)
        return whole

    return add(source, source, shape.joins), columns
