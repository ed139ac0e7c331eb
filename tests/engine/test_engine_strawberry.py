"""Strawberry with our executor: its resolvers, infos, extensions and subscriptions as with its own."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import strawberry
from graphql import GraphQLObjectType
from strawberry.extensions import FieldExtension, SchemaExtension

from engine import BreadthFirstExecutor, Item, fallbacks


@strawberry.interface
class Named:
    name: str


@strawberry.type
class Clinic(Named):
    @strawberry.field
    async def shout(self, info: strawberry.Info, times: int = 1) -> str:
        await asyncio.sleep(0)
        return f"{self.name.upper() * times} {info.path.key} {info.variable_values} {info.context['who']}"


@strawberry.type
class Doctor(Named):
    clinic: Clinic | None = None

    @strawberry.field
    def broken(self) -> int | None:
        raise ValueError(f"broken {self.name}")


@strawberry.type
class Row:
    id: strawberry.ID
    label: str | None


class Louder(FieldExtension):
    def resolve(self, next_: Any, source: Any, info: strawberry.Info, **given: Any) -> Any:
        return f"{next_(source, info, **given)}!"


@strawberry.type
class Query:
    @strawberry.field
    async def everyone(self) -> list[Named]:
        clinic = Clinic(name="c")
        return [Doctor(name="d", clinic=clinic), clinic, Doctor(name="e")]

    @strawberry.field(extensions=[Louder()])  # type: ignore[untyped-decorator]
    def hello(self, info: strawberry.Info, to: str = "you") -> str:
        return f"hello {to} {info.input_extensions}"

    @strawberry.field
    def thing(self) -> Doctor | Clinic:
        return Doctor(name="d")

    @strawberry.field
    def rows(self) -> list[Row]:
        return [{"id": n, "label": None} for n in range(3)]  # type: ignore[misc]


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def rename(self, name: str) -> Doctor:
        return Doctor(name=name)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int) -> AsyncIterator[int]:
        for number in range(to):
            yield number


class Marking(SchemaExtension):
    """An extension with every hook, and one that sees each field."""

    def on_execute(self) -> Any:
        yield

    def resolve(self, _next: Any, root: Any, info: Any, *args: str, **kwargs: Any) -> Any:
        return _next(root, info, *args, **kwargs)

    def get_results(self) -> dict[str, Any]:
        return {"marked": True}


def schema_of(executor: Any, *extensions: Any) -> strawberry.Schema:
    return strawberry.Schema(
        Query, Mutation, Subscription, types=[Doctor, Clinic], execution_context_class=executor,
        extensions=extensions,
    )  # fmt: skip


DOCUMENTS = [
    """query Q($n: Int = 2) {
        everyone { __typename name ... on Doctor { clinic { shout(times: $n) } broken } ... on Clinic { shout } }
        hello(to: "me") thing { ... on Doctor { name broken clinic { name } } }
    }""",
    'mutation { rename(name: "x") { name clinic { name } } two: rename(name: "y") { broken } }',
    "{ __schema { queryType { name } } }",
    "{ everyone { nope } }",
]


async def test_answers_are_those_of_strawberrys_own_executor() -> None:
    for extensions in ((), (Marking,)):
        for document in DOCUMENTS:
            answers = []
            for executor in (None, BreadthFirstExecutor):
                result = await schema_of(executor, *extensions).execute(
                    document, context_value={"who": "w"}, operation_extensions={"ext": 1}
                )
                errors = sorted(json.dumps([e.path, e.message, str(e.locations)]) for e in result.errors or [])
                answers.append((json.dumps(result.data), errors, result.extensions))
            assert answers[0] == answers[1]


def test_synchronous_execution() -> None:
    before = fallbacks.total()
    answers = [
        schema_of(executor).execute_sync("{ hello thing { ... on Doctor { name } } }")
        for executor in (None, BreadthFirstExecutor)
    ]
    assert answers[1].data == answers[0].data == {"hello": "hello you None!", "thing": {"name": "d"}}
    assert fallbacks.total() == before


async def test_subscriptions() -> None:
    stream: Any = await schema_of(BreadthFirstExecutor).subscribe("subscription { count(to: 3) }")
    assert [event.data async for event in stream] == [{"count": 0}, {"count": 1}, {"count": 2}]


async def test_batches_and_reads_on_a_strawberry_schema() -> None:
    schema = schema_of(BreadthFirstExecutor)
    type_ = schema._schema.type_map["Row"]
    assert isinstance(type_, GraphQLObjectType)
    extended: list[Any] = []

    async def labels(sources: list[Any], info: Any) -> list[str]:
        extended.append(info.operation_extensions)
        return [f"label {source['id']}" for source in sources]

    type_.fields["id"].extensions["read"] = Item("id")
    type_.fields["label"].extensions["batch"] = labels
    result = await schema.execute("{ rows { id label } }", operation_extensions={"a": 1})
    assert result.errors is None
    assert result.data == {"rows": [{"id": str(n), "label": f"label {n}"} for n in range(3)]}
    assert extended == [{"a": 1}]
