"""Clients that nobody here wrote put deferred and streamed payloads together: each has the answer in one piece.

Needs the packages of package-lock.json, which are installed here.
"""

import asyncio
import json
import re
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.conformance.npm_packages import installed
from tests.conformance.streams.test_reference_clients import SOON, Tokens
from tests.server.incremental.asking import put_together
from tests.streams.serving import serving

HERE = Path(__file__).resolve().parent
QUERY = """query Search {
  doctors(first: 3, orderBy: REGISTRATION) {
    edges @stream(initialCount: 1) { node { id specialty ...Where @defer(label: "Where") } }
  }
  clinics(first: 1) { edges { node { id name ... @defer(label: "About") { name city email } } } }
}
fragment Where on Doctor { id licenceNumber clinics { id name ... @defer(label: "Town") { city } } }"""
PLAIN = re.sub(r"@(defer|stream)\([^)]*\)", "", QUERY)
MULTIPART = {
    "apollo of 2022": "multipart/mixed;deferSpec=20220824",
    "apollo of 2024": "multipart/mixed;incrementalSpec=v0.2",
}


@pytest.fixture(scope="module")
def node() -> str:
    return installed(HERE)


async def heard(node: str, port: int, query: str) -> dict[str, Any]:
    """What each client tells at the end, by its name."""
    given = {"url": f"http://127.0.0.1:{port}/graphql", "token": "Bearer public", "query": query}
    given["deferred"] = query.replace("@stream(initialCount: 1)", "")
    process = await asyncio.create_subprocess_exec(
        node, "incremental.mjs", json.dumps(given), cwd=HERE, stdout=PIPE, stderr=PIPE
    )
    async with asyncio.timeout(SOON):
        said, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()[-2_000:]
    told: dict[str, Any] = {}
    for line in said.splitlines():
        told |= json.loads(line)
    return told


async def test_each_has_the_whole_answer(node: str, clinic: str) -> None:
    async with serving(clinic, viewer_of=Tokens(), works=False) as served:
        async with served.http as http:
            answer = await http.post("/graphql", json={"query": PLAIN}, headers={"authorization": "Bearer public"})
        data = answer.json()["data"]
        told = await heard(node, served.port, QUERY)
    for who, accept in MULTIPART.items():
        assert told[who]["last"] == {"data": data, "accepted": told[who]["last"]["accepted"]}
        assert all(accept in accepted for accepted in told[who]["last"]["accepted"])
    assert told["urql"]["last"] == {"data": data}
    assert told["meros"]["last"]["json"]
    assert put_together(told["meros"]["last"]["payloads"])["data"] == data
    assert put_together(told["graphql-sse"]["last"]["payloads"])["data"] == data
    assert all(each["told"] > 1 for each in told.values()), "it came at once"


async def test_each_hears_of_what_failed(node: str, clinic: str) -> None:
    sql = await asyncpg.connect(clinic)
    await sql.execute("ALTER TABLE clinics DROP COLUMN city CASCADE")
    await sql.close()
    query = "{ doctors(first: 1) { edges { node { id ... @defer { clinics { id city } } } } } }"
    async with serving(clinic, viewer_of=Tokens(), works=False) as served:
        told = await heard(node, served.port, query)
    for who in MULTIPART:
        (error,) = told[who]["last"]["error"]
        assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    for who in (*MULTIPART, "urql"):
        assert "clinics" not in told[who]["last"]["data"]["doctors"]["edges"][0]["node"]
    for who in ("meros", "graphql-sse"):
        assert put_together(told[who]["last"]["payloads"])["failed"] == [["doctors", "edges", 0, "node"]]
