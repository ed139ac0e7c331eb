"""Two thousand operations that a machine has thought up, over queries and mutations, as several viewers."""

from resolvers import build_schema
from tests.client import Client
from tests.server.fuzzing import VIEWERS, ask_all, documents

OPERATIONS = 2_000


async def test_nothing_that_is_asked_breaks_anything(clinic: str) -> None:
    # Thought up before the server opens: nothing of it runs meanwhile, and what waits would give up.
    texts = documents(build_schema()._schema, OPERATIONS)
    assert len(texts) == OPERATIONS
    mutations = sum(text.lstrip().startswith("mutation") for text in texts)
    assert mutations > OPERATIONS // 10
    async with Client.of(clinic) as client:
        codes, wrong = await ask_all(client, texts)
    assert wrong == [], f"{len(wrong)} of {len(texts)}"
    print({"operations": len(texts), "mutations": mutations, "viewers": len(VIEWERS), **codes})
