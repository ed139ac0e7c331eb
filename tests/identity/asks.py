"""Mutations of people as short calls, for tests."""

from typing import Any

from tests.client import Answer, Client

FIELDS = {
    "registerPatient": "email",
    "verifyEmail": "email",
    "enrollTotp": "secret uri",
    "confirmTotp": "recoveryCodes",
    "endSession": "session { endedAt }",
}


async def ask(client: Client, mutation: str, viewer: str, **input: Any) -> Answer:
    """The whole answer of a mutation."""
    shown = FIELDS.get(mutation, "user { id name status roles version }")
    name = mutation[0].upper() + mutation[1:]
    answered = f"{shown} userErrors {{ code message field }}"
    document = f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ {answered} }} }}"
    return await client.ask(document, {"input": input}, viewer=viewer)


async def do(client: Client, mutation: str, viewer: str, **input: Any) -> dict[str, Any]:
    """What was done. Fails if anything was refused."""
    payload: dict[str, Any] = (await ask(client, mutation, viewer, **input)).data[mutation]
    assert payload["userErrors"] == []
    return payload


async def refused(client: Client, mutation: str, viewer: str, **input: Any) -> list[tuple[str, str | None]]:
    """Code and field of what a rule refused, or the code of the top-level error."""
    answer = await ask(client, mutation, viewer, **input)
    if answer.codes:
        return [(code, None) for code in answer.codes]
    return [(error["code"], error["field"]) for error in answer.data[mutation]["userErrors"]]
