"""Guards at work: a field whose guard is not met is not resolved; it is null, and one error says what is missing."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, cast

from graphql import GraphQLError, GraphQLField, GraphQLNamedType, GraphQLResolveInfo, get_named_type
from strawberry.schema.schema_converter import GraphQLCoreConverter

from auth.viewer import Viewer
from schema.context import Context
from schema.directives import Authenticated, Guard

REFUSALS = ("UNAUTHENTICATED", "FORBIDDEN")


def guards_of(declared: Any) -> list[Guard]:
    """The guards among the directives of a Strawberry type or field."""
    return [directive for directive in declared.directives or () if isinstance(directive, Guard)]


def type_guards(type_: GraphQLNamedType) -> list[Guard]:
    """The guards of a type: they count for every field that returns it, and for `node`."""
    definition = type_.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return [] if definition is None else guards_of(definition)


def field_guards(field: GraphQLField, declared: Any) -> list[Guard]:
    """The guards of a field: its own, and those of the type it returns."""
    return [*guards_of(declared), *type_guards(get_named_type(field.type))]


def is_met(viewer: Viewer, guard: Guard) -> bool:
    """Whether a guard lets a viewer through."""
    if isinstance(guard, Authenticated):
        return not viewer.is_anonymous
    return any(viewer.scopes.issuperset(each) for each in guard.scopes)


def check(viewer: Viewer, guards: Iterable[Guard]) -> None:
    """Raises UNAUTHENTICATED for nobody, FORBIDDEN for somebody who lacks scopes; each error names the scopes."""
    for guard in guards:
        if not is_met(viewer, guard):
            scopes = None if isinstance(guard, Authenticated) else guard.scopes
            raise _refusal("UNAUTHENTICATED" if viewer.is_anonymous else "FORBIDDEN", scopes)


def _refusal(code: str, scopes: list[list[str]] | None) -> GraphQLError:
    needed = "" if scopes is None else " with " + ", or ".join(" and ".join(each) for each in scopes)
    message = f"sign in{needed} for this" if code == "UNAUTHENTICATED" else f"this needs a token{needed}"
    required = {} if scopes is None else {"requiredScopes": scopes}
    return GraphQLError(message, extensions={"code": code, "apolloCode": "UNAUTHORIZED_FIELD_OR_TYPE", **required})


def guard_field(field: GraphQLField, declared: Any) -> None:
    """Puts the guards of a field and of the type it returns before its resolvers: once a level, or once a row.

    A subscription's stand before its start and before each event.
    """
    guards = field_guards(field, declared)
    if not guards:
        return
    resolve = cast("Callable[..., Any]", field.resolve)
    batch = field.extensions.get("batch")
    reader = field.extensions.pop("read", None)

    def guarded_batch(
        sources: list[Any], info: GraphQLResolveInfo[Context], **arguments: Any
    ) -> list[Any] | Awaitable[Any]:
        check(info.context.viewer, guards)
        if batch is None:
            return [reader(source) for source in sources]
        answers: Awaitable[list[Any]] = batch(sources, info, **arguments)
        return answers

    field.resolve = _guarded(resolve, guards)
    if field.subscribe is not None:
        field.subscribe = _guarded(field.subscribe, guards)
    if batch is not None or reader is not None:
        field.extensions["batch"] = guarded_batch


def _guarded(resolve: Callable[..., Any], guards: list[Guard]) -> Callable[..., Any]:
    def guarded(source: Any, info: GraphQLResolveInfo[Context], **arguments: Any) -> Any:
        check(info.context.viewer, guards)
        return resolve(source, info, **arguments)

    return guarded


def one_per_path(errors: list[GraphQLError], seen: set[tuple[str | int, ...]]) -> list[GraphQLError]:
    """Refusals once for each path without its list indices, all other errors as they are. `seen` are such paths."""
    kept: list[GraphQLError] = []
    for error in errors:
        if (error.extensions or {}).get("code") in REFUSALS and error.path is not None:
            path = tuple(part for part in error.path if isinstance(part, str))
            if path in seen:
                continue
            seen.add(path)
        kept.append(error)
    return kept


def all_refused(data: dict[str, Any] | None, errors: list[GraphQLError]) -> bool:
    """Whether nothing is left of an answer but refusals."""
    refused = {
        error.path[0]
        for error in errors
        if error.path and len(error.path) == 1 and (error.extensions or {}).get("code") in REFUSALS
    }
    return bool(data) and refused.issuperset(data or ())
