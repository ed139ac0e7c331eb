"""Global ids: opaque, unique over all types, and good for `node(id:)`."""

from base64 import urlsafe_b64decode
from binascii import b2a_base64
from typing import Any, ClassVar

import strawberry
from asyncpg import Record

from schema.errors import BadUserInput
from schema.fields import described, read

LARGEST_ID = 2**63 - 1


def split_id(id: str) -> tuple[str, int]:
    """The type's name and the row's id. Raises BadUserInput for what `global_id` never wrote."""
    try:
        type_name, _, number = urlsafe_b64decode(id + "=" * (-len(id) % 4)).decode("ascii").partition(":")
        if number.isdecimal() and type_name.isalpha() and int(number) <= LARGEST_ID:
            return type_name, int(number)
    except ValueError:
        pass
    raise BadUserInput(f"{id[:40]!r} is not an id of this API")


def read_id(type_name: str, id: str) -> int:
    """The row's id from a global id of this type. Raises BadUserInput for another type's."""
    found, number = split_id(id)
    if found != type_name:
        raise BadUserInput(f"{id[:40]!r} is the id of a {found}, not of a {type_name}")
    return number


@strawberry.interface(description="Something with an id of its own, which `node(id:)` finds again.")
class Node:
    row_type: ClassVar[type[Record]]
    id: strawberry.ID = described("Opaque, and unique over all types.")

    @classmethod
    def resolve_type(cls, row: Record, *_: Any) -> str:
        """The type's name: each has a row class of its own."""
        return type(row).__name__.removesuffix("Row")


def encode_id(type_name: str, id: int) -> str:
    """The global id of a row."""
    return b2a_base64(f"{type_name}:{id}".encode(), newline=False).rstrip(b"=").decode()


def global_id(type_name: str) -> Any:
    """The `id` field of a type. Letters, digits and a colon never need the characters that base64url replaces."""
    prefix = f"{type_name}:".encode()

    def write(row: Record) -> str:
        return b2a_base64(b"%b%d" % (prefix, row["id"]), newline=False).rstrip(b"=").decode()

    return read(write, "Opaque, and unique over all types.", columns=("id",))
