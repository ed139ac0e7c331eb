"""Questions about people."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from asyncpg import Record
from sqlalchemy import BigInteger, ColumnElement, FromClause, Text, exists, func, or_, select

from auth.scopes import Scope
from auth.visibility import NOW
from loaders.entities import DOCTOR, USER
from loaders.loader import Loader
from loaders.pages import Order, Pages
from loaders.rows import RowBy
from loaders.words import has_words
from models import DoctorClinic, Staff, UserRole
from models.enums import Role
from models.statement import Statement, compile_statement, one_of_ids, parameter

USERS, DOCTORS = USER.table, DOCTOR.table
ROLES, STAFF, AFFILIATIONS = UserRole.__table__, Staff.__table__, DoctorClinic.__table__
SEE_USERS = frozenset({Scope.USER_READ, Scope.USER_ADMIN})


def _works_at() -> ColumnElement[bool]:
    def now_at_clinic(table: FromClause) -> tuple[ColumnElement[bool], ...]:
        ongoing = or_(table.c.ended_at.is_(None), table.c.ended_at > NOW)
        return table.c.clinic_id == parameter("clinic_id", BigInteger()), ongoing

    employed = select(STAFF.c.user_id).where(*now_at_clinic(STAFF))
    affiliated = (
        select(DOCTORS.c.user_id)
        .join(AFFILIATIONS, AFFILIATIONS.c.doctor_id == DOCTORS.c.id)
        .where(*now_at_clinic(AFFILIATIONS))
    )
    return or_(USERS.c.id.in_(employed), USERS.c.id.in_(affiliated))


class UserById(RowBy):
    entity = USER


class RolesOfUser(Loader[int, Any]):
    """The roles of a user: for herself, and for those who may see the people who sign in; None for all others."""

    async def read(self, keys: list[int]) -> Mapping[int, Any]:
        shown = hers_to_see(self, keys)
        if not shown:
            return {}
        rows = await self.reads.fetch(_roles(), Record, {"keys": shown})
        held: dict[int, list[Role]] = {key: [] for key in shown}
        for row in rows:
            held[row["user_id"]].append(Role(row["role"]))
        return held


class ScopesOfUser(Loader[int, Any]):
    """What the viewer's token allows, for herself; None for all others. Asks no database."""

    async def read(self, keys: list[int]) -> Mapping[int, Any]:
        viewer = self.reads.viewer
        given = [scope.value for scope in Scope if scope in viewer.scopes]
        return {key: given for key in keys if key == viewer.user_id}


class UserPages(Pages):
    """People by words of the name, email, role, state and where they work."""

    entity = USER
    source = USERS
    conditions = {
        "search": lambda: has_words(USERS.c.name),
        "email": lambda: USERS.c.email == func.lower(parameter("email", Text())),
        "role": lambda: exists(
            select(ROLES.c.role).where(ROLES.c.user_id == USERS.c.id, ROLES.c.role == parameter("role", Text()))
        ),
        "status": lambda: USERS.c.status == parameter("status", Text()),
        "clinic_id": _works_at,
    }


BY_NAME = Order("users-name", (USERS.c.name, USERS.c.id))


def hers_to_see(loader: Loader[int, Any], user_ids: list[int]) -> list[int]:
    """Of these users herself, or all for those who may see the people who sign in."""
    viewer = loader.reads.viewer
    if loader.reads.sight.everything and not SEE_USERS.isdisjoint(viewer.scopes):
        return user_ids
    return [user_id for user_id in user_ids if user_id == viewer.user_id]


@lru_cache(maxsize=1)
def _roles() -> Statement:
    query = select(ROLES.c.user_id, ROLES.c.role).where(ROLES.c.user_id == one_of_ids("keys"))
    return compile_statement(query.order_by(ROLES.c.role))
