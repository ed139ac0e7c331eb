"""Generated readers: for each selection a function that turns objects into answers in one tight loop.

A reader does what ``read.interpret`` does, some five times as fast; making one takes about 0.1 ms for each leaf. And
it goes further: an object that is a plain read, or lies within the row (``within.py``), is answered in the same loop.

Nothing of a client's document is ever part of the source except as a Python literal made by ``repr`` of an
exact ``str``. Reads come in three modes, chosen by the types of a level's objects: ``item`` (all are
dictionaries), ``attribute`` (none is a mapping) and ``mixed``; they differ only for fields that
graphql-core's default resolver reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from keyword import iskeyword
from types import CodeType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from graphql.pyutils import Undefined

from .field import Field, Kind, Late
from .leaf import Leaf
from .position import Position, Shape
from .reads import Attribute, Item, default_read
from .within import Part, Within

if TYPE_CHECKING:
    from .plan import Selection
    from .run import Run

Loop: TypeAlias = Callable[[list[Any], "Run", Late], tuple[list[dict[str, Any]], tuple[list[Any], ...], int]]
"""Gives the answers, for each inner selection that has more to run its sources and its answers, and how many objects
inside were found missing."""

MANY_INSIDE = 256
"""Keys that a loop answers; what is selected beyond is run as a level of its own."""

MANY_DEEP = 8
"""Objects inside one another that a loop answers: each indents its lines further, and Python has an end of that."""


class Inner(NamedTuple):
    """A selection answered in the loop of another, with more to be run on its objects or inside; ``carried`` is where
    their sources are, their answers stand behind."""

    field: Field
    selection: Selection
    rest: list[Field]
    inner: list[Inner]
    carried: int


class Reader(NamedTuple):
    """A loop, the fields it leaves to be run, and the selections inside; ``objects`` are those of one source."""

    loop: Loop
    rest: list[Field]
    inner: list[Inner]
    objects: int
    within: Mapping[str, Within]


def reader_of(selection: Selection, mode: str, within: Mapping[str, Within], *, parts: bool) -> Reader:
    """Generate the reader of a selection, for objects within whose rows these others lie; ``parts``: they do, too."""
    writer = _Writer(mode)
    made = writer.object(selection, _Source("source", within))
    lists = [f"c{index}" for index in range(writer.carried)]
    lines = [
        "def loop(sources, run, late):",
        "    answers = []",
        "    append = answers.append",
        "    fail = run.fail",
        "    missing = 0",
        *(f"    {name} = []" for name in lists),
        "    for source in sources:",
        *([f"        row = {'source.row' if parts else 'source'}"] if within else []),
        *(f"        {line}" for line in made.lines),
        f"        append({made.answer})",
        f"    return answers, ({''.join(f'{name}, ' for name in lists)}), missing",
    ]
    exec(_compile("\n".join(lines)), writer.names)  # noqa: S102 - see the module's promise about literals
    return Reader(writer.names["loop"], made.rest, made.inner, made.objects - 1, within)


class _Source:
    """How an object is spoken of in the source: by a variable; if it lies in the row at a place, better by the row."""

    def __init__(self, variable: str, within: Mapping[str, Within], place: Within | None = None) -> None:
        self.variable = variable
        self.within = within
        self.place = place
        self.is_needed = place is None

    @property
    def name(self) -> str:
        """The variable, which then has to be set."""
        self.is_needed = True
        return self.variable

    def item(self, key: str | int) -> str:
        """The value of a key."""
        names = {} if self.place is None else self.place.names
        return f"row[{names[key]!r}]" if isinstance(key, str) and key in names else f"{self.name}[{key!r}]"


class _Made(NamedTuple):
    """The lines that answer one object and the expression of its answer; how many objects that is."""

    lines: list[str]
    answer: str
    rest: list[Field]
    inner: list[Inner]
    objects: int


class _Writer:
    """Writes one loop. ``names`` is what the source refers to."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.names: dict[str, Any] = {"Undefined": Undefined, "default_read": default_read, "Part": Part}
        self.carried = 0
        self.keys = 0
        self._last = 0

    def object(self, selection: Selection, source: _Source, depth: int = 0) -> _Made:
        """Answer an object that the source speaks of."""
        self.keys += len(selection.fields)
        lines: list[str] = []
        items: list[str] = []
        rest: list[Field] = []
        inner: list[Inner] = []
        objects = 1
        for field in selection.fields:
            value = "None"
            if field.kind is Kind.TYPENAME:
                value = _literal(field.parent_type.name)
            elif selection.inlines(field):
                index = self._next()
                value = f"v{index}"
                lines += self._leaf(field, index, source)
            elif not selection.root and (below := self._selection_inside(field, source, depth)) is not None:
                index = self._next()
                value = f"v{index}"
                made = self._inside(field, below, index, source, depth)
                lines += made.lines
                inner += made.inner
                objects += made.objects
            else:
                rest.append(field)
            items.append(f"{_literal(field.key)}: {value}")
        return _Made(lines, f"{{{', '.join(items)}}}", rest, inner, objects)

    def _next(self) -> int:
        self._last += 1
        return self._last

    def _selection_inside(self, field: Field, source: _Source, depth: int) -> Selection | None:
        """What is selected on a field's object, if the loop can answer it."""
        position = field.position
        if field.has_arguments or position.shape is not Shape.OBJECT or position.object.is_type_of is not None:
            return None
        if field.kind is not Kind.READ and not (field.kind is Kind.BATCH and field.coordinates in source.within):
            return None
        try:
            selection = field.select(position.object)
        except Exception:  # noqa: BLE001 - its level reports it
            return None
        if selection.reads_default or self.keys + len(selection.fields) > MANY_INSIDE or depth > MANY_DEEP:
            return None
        return selection

    def _inside(self, field: Field, selection: Selection, index: int, source: _Source, depth: int) -> _Made:
        value = f"v{index}"
        self.names[f"absent{index}"] = _absent(field.position)
        if field.kind is Kind.READ:
            inside = _Source(f"o{index}", {})
            get = self._read(field, inside.name, index, source)
            missing = f"{inside.name} is None or {inside.name} is Undefined or isinstance({inside.name}, Exception)"
            found = inside.name
        else:
            place = source.within[field.coordinates]
            inside = _Source(f"o{index}", place.within, place)
            get = []
            missing = f"row[{place.present!r}] is None"
            found = "None"
        made = self.object(selection, inside, depth + 1)
        lines = [*made.lines, f"{value} = {made.answer}"]
        carrying: list[Inner] = []
        if made.rest or made.inner:
            carrying.append(Inner(field, selection, made.rest, made.inner, self.carried))
            lines += [f"c{self.carried}.append({inside.name})", f"c{self.carried + 1}.append({value})"]
            self.carried += 2
        if inside.place is not None and inside.is_needed:
            self.names[f"place{index}"] = inside.place
            lines = [f"{inside.variable} = Part(row, place{index})", *lines]
        lines = [
            f"if {missing}:",
            f"    {value} = absent{index}({found}, run)",
            f"    missing += {made.objects}",
            "else:",
            *(f"    {line}" for line in lines),
        ]
        if get:
            lines = [
                "try:",
                *(f"    {line}" for line in get),
                "except Exception as error:",
                f"    {value} = fail(error)",
                f"    missing += {made.objects}",
                "else:",
                *(f"    {line}" for line in lines),
            ]
        return _Made(lines, value, [], carrying, made.objects)

    def _leaf(self, field: Field, index: int, source: _Source) -> list[str]:
        value = f"v{index}"
        lines = ["try:"]
        lines += [f"    {line}" for line in self._read(field, value, index, source)]
        lines += [f"    {line}" for line in _complete_lines(field, value, index, self.names)]
        lines += ["except Exception as error:", f"    {value} = fail(error)"]
        return lines

    def _read(self, field: Field, value: str, index: int, source: _Source) -> list[str]:
        read = field.read
        if read is None:
            return _default_lines(field.name, value, self.mode)
        if type(read) is Item and type(read.key) in {str, int}:
            return [f"{value} = {source.item(read.key)}"]
        if type(read) is Attribute and _is_name(read.name):
            return [f"{value} = {source.name}.{read.name}"]
        self.names[f"read{index}"] = read
        return [f"{value} = read{index}({source.name})"]


def _absent(position: Position) -> Callable[[Any, Run], Any]:
    """Complete what is no object: null, or an error in its place."""

    def absent(value: Any, run: Run) -> Any:
        if isinstance(value, Exception):
            return run.fail(value)
        return run.fail(TypeError(position.null_message)) if position.non_null else None

    return absent


@lru_cache(maxsize=1024)
def _compile(source: str) -> CodeType:
    return compile(source, "<engine reader>", "exec")


def _literal(text: str) -> str:
    return repr("".join(text))  # join: an exact str, whatever subclass came


def _default_lines(name: str, value: str, mode: str) -> list[str]:
    if mode == "item":
        return [f"{value} = source.get({_literal(name)})"]
    if mode == "mixed":
        return [f"{value} = default_read(source, {_literal(name)})"]
    if _is_name(name):
        return ["try:", f"    {value} = source.{name}", "except AttributeError:", f"    {value} = None"]
    return [f"{value} = getattr(source, {_literal(name)}, None)"]


def _is_name(name: str) -> bool:
    return name.isascii() and name.isidentifier() and not iskeyword(name)


def _complete_lines(field: Field, value: str, index: int, names: dict[str, Any]) -> list[str]:
    leaf = field.position.leaf
    if field.kind is Kind.DEFAULT:
        names[f"late{index}"] = field.late
        otherwise = f"{value} = late{index}({value}, run, late, len(answers))"
    else:
        names[f"one{index}"] = leaf.one
        otherwise = f"{value} = one{index}({value}, run)"
    test = _unusual(leaf, value)
    if test is not None:
        return [f"if {test}:", f"    {otherwise}"]
    rest = ["else:" if leaf.non_null else f"elif {value} is not None:", f"    {otherwise}"]
    if leaf.known is not None:
        names[f"known{index}"] = leaf.known
        return [
            f"if type({value}) in known{index} and {value} in known{index}[type({value})]:",
            f"    {value} = known{index}[type({value})][{value}]",
            *rest,
        ]
    names[f"inert{index}"] = leaf.inert
    names[f"coerce{index}"] = leaf.coerce
    names[f"bad{index}"] = leaf.bad
    return [
        f"if type({value}) in inert{index}:",
        f"    coerced = coerce{index}({value})",
        "    if coerced is None or coerced is Undefined:",
        f"        {value} = bad{index}({value}, coerced, run)",
        "    else:",
        f"        {value} = coerced",
        *rest,
    ]


def _unusual(leaf: Leaf, value: str) -> str | None:
    """The test for values that a builtin scalar does not return unchanged."""
    tests = {
        str: f"type({value}) is not str",
        bool: f"type({value}) is not bool",
        int: f"type({value}) is not int or not -2147483648 <= {value} <= 2147483647",
        float: f"type({value}) is not float or {value} - {value} != 0.0",
    }
    if leaf.exact is None:
        return None
    test = tests[leaf.exact]
    return test if leaf.non_null else f"{value} is not None and ({test})"
