"""Makes generated documents harder: variables, conditions, named fragments, merged fields, aliases."""

import random
from typing import Any

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    NameNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    parse,
    print_ast,
    value_from_ast_untyped,
    visit,
)
from graphql.language import NullValueNode


class Hardener(Visitor):
    """Changes a document as it is left, by chance."""

    def __init__(self, types: TypeInfo, chance: random.Random) -> None:
        super().__init__()
        self.types = types
        self.chance = chance
        self.variables: dict[str, Any] = {}
        self.definitions: list[VariableDefinitionNode] = []
        self.fragments: list[FragmentDefinitionNode] = []

    def leave_argument(self, node: ArgumentNode, *_: Any) -> ArgumentNode | None:
        type_ = self.types.get_input_type()
        if type_ is None or self.chance.random() < 0.6 or isinstance(node.value, NullValueNode):
            return None
        try:
            value = value_from_ast_untyped(node.value)
        except Exception:  # noqa: BLE001 - then the literal stays
            return None
        variable = self.variable(str(type_), value)
        return ArgumentNode(name=node.name, value=variable)

    def leave_inline_fragment(self, node: InlineFragmentNode, *_: Any) -> Any:
        if node.type_condition is None or self.chance.random() < 0.5:
            return InlineFragmentNode(
                type_condition=node.type_condition,
                selection_set=node.selection_set,
                directives=self.conditions(),
            )
        name = NameNode(value=f"F{len(self.fragments)}")
        self.fragments.append(
            FragmentDefinitionNode(
                name=name,
                type_condition=node.type_condition,
                selection_set=node.selection_set,
                directives=(),
                variable_definitions=(),
            )
        )
        return FragmentSpreadNode(name=name, directives=self.conditions(), arguments=())

    def leave_selection_set(self, node: SelectionSetNode, *_: Any) -> SelectionSetNode:
        selections: list[Any] = []
        for child in node.selections:
            again: Any = child
            if isinstance(child, FieldNode):
                roll = self.chance.random()
                if roll < 0.1:
                    selections.append(
                        InlineFragmentNode(
                            selection_set=SelectionSetNode(selections=(child,)), directives=self.conditions()
                        )
                    )
                elif roll < 0.2:
                    again = FieldNode(
                        name=child.name,
                        alias=child.alias,
                        arguments=child.arguments,
                        selection_set=child.selection_set,
                        directives=self.conditions(),
                    )
            selections.append(again)
        if self.chance.random() < 0.2:
            alias = NameNode(value=f"t{self.chance.randrange(9)}") if self.chance.random() < 0.5 else None
            meta = FieldNode(name=NameNode(value="__typename"), alias=alias, directives=(), arguments=())
            selections.insert(self.chance.randrange(len(selections) + 1), meta)
        return SelectionSetNode(selections=tuple(selections))

    def conditions(self) -> tuple[DirectiveNode, ...]:
        if self.chance.random() < 0.5:
            return ()
        skip = self.chance.random() < 0.5
        flag = self.chance.random() < 0.5
        value = self.variable("Boolean!", flag) if self.chance.random() < 0.7 else BooleanValueNode(value=flag)
        argument = ArgumentNode(name=NameNode(value="if"), value=value)
        return (DirectiveNode(name=NameNode(value="skip" if skip else "include"), arguments=(argument,)),)

    def variable(self, type_: str, value: Any) -> VariableNode:
        name = f"v{len(self.variables)}"
        self.variables[name] = value
        node = VariableNode(name=NameNode(value=name))
        required = type_.endswith("!")
        named: Any = parse_type_of(type_.rstrip("!"))
        self.definitions.append(
            VariableDefinitionNode(
                variable=node, type=NonNullTypeNode(type=named) if required else named, directives=()
            )
        )
        return node


def parse_type_of(name: str) -> Any:
    if name.startswith("["):
        document = parse(f"query ($a: {name}) {{ a }}")
        operation = document.definitions[0]
        assert isinstance(operation, OperationDefinitionNode)
        assert operation.variable_definitions
        return operation.variable_definitions[0].type
    return NamedTypeNode(name=NameNode(value=name))


def harden(schema: GraphQLSchema, document: DocumentNode, seed: int) -> tuple[DocumentNode, dict[str, Any]]:
    """A harder document, printed and parsed again so that it has locations, and its variables."""
    types = TypeInfo(schema)
    hardener = Hardener(types, random.Random(seed))
    changed: DocumentNode = visit(document, TypeInfoVisitor(types, hardener))
    definitions: list[Any] = []
    for definition in changed.definitions:
        if isinstance(definition, OperationDefinitionNode):
            definitions.append(
                OperationDefinitionNode(
                    operation=definition.operation,
                    name=definition.name,
                    variable_definitions=tuple(hardener.definitions),
                    directives=(),
                    selection_set=definition.selection_set,
                )
            )
        else:
            definitions.append(definition)
    definitions += hardener.fragments
    return parse(print_ast(DocumentNode(definitions=tuple(definitions)))), hardener.variables
