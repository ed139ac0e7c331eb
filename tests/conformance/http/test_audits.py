"""The audits of npm `graphql-http` (GraphQL over HTTP), which nobody here wrote. They are installed here."""

import asyncio
import json
from pathlib import Path

import pytest
from starlette.types import Scope

from auth.viewer import ANONYMOUS, Viewer
from tests.conformance.npm_packages import installed
from tests.streams.serving import serving

HERE = Path(__file__).resolve().parent


async def nobody(_scope: Scope) -> Viewer:
    return ANONYMOUS


@pytest.fixture(scope="module")
def node() -> str:
    return installed(HERE)


async def test_every_audit_is_passed(node: str, three: str) -> None:
    async with serving(three, viewer_of=nobody, works=False) as served:
        process = await asyncio.create_subprocess_exec(
            *(node, "audits.mjs", f"http://127.0.0.1:{served.port}/graphql"), cwd=HERE, stdout=asyncio.subprocess.PIPE
        )
        written, _ = await process.communicate()
    results = [json.loads(line) for line in written.splitlines()]
    assert [each for each in results if each["status"] != "ok"] == []
    assert len(results) == 61
