"""Each behaviour and close code that graphql-ws and graphql-sse document, tried by their clients against the server.

README.md lists them, and says where each is tried; the scripts beside it print whether it was so.
"""

import asyncio
import json
import re
from asyncio.subprocess import PIPE
from typing import Any

import pytest
from starlette.types import Scope

from auth.viewer import Viewer
from schema.node import encode_id
from server.graphql_request import RequestRefused
from server.streams.messages import CloseCode
from server.streams.patience import Patience
from tests.client import VIEWERS
from tests.conformance.streams.test_reference_clients import HERE, node, quiet
from tests.streams.serving import serving

__all__ = ["node", "quiet"]
ROW = re.compile(r"^\| .* \| (.*) \|$", re.MULTILINE)
SCRIPTS = {"graphql_ws": "graphql_ws_behaviours.mjs", "graphql_sse": "graphql_sse_behaviours.mjs"}


class Tokens:
    """Whom the scripts' tokens stand for, and what goes wrong with some. What is slow takes until all is `over`."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    async def __call__(self, scope: Scope) -> Viewer:
        headers = dict(scope["headers"])
        if b"x-test-viewer" in headers:
            return VIEWERS[headers[b"x-test-viewer"].decode()]
        match headers.get(b"authorization", b"").decode().removeprefix("Bearer "):
            case "public":
                return Viewer(client_id="public", scopes=frozenset({"slot:read"}))
            case "away":
                raise RequestRefused(503, "nobody can tell", code="SERVICE_UNAVAILABLE")
            case "bug":
                raise RuntimeError("the secret")
            case "slow":
                await self.over.wait()
        raise RequestRefused(401, "the token has expired", code="UNAUTHENTICATED")


async def lines(node: str, script: str, given: dict[str, Any]) -> list[dict[str, str]]:
    process = await asyncio.create_subprocess_exec(node, script, json.dumps(given), cwd=HERE, stdout=PIPE)
    try:
        output, _ = await asyncio.wait_for(process.communicate(), 300)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return [json.loads(line) for line in output.splitlines()]


@pytest.mark.parametrize("name", SCRIPTS)
async def test_a_documented_behaviour(node: str, quiet: str, name: str, caplog: pytest.LogCaptureFixture) -> None:
    clinic = {"slot": encode_id("Slot", 160), "doctor": encode_id("Doctor", 1), "patient": encode_id("Patient", 3)}
    tokens = Tokens()
    async with (
        serving(quiet, viewer_of=tokens, patience=Patience(heartbeat=0.05)) as served,
        serving(quiet, viewer_of=tokens, works=False, patience=Patience(init=0.05)) as impatient,
    ):
        port = served.port
        given = clinic | {"name": name, "http": f"http://127.0.0.1:{port}/graphql"}
        given |= {"url": f"ws://127.0.0.1:{port}/graphql", "impatient": f"ws://127.0.0.1:{impatient.port}/graphql"}
        said = await lines(node, SCRIPTS[name], given)
        tokens.over.set()
        assert [each for each in said if "wrong" in each] == []
        async with asyncio.timeout(60):
            while served.app.events.watching:
                await asyncio.sleep(0.01)  # whatever a client did, the server has noticed its end
    assert [each.getMessage() for each in caplog.records if each.name == "uvicorn.error"] == []
    tried = {f"`{each['name']}`" for each in said}
    assert tried == set(re.findall(r"`[^`]+`", section(name)))


def section(name: str) -> str:
    """The last column of the part of the table that a script tries."""
    _, _, rest = (HERE / "README.md").read_text().partition(f"`{SCRIPTS[name]}`\n")
    table, _, _ = rest.partition("\n## ")
    return "\n".join(ROW.findall(table)[1:])


def test_what_is_tried_elsewhere_is_there() -> None:
    """The functions that the list names besides, and each close code that the server has."""
    text = (HERE / "README.md").read_text()
    named = re.findall(r"\[(test_\w+)\]\(([\w./]+)\)", text)
    assert len(named) > 5
    for function, file in named:
        assert re.search(rf"^(async )?def {function}\b", (HERE / file).read_text(), re.MULTILINE), (function, file)
    for code in CloseCode:
        assert re.search(rf"^\| {int(code)}\b", text, re.MULTILINE), code
