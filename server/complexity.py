"""How much a document asks for: limits on its form, and its cost, worked out once and evaluated with its variables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)

from schema.paging import LARGEST_PAGE

DEEPEST = 15
MOST_ALIASES = 60
MOST_DIRECTIVES = 60
MOST_MUTATIONS = 10
LARGEST_COST = 10_000
LARGEST_INTROSPECTION = 250_000
SIZES_OF_SCHEMA = {
    "types": 160,
    "fields": 8,
    "inputFields": 6,
    "enumValues": 6,
    "possibleTypes": 6,
    "interfaces": 2,
    "args": 3,
    "directives": 10,
    "locations": 0,
}
"""How long the lists of the introspection schema are."""

Variables = Mapping[str, Any]
Size = Callable[[Variables], int]
"""How often something is asked for: what an argument says."""


def too_complex(what: str, found: int, most: int) -> GraphQLError:
    return GraphQLError(
        f"{what} is limited to {most:,}; this is {found:,}",
        extensions={"code": "QUERY_TOO_COMPLEX", "limit": most, "found": found},
    )


@dataclass(eq=False)
class Price:
    """A cost: a constant, and other prices times a number or times what a variable says."""

    constant: int = 0
    times: list[tuple[int | Size, "Price"]] = field(default_factory=list)

    def add(self, factor: int | Size, price: "Price") -> None:
        if isinstance(factor, int) and not price.times:
            self.constant += factor * price.constant
        else:
            self.times.append((factor, price))

    def evaluate(self, variables: Variables) -> int:
        """The cost with these variables; a fragment's is reckoned once, however often it is spread."""
        return self._evaluate(variables, {})

    def _evaluate(self, variables: Variables, known: dict[int, int]) -> int:
        if (cost := known.get(id(self))) is None:
            cost = self.constant
            for factor, price in self.times:
                number = factor if isinstance(factor, int) else factor(variables)
                cost += number * price._evaluate(variables, known)
            known[id(self)] = cost
        return cost


class Complexity:
    """A valid document's depth, counts and prices. Fragments are looked at once, so the work is that of its text."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._aliases = self._directives = 0
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._priced: dict[tuple[str, int | Size | None], tuple[Price, int]] = {}
        self.introspects = False
        self._introspected = 0
        self._of_schema: dict[str, int] = {}
        self.errors: list[GraphQLError] = []
        self._prices: dict[str | None, tuple[Price, Variables]] = {}
        for node in document.definitions:
            if isinstance(node, OperationDefinitionNode):
                self._look_at(node)
        self._limit("the number of aliases", self._aliases, MOST_ALIASES)
        self._limit("the number of objects in an introspection", self._introspected, LARGEST_INTROSPECTION)
        self._limit("the number of directives", self._directives, MOST_DIRECTIVES)

    def cost(self, operation: OperationDefinitionNode, variables: Variables) -> int:
        """The cost of an operation of the document, an upper bound, with the variables as they were sent."""
        price, defaults = self._prices[operation.name.value if operation.name else None]
        return price.evaluate({**defaults, **variables}) if price.times else price.constant

    def _look_at(self, operation: OperationDefinitionNode) -> None:
        root = self._schema.get_root_type(operation.operation)
        assert root is not None, "a valid document asks for nothing that the schema has not"
        price, depth = self._price(operation.selection_set, root, None)
        defaults = {
            each.variable.name.value: int(each.default_value.value)
            for each in operation.variable_definitions or ()
            if isinstance(each.default_value, IntValueNode)
        }
        self._prices[operation.name.value if operation.name else None] = price, defaults
        self._limit("the depth of an operation", depth, DEEPEST)
        if operation.operation is OperationType.MUTATION:
            fields = len(operation.selection_set.selections)
            self._limit("the number of mutations in a document", fields, MOST_MUTATIONS)

    def _limit(self, what: str, found: int, most: int) -> None:
        if found > most:
            self.errors.append(too_complex(what, found, most))

    def _price(
        self, selected: SelectionSetNode, parent: GraphQLNamedType, edges: int | Size | None
    ) -> tuple[Price, int]:
        """The price and depth of what is selected of one object; `edges` is the size of its `edges`, if it has some."""
        total, deepest = Price(), 0
        for node in selected.selections:
            self._directives += len(node.directives or ())
            if isinstance(node, FieldNode):
                price, depth = self._price_field(node, parent, edges)
            elif isinstance(node, InlineFragmentNode):
                of = self._schema.type_map[node.type_condition.name.value] if node.type_condition else parent
                price, depth = self._price(node.selection_set, of, edges)
            else:
                assert isinstance(node, FragmentSpreadNode)
                price, depth = self._price_fragment(node.name.value, edges)
            total.add(1, price)
            deepest = max(deepest, depth)
        return total, deepest

    def _price_fragment(self, name: str, edges: int | Size | None) -> tuple[Price, int]:
        priced = self._priced.get((name, edges))
        if priced is None:
            fragment = self._fragments[name]
            of = self._schema.type_map[fragment.type_condition.name.value]
            priced = self._priced[name, edges] = self._price(fragment.selection_set, of, edges)
        return priced

    def _price_field(self, node: FieldNode, parent: GraphQLNamedType, edges: int | Size | None) -> tuple[Price, int]:
        self._aliases += node.alias is not None
        name = node.name.value
        if name.startswith("__"):
            return Price(), self._introspect(node)
        definition: GraphQLField = parent.fields[name]  # type: ignore[attr-defined]
        of = get_named_type(definition.type)
        own, depth = Price(self._weight(node, definition, of)), 0
        size = definition.extensions.get("list_size")
        number = self._number(node, definition) if size is not None and size.slicing_arguments else None
        if node.selection_set is not None:
            inside, depth = self._price(node.selection_set, of, number if size and size.sized_fields else None)
            own.add(1, inside)
        price = Price()
        if name == "edges" and edges is not None:
            price.add(edges, own)
        elif size is not None and not size.sized_fields:
            price.add(size.assumed_size if number is None else number, own)
        else:
            price.add(1, own)
        return price, depth + 1

    def _weight(self, node: FieldNode, definition: GraphQLField, of: GraphQLNamedType) -> int:  # noqa: ARG002 - for subclasses
        weight: int = definition.extensions.get("weight", 1 if is_composite_type(of) else 0)
        return weight

    def _introspect(self, node: FieldNode) -> int:
        """Introspection is free, but has a limit of its own; how deep its lists go is validation's to limit."""
        if node.selection_set is not None:
            self.introspects = True
            self._introspected += self._objects_of_schema(node.selection_set)
        return 0

    def _objects_of_schema(self, selected: SelectionSetNode) -> int:
        """About how many objects of the schema are asked for."""
        found = 1
        for node in selected.selections:
            if isinstance(node, FragmentSpreadNode):
                name = node.name.value
                if name not in self._of_schema:
                    self._of_schema[name] = self._objects_of_schema(self._fragments[name].selection_set)
                found += self._of_schema[name]
            elif isinstance(node, InlineFragmentNode):
                found += self._objects_of_schema(node.selection_set)
            else:
                assert isinstance(node, FieldNode)
                self._aliases += node.alias is not None
                if node.selection_set is not None:
                    found += SIZES_OF_SCHEMA.get(node.name.value, 1) * self._objects_of_schema(node.selection_set)
        return found

    def _number(self, node: FieldNode, definition: GraphQLField) -> int | Size:
        """What the slicing argument says, within what it may say: more is refused by the field itself."""
        default: int = definition.args["first"].default_value
        for argument in node.arguments or ():
            if argument.name.value == "first":
                if isinstance(argument.value, IntValueNode):
                    return _possible(int(argument.value.value))
                assert isinstance(argument.value, VariableNode)
                return _sizes(argument.value.name.value, default)
        return default


def _sizes(variable: str, default: int) -> Size:
    def size(variables: Variables) -> int:
        given = variables.get(variable, default)
        return _possible(given) if isinstance(given, int) else default

    return size


def _possible(number: int) -> int:
    return min(max(number, 0), LARGEST_PAGE)
