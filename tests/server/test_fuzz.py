"""What a machine thinks up brings no bug to light; `make conformance` asks much more of it."""

from resolvers import build_schema
from tests.client import Client
from tests.server.fuzzing import ask_all, documents


async def test_nothing_that_is_asked_breaks_anything(clinic: str) -> None:
    texts = documents(build_schema()._schema, 160)
    async with Client.of(clinic) as client:
        codes, wrong = await ask_all(client, texts)
    assert wrong == []
    assert codes.total() > 160
    assert {"none", "FORBIDDEN", "UNAUTHENTICATED"} <= codes.keys()
