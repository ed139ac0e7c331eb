"""Documents with `@defer` or `@stream`: as they are answered whole, and what bounds them where they are not."""

from typing import Any

from graphql import (
    REMOVE,
    ASTValidationRule,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    GraphQLDeferDirective,
    GraphQLError,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    GraphQLStreamDirective,
    IntValueNode,
    NullValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    visit,
)

from loaders.reads import Asked
from server.complexity import Complexity, Price, Size, Variables, too_complex

DEFER, STREAM = GraphQLDeferDirective.name, GraphQLStreamDirective.name
MOST_LATER = 1_000
"""Deferred fragments and streamed items of an answer, each with its own beginning and end: 0.03 ms of CPU for each."""
FEWEST = "the initialCount of @stream is a number, and at least 0"


def whole(document: DocumentNode) -> DocumentNode:
    """The document without the two directives; itself if it has none."""

    class Without(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: Any) -> Any:
            return REMOVE if node.name.value in (DEFER, STREAM) else None

    written: DocumentNode = visit(document, Without())
    return written


class StreamInitialCount(ASTValidationRule):
    """A count that stands in the document is one."""

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        value = _initial_count(node)
        if isinstance(value, NullValueNode) or (isinstance(value, IntValueNode) and int(value.value) < 0):
            self.report_error(GraphQLError(FEWEST, value))


class Incremental:
    """What a valid document is when it is answered in several payloads. `node` has its directives.

    `asked` has no joins: what is deferred is read when its turn has come.
    """

    def __init__(self, schema: GraphQLSchema, node: DocumentNode, asked: Asked) -> None:
        self.node = node
        self.asked = Asked(asked.columns, {})
        self._later = _Later(schema, node)
        self._counts: set[str] = set()
        counts = self._counts

        class Counts(Visitor):
            def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
                if isinstance(value := _initial_count(node), VariableNode):
                    counts.add(value.name.value)

        visit(node, Counts())

    def check(self, operation: OperationDefinitionNode, variables: Variables) -> None:
        """Raises a GraphQLError for more than may follow one by one, and for a count that is none."""
        later = self._later.cost(operation, variables)
        if later > MOST_LATER:
            raise too_complex("the number of deferred fragments and streamed items", later, MOST_LATER)
        given = {**_defaults(operation), **variables}
        for name in sorted(self._counts & given.keys()):
            count = given[name]
            if count is None or (isinstance(count, int) and count < 0):
                raise GraphQLError(f"{FEWEST}: ${name}", extensions={"code": "BAD_USER_INPUT"})


class _Later(Complexity):
    """How many fragments and items an operation may leave for later: one for each object that they belong to."""

    def _weight(self, node: FieldNode, definition: GraphQLField, of: GraphQLNamedType) -> int:  # noqa: ARG002
        return int(_has(node, STREAM))

    def _price(
        self, selected: SelectionSetNode, parent: GraphQLNamedType, edges: int | Size | None
    ) -> tuple[Price, int]:
        price, depth = super()._price(selected, parent, edges)
        price.add(1, Price(sum(_has(node, DEFER) for node in selected.selections)))
        return price, depth


def _has(node: Any, name: str) -> bool:
    return any(directive.name.value == name for directive in node.directives or ())


def _initial_count(node: DirectiveNode) -> Any:
    if node.name.value == STREAM:
        for argument in node.arguments or ():
            if argument.name.value == "initialCount":
                return argument.value
    return None


def _defaults(operation: OperationDefinitionNode) -> dict[str, int | None]:
    """The numbers and nulls that variables are when they are not given."""
    return {
        each.variable.name.value: int(each.default_value.value)
        if isinstance(each.default_value, IntValueNode)
        else None
        for each in operation.variable_definitions or ()
        if isinstance(each.default_value, IntValueNode | NullValueNode)
    }
