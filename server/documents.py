"""Documents: parsed and validated once, kept while they are asked for."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, replace

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)

from loaders.reads import Asked
from schema.asked import what_is_asked
from server.complexity import LARGEST_COST, Complexity, Variables, too_complex
from server.form import check_form
from server.incremental.form import Incremental, StreamInitialCount, whole

LARGEST_DOCUMENT_TOKENS = 1_000
LARGEST_DOCUMENT = 50_000
"""Characters. Comments are no tokens, and have to be read all the same."""
KEPT_CHARACTERS = 4_000_000
RULES = (*specified_rules, StreamInitialCount)


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document, its operations by name (a nameless one is under None), what it reads and what it costs.

    `hash` is the SHA-256 of its text, in hexadecimal digits. `node` has no `@defer` and no `@stream`, so it is answered
    whole; `incremental` is there if the text has some, and does not ask for the schema.
    """

    node: DocumentNode
    operations: dict[str | None, OperationDefinitionNode]
    asked: Asked
    complexity: Complexity
    hash: str
    incremental: Incremental | None

    @property
    def introspects(self) -> bool:
        """Whether it asks for the schema."""
        return self.complexity.introspects

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

    def incrementally(self, name: str | None, variables: Variables) -> "Document":
        """The same, answered in several payloads. Raises a GraphQLError for more of them than there may be."""
        assert self.incremental is not None, "it leaves nothing for later"
        self.incremental.check(self.operation(name), variables)
        return replace(self, node=self.incremental.node, asked=self.incremental.asked)

    def cost(self, name: str | None, variables: Variables, most: int = LARGEST_COST) -> int:
        """What the operation that is meant may cost. Raises a GraphQLError for more than may be asked at once."""
        cost = self.complexity.cost(self.operation(name), variables)
        if cost > most:
            raise too_complex("the cost of an operation", cost, most)
        return cost


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
        self.hits = 0
        self.misses = 0

    def kept(self, text: str) -> Document | None:
        """The document of a text that was asked for before, if it is still here."""
        document = self._kept.get(text)
        if document is not None:
            self.hits += 1
            self._kept.move_to_end(text)
        else:
            self.misses += 1
        return document

    def read(self, text: str, *, hide_suggestions: bool = False) -> Document:
        """The document of a text. Raises InvalidDocument; invalid ones are not kept."""
        document = self._kept.get(text)
        if document is None:
            document = self._prepare(text, hide_suggestions=hide_suggestions)
            self._kept[text] = document
            self._characters += len(text)
            while self._characters > KEPT_CHARACTERS:
                self._characters -= len(self._kept.popitem(last=False)[0])
        else:
            self._kept.move_to_end(text)
        return document

    def _prepare(self, text: str, *, hide_suggestions: bool) -> Document:
        node = self._parse(text)
        self._validate(node, hide_suggestions=hide_suggestions)
        complexity = Complexity(self._schema, node)
        if complexity.errors:
            raise InvalidDocument(complexity.errors)
        asked = what_is_asked(self._schema, node)
        answered = whole(node) if "defer" in text or "stream" in text else node
        return Document(
            answered,
            {
                each.name.value if each.name else None: each
                for each in answered.definitions
                if isinstance(each, OperationDefinitionNode)
            },
            asked,
            complexity,
            hashlib.sha256(text.encode()).hexdigest(),
            Incremental(self._schema, node, asked) if answered is not node and not complexity.introspects else None,
        )

    def _parse(self, text: str) -> DocumentNode:
        if len(text) > LARGEST_DOCUMENT:
            raise InvalidDocument([too_complex("the length of a document", len(text), LARGEST_DOCUMENT)])
        try:
            return parse(text, max_tokens=LARGEST_DOCUMENT_TOKENS)
        except GraphQLError as error:
            raise InvalidDocument([coded(error, "GRAPHQL_PARSE_FAILED")]) from None

    def _validate(self, node: DocumentNode, *, hide_suggestions: bool) -> None:
        if errors := check_form(node):
            raise InvalidDocument(errors)
        if errors := validate(self._schema, node, RULES, hide_suggestions=hide_suggestions):
            raise InvalidDocument([coded(error, "GRAPHQL_VALIDATION_FAILED") for error in errors])


def coded(error: GraphQLError, code: str) -> GraphQLError:
    """The same error with a code, unless it has one."""
    error.extensions = {"code": code, **(error.extensions or {})}
    return error
