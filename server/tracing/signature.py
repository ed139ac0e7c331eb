"""Documents without the values that stand in them."""

from typing import Any

from graphql import DocumentNode, EnumValueNode, VariableNode, print_ast, visit
from graphql.language import ValueNode, Visitor

UNTOLD = "_"


class _Values(Visitor):
    """Puts `_` in the place of each value that is not a variable, and drops descriptions."""

    def enter(self, node: Any, *_: Any) -> Any:
        if isinstance(node, VariableNode):
            return False
        if isinstance(node, ValueNode):
            return EnumValueNode(value=UNTOLD)
        return None


def without_values(document: DocumentNode) -> str:
    """The text of a document with `_` for each value. It says which fields are asked for, and nothing about whom."""
    return print_ast(visit(document, _Values()))
