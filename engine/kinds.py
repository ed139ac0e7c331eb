"""What can be said of a value by its type alone, so that a list of values costs one look per type."""

from collections.abc import Mapping
from functools import lru_cache
from types import CoroutineType, FunctionType, GeneratorType, NoneType
from typing import Any

from graphql.pyutils import Undefined

UNDEFINED_TYPE = type(Undefined)


@lru_cache(maxsize=4096)
def is_inert(kind: type) -> bool:
    """Whether no value of this type can be awaited, whatever the instance holds."""
    return not issubclass(kind, (CoroutineType, GeneratorType)) and not any(
        "__await__" in vars(base) or _is_evasive(base) for base in kind.__mro__
    )


def _is_evasive(base: type) -> bool:
    """Whether instances may have attributes that the class does not show, or pass for another class."""
    if base is object:
        return False
    members = vars(base)
    return (
        "__getattr__" in members or "__class__" in members or isinstance(members.get("__getattribute__"), FunctionType)
    )


@lru_cache(maxsize=4096)
def is_plain(kind: type) -> bool:
    """Whether every value of this type is a value: neither null nor an error."""
    return kind is not NoneType and kind is not UNDEFINED_TYPE and not issubclass(kind, Exception)


@lru_cache(maxsize=4096)
def is_callable(kind: type) -> bool:
    """Whether values of this type can be called."""
    return any("__call__" in vars(base) for base in kind.__mro__)


@lru_cache(maxsize=4096)
def is_object(kind: type) -> bool:
    """Whether the default resolver reads attributes, not items, from every value of this type."""
    # A class that answers for another one (a proxy) can be a mapping without being a subclass.
    return not issubclass(kind, Mapping) and not any(
        base is not object and "__class__" in vars(base) for base in kind.__mro__
    )


def all_inert(values: list[Any]) -> bool:
    """Whether none of the values can be awaited."""
    return all(map(is_inert, set(map(type, values))))


def all_plain(values: list[Any]) -> bool:
    """Whether none of the values is null, undefined or an error."""
    return all(map(is_plain, set(map(type, values))))
