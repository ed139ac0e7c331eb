"""Whatever can be asked: with everything deferred and streamed, the payloads together are the answer in one piece."""

import json
from collections import Counter
from typing import Any

import pytest
from graphql import (
    ArgumentNode,
    DirectiveNode,
    FieldNode,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    NameNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_nullable_type,
    is_list_type,
    parse,
    print_ast,
    visit,
)

from tests.client import Client
from tests.server.incremental.asking import CURRENT, OLDER, ask_in_payloads, put_together_older
from tests.test_operations import FILES, headers, viewers

MOST = 55
DEFER = DirectiveNode(name=NameNode(value="defer"), arguments=())
STREAM = DirectiveNode(
    name=NameNode(value="stream"),
    arguments=(ArgumentNode(name=NameNode(value="initialCount"), value=IntValueNode(value="1")),),
)


def postponed(schema: GraphQLSchema, text: str) -> str:
    """The document with what is selected of each object deferred, and each list streamed."""
    types = TypeInfo(schema)
    left = MOST

    class Postpone(Visitor):
        def leave_field(self, node: FieldNode, *_: Any) -> Any:
            nonlocal left
            if node.selection_set is None or left < 2:
                return None
            left -= 2
            is_list = is_list_type(get_nullable_type(types.get_type()))
            inside = InlineFragmentNode(directives=(DEFER,), selection_set=node.selection_set)
            return FieldNode(
                name=node.name,
                alias=node.alias,
                arguments=node.arguments,
                directives=(*(node.directives or ()), *((STREAM,) if is_list else ())),
                selection_set=SelectionSetNode(selections=(inside,)),
            )

    return print_ast(visit(parse(text), TypeInfoVisitor(types, Postpone())))


def told(errors: list[Any]) -> Counter[Any]:
    return Counter(
        (error["extensions"]["code"], error["message"], tuple(part for part in error["path"] if isinstance(part, str)))
        for error in errors
    )


@pytest.mark.parametrize("of", range(3))
async def test_the_corpus_in_payloads(of: int, client: Client) -> None:
    schema = client.app.endpoint.schema
    most = 0
    for file in FILES[of::3]:
        text = file.read_text()
        variables = json.loads(headers(text).get("variables", "{}"))
        document = postponed(schema, text)
        for viewer in viewers(file)[:2]:
            whole = await client.ask(text, variables, viewer=viewer)
            again = await client.ask(document, variables, viewer=viewer)
            assert again.body["data"] == whole.body["data"], f"{file}: the directives count though nobody asked"
            assert told(again.body.get("errors", [])) == told(whole.body.get("errors", [])), file
            answer = await ask_in_payloads(client, document, variables, viewer=viewer, accept=CURRENT)
            most = max(most, len(answer.all))
            together = answer.whole
            older = await ask_in_payloads(client, document, variables, viewer=viewer, accept=OLDER)
            in_2022 = put_together_older(older.all)
            assert in_2022["data"] == together["data"], file
            assert told(in_2022.get("errors", [])) == told(together.get("errors", [])), file
            if whole.body["data"] is None:
                assert not any((together["data"] or {}).values())
            else:
                assert together["data"] == whole.body["data"], file
            assert told(together.get("errors", [])) == told(whole.body.get("errors", [])), file
    assert most > 3
