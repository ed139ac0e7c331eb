"""Documents: parsed and validated once, kept while they are asked for."""

from collections import OrderedDict
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
    validate,
)

from loaders.reads import Asked
from schema.asked import columns_asked

LARGEST_DOCUMENT_TOKENS = 1_000
KEPT_CHARACTERS = 4_000_000


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document, its operations by name (a nameless one is under None), and the columns that it reads."""

    node: DocumentNode
    operations: dict[str | None, OperationDefinitionNode]
    asked: Asked

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation that a request means. Raises a GraphQLError where none is meant."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        if name is not None and name in self.operations:
            return self.operations[name]
        problem = "operationName must say which one is meant" if name is None else "no operation is called so"
        raise GraphQLError(
            f"{problem}; there are: {', '.join(each or 'one without name' for each in self.operations)}",
            extensions={"code": "OPERATION_RESOLUTION_FAILURE"},
        )

    def is_query(self, name: str | None) -> bool:
        """Whether the operation that is meant only reads."""
        return self.operation(name).operation is OperationType.QUERY


class InvalidDocument(Exception):
    """A document that cannot be run, with what is wrong with it."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = errors


class Documents:
    """The documents of a schema by their text; those not asked for longest go first when it becomes too much text."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._characters = 0

    def read(self, text: str) -> Document:
        """The document of a text. Raises InvalidDocument; invalid ones are not kept."""
        document = self._kept.get(text)
        if document is None:
            document = self._prepare(text)
            self._kept[text] = document
            self._characters += len(text)
            while self._characters > KEPT_CHARACTERS:
                self._characters -= len(self._kept.popitem(last=False)[0])
        else:
            self._kept.move_to_end(text)
        return document

    def _prepare(self, text: str) -> Document:
        try:
            node = parse(text, max_tokens=LARGEST_DOCUMENT_TOKENS)
        except GraphQLError as error:
            raise InvalidDocument([coded(error, "GRAPHQL_PARSE_FAILED")]) from None
        if errors := validate(self._schema, node):
            raise InvalidDocument([coded(error, "GRAPHQL_VALIDATION_FAILED") for error in errors])
        return Document(
            node,
            {
                each.name.value if each.name else None: each
                for each in node.definitions
                if isinstance(each, OperationDefinitionNode)
            },
            columns_asked(self._schema, node),
        )


def coded(error: GraphQLError, code: str) -> GraphQLError:
    """The same error with a code, unless it has one."""
    error.extensions = {"code": code, **(error.extensions or {})}
    return error
