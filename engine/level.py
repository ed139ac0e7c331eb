"""Levels: the objects that one selection is executed on together, and where in the answer they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from graphql import GraphQLResolveInfo
from graphql.pyutils import Path

if TYPE_CHECKING:
    from .field import Field
    from .plan import Selection
    from .run import Run


class Level:
    """``answers[i]`` is the dictionary that answers ``sources[i]``.

    Paths are worked out when somebody asks, by looking where in the parent level's answers this level's
    dictionaries stand; most operations never ask.
    """

    __slots__ = ("_paths", "_route", "answers", "field", "parent", "selection", "sources", "values")

    def __init__(
        self,
        selection: Selection,
        sources: list[Any],
        answers: list[dict[str, Any]],
        parent: Level | None = None,
        field: Field | None = None,
        values: list[Any] | None = None,
    ) -> None:
        self.selection = selection
        self.sources = sources
        self.answers = answers
        self.parent = parent
        self.field = field
        # The completed values of the field on each of the parent's objects; None: they stand in its answers.
        self.values = values
        self._route: Path | None = None
        self._paths: list[Path | None] | None = None

    def route_to(self, field: Field) -> Path:
        """The path of a field without list indices: the same for all objects of the level."""
        return Path(self._own_route(), field.key, self.selection.type.name)

    def _own_route(self) -> Path | None:
        if self._route is None and self.parent is not None and self.field is not None:
            self._route = self.parent.route_to(self.field)
        return self._route

    def paths(self) -> list[Path | None]:
        """The response path of each object; None is the root's."""
        if self._paths is None:
            self._paths = self._find_paths()
        return self._paths

    def _find_paths(self) -> list[Path | None]:
        if self.parent is None or self.field is None:
            return [None] * len(self.answers)
        key, typename = self.field.key, self.parent.selection.type.name
        values = self.values if self.values is not None else [answer[key] for answer in self.parent.answers]
        found: list[tuple[int, Path]] = []
        for prefix, value in zip(self.parent.paths(), values, strict=True):
            _find(value, Path(prefix, key, typename), found)
        if len(found) == len(self.answers):
            return [path for _, path in found]
        by_answer = dict(found)
        return [by_answer[id(answer)] for answer in self.answers]

    def infos(self, field: Field, run: Run) -> Iterator[GraphQLResolveInfo[Any]]:
        """The resolve info of a field for each object, with its own path."""
        info = run.info
        key, typename = field.key, self.selection.type.name
        for prefix in self.paths():
            yield info(field, Path(prefix, key, typename))

    def info_at(self, field: Field, index: int, run: Run) -> GraphQLResolveInfo[Any]:
        """The resolve info of a field for one object."""
        return run.info(field, Path(self.paths()[index], field.key, self.selection.type.name))


def _find(value: Any, path: Path, found: list[tuple[int, Path]]) -> None:
    if type(value) is dict:
        found.append((id(value), path))
    elif type(value) is list:
        for index, item in enumerate(value):
            _find(item, Path(path, index, None), found)
