"""Relay connections over keyset pages."""

from collections.abc import Mapping
from typing import Annotated, Any, Generic, TypeVar

import strawberry

from loaders.pages import CursorError, Filter, Order, Pages
from schema.context import Info
from schema.errors import BadUserInput
from schema.fields import described, read

NodeT = TypeVar("NodeT")
PagesT = TypeVar("PagesT", bound=Pages)

LARGEST_PAGE = 100

First = Annotated[int, strawberry.argument(description="How many at most, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="Go on after this cursor.")]


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = read(lambda page: page.has_next, "Whether there are more after this page.")
    has_previous_page: bool = read(lambda page: page.has_previous, "Whether there are some before this page.")
    start_cursor: str | None = read(lambda page: page.start_cursor, "The cursor of the first edge.")
    end_cursor: str | None = read(lambda page: page.end_cursor, "The cursor of the last edge: the next `after`.")


@strawberry.type(description="One item of a list, and its place there.")
class Edge(Generic[NodeT]):
    cursor: str = described("Opaque; stays right while rows are added before or after it.")
    node: NodeT = described("The item.")


@strawberry.type(description="A page of a list that can grow.")
class Connection(Generic[NodeT]):
    edges: list[Edge[NodeT]] = described("The items of this page, in order.")
    page_info: PageInfo = read(lambda page: page, "Where this page stands in its list.")


def ask_pages(
    info: Info,
    pages: type[PagesT],
    order: Order,
    conditions: Mapping[str, Any],
    *,
    parent: str | None = None,
    first: int,
    after: str | None,
) -> PagesT:
    """The loader of these pages. Raises BadUserInput for a page size or cursor that cannot be.

    A condition's value is its parameter of the same name, or a mapping of its parameters; None: it is not asked for.
    """
    if not 1 <= first <= LARGEST_PAGE:
        raise BadUserInput(f"first must be from 1 to {LARGEST_PAGE}, not {first}")
    asked: Filter = tuple(
        (name, tuple(value.items()) if isinstance(value, Mapping) else ((name, value),))
        for name, value in conditions.items()
        if value is not None
    )
    try:
        return info.context.loaders.get(pages, parent, order, asked, first, after)
    except CursorError as error:
        raise BadUserInput(f"after: {error}") from None
