"""SQLAlchemy Core expressions, compiled once to the text that asyncpg runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, BigInteger, BindParameter, ColumnElement, Executable, Text, any_, bindparam, cast
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.types import TypeEngine

DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """SQL text with `$1 …`, the names of its parameters in that order, and values fixed at compilation.

    A `filtered` statement has conditions whose selectivity depends on their values: it is planned for them each time.
    """

    text: str
    order: tuple[str, ...]
    constants: Mapping[str, object]
    id_lists: frozenset[str]
    filtered: bool

    def arguments(self, values: Mapping[str, Any]) -> list[object]:
        """The values in the order of the text. Raises KeyError for a parameter that nobody gave."""
        constants, id_lists = self.constants, self.id_lists
        arguments: list[object] = []
        for name in self.order:
            value: Any = constants[name] if name in constants else values[name]
            arguments.append(f"{{{','.join(map(str, value))}}}" if name in id_lists else value)
        return arguments


def compile_statement(query: Executable, *, filtered: bool = False) -> Statement:
    """Compiles a query or a write. Values reach asyncpg as they are: parameters are given as the types it expects."""
    compiled: Any = query.compile(dialect=DIALECT)  # type: ignore[attr-defined]
    constants = {
        compiled.bind_names[parameter]: parameter.value for parameter in compiled.bind_names if not parameter.required
    }
    id_lists = frozenset(name for parameter, name in compiled.bind_names.items() if isinstance(parameter.type, IdList))
    return Statement(str(compiled), tuple(compiled.positiontup or ()), constants, id_lists, filtered)


def parameter(name: str, type_: TypeEngine[Any]) -> BindParameter[Any]:
    """A parameter that a value must be given for."""
    return bindparam(name, type_=type_, required=True)


class IdList(Text):
    """Ids on their way as text: asyncpg writes an array of a hundred as slowly as it reads their rows."""


def ids(name: str) -> ColumnElement[Any]:
    """An array of ids, given as a list."""
    return cast(parameter(name, IdList()), ARRAY(BigInteger))


def one_of_ids(name: str) -> ColumnElement[Any]:
    """The right side of `column == any of these ids`, given as a list."""
    return any_(ids(name))
