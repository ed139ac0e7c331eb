"""One look over a document's operation: what it needs of the parent executor, and which variables shape it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)
from graphql.language import ListValueNode, ObjectValueNode

_INCREMENTAL = ("defer", "stream")
_CONDITIONAL = ("skip", "include")


class Scan:
    """``reason`` to leave the operation to the parent executor, if any; names of variables in conditions."""

    __slots__ = ("conditions", "reason")

    def __init__(self, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.reason: str | None = None
        conditions: dict[str, None] = {}
        for node in _selections(operation.selection_set, fragments):
            if isinstance(node, FragmentSpreadNode):
                fragment = fragments.get(node.name.value)
                if node.arguments or (fragment is not None and fragment.variable_definitions):
                    self.reason = "fragment arguments"
            for directive in node.directives or ():
                name = directive.name.value
                if name in _INCREMENTAL:
                    self.reason = name
                elif name in _CONDITIONAL:
                    conditions.update(dict.fromkeys(_variables_of(directive)))
        self.conditions = tuple(conditions)


def _selections(
    root: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> Iterator[FieldNode | InlineFragmentNode | FragmentSpreadNode]:
    """Every selection that can be reached, each fragment entered once; iterative, so depth is no matter."""
    waiting = [root]
    entered: set[str] = set()
    while waiting:
        for node in waiting.pop().selections:
            assert isinstance(node, (FieldNode, InlineFragmentNode, FragmentSpreadNode))
            yield node
            if isinstance(node, FragmentSpreadNode):
                name = node.name.value
                fragment = fragments.get(name)
                if fragment is not None and name not in entered:
                    entered.add(name)
                    waiting.append(fragment.selection_set)
            elif node.selection_set:
                waiting.append(node.selection_set)


def _variables_of(directive: DirectiveNode) -> Iterator[str]:
    for argument in directive.arguments or ():
        yield from variables_in(argument.value)


def variables_in(value: ValueNode) -> Iterator[str]:
    """Names of the variables that a literal mentions."""
    if isinstance(value, VariableNode):
        yield value.name.value
    elif isinstance(value, ListValueNode):
        for item in value.values:
            yield from variables_in(item)
    elif isinstance(value, ObjectValueNode):
        for field in value.fields:
            yield from variables_in(field.value)
