"""Compilers, linters and composers that nobody here wrote, over schema.graphql and operations. They are installed here.

What they work on is a copy in a folder of its own: nothing of theirs stays in the checkout.
"""

import asyncio
import json
import re
import shutil
from pathlib import Path

import pytest

from server.persisted import read_manifest
from server.settings import Settings
from server.wire import Wire
from tests.conformance.npm_packages import installed
from tests.streams.serving import serving
from tests.test_operations import FILES

HERE = Path(__file__).resolve().parent
SCHEMA = HERE.parents[2] / "schema.graphql"
MODULES = HERE / "node_modules"
PATIENCE = 300.0


@pytest.fixture(scope="module")
def node() -> str:
    return installed(HERE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The schema, and what is installed, as a client's checkout has them."""
    shutil.copy(SCHEMA, tmp_path)
    (tmp_path / "node_modules").symlink_to(MODULES)
    return tmp_path


async def output_of(*command: str | Path, cwd: Path = HERE) -> str:
    """What a command writes; it must end well."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=cwd, stdout=pipe, stderr=asyncio.subprocess.STDOUT)
    written, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 0, written.decode()[-4_000:]
    return written.decode()


def known(manifest: Path) -> dict[str, str]:
    """The operations of a manifest, as the server reads it."""
    documents = read_manifest(manifest)
    assert documents
    return documents


async def test_eslint(node: str) -> None:
    """The recommended rules and Relay's, but for what eslint.config.mjs gives a reason for."""
    eslint = MODULES / "eslint" / "bin" / "eslint.js"
    options = ("--config", HERE / "eslint.config.mjs", "--max-warnings", "0")
    await output_of(node, eslint, *options, SCHEMA.name, cwd=SCHEMA.parent)


async def test_the_relay_compiler(node: str, folder: Path, three: str) -> None:
    """Fragments, pages, a mutation and a subscription compile; the server takes the manifest and runs what is in it."""
    shutil.copytree(HERE / "relay", folder, dirs_exist_ok=True)
    manifest = folder / "documents.json"
    manifest.write_text("{}")
    (folder / "__generated__").mkdir()
    await output_of(node, MODULES / "relay-compiler" / "cli.js", "relay.config.json", cwd=folder)
    assert len(list((folder / "__generated__").glob("*.graphql.ts"))) == 9
    documents = known(manifest)
    settings = Settings(wire=Wire(persisted_documents=manifest, persisted_only=frozenset({"all"})))
    queries = {name: text for name, text in documents.items() if text.startswith("query")}
    assert len(queries) == 4
    async with serving(three, settings=settings, works=False) as served, served.http as http:
        for name, text in queries.items():
            ids = {"id": "RG9jdG9yOjE", "doctor": "RG9jdG9yOjE"}
            variables = {variable: value for variable, value in ids.items() if f"${variable}:" in text}
            asked = {"documentId": f"sha256:{name}", "variables": variables}
            answer = (await http.post("/graphql", json=asked, headers={"x-test-viewer": "service"})).json()
            assert "errors" not in answer, (text, answer)


async def test_graphql_codegen_and_strict_typescript(node: str, folder: Path) -> None:
    """The client preset over the whole corpus; a program that uses its types compiles, and its mistakes do not."""
    written = await output_of(node, HERE / "codegen.mjs", folder / "schema.graphql", folder, *FILES)
    assert int(written.splitlines()[-1]) == len(FILES)
    assert len(known(folder / "persisted-documents.json")) == len(FILES)
    for name in ("reader.ts", "tsconfig.json"):
        shutil.copy(HERE / name, folder)
    await output_of(node, MODULES / "typescript" / "bin" / "tsc", "-p", ".", cwd=folder)


async def test_composition_as_a_subgraph(node: str) -> None:
    """Guards and costs go along into the supergraph, where a router heeds them."""
    composed = json.loads(await output_of(node, "composition.mjs", SCHEMA))
    assert (composed["errors"], composed["warnings"]) == ([], [])
    used, kept = (
        re.findall(r"@(requiresScopes|cost|listSize)\(", text) for text in (SCHEMA.read_text(), composed["supergraph"])
    )
    for directive in ("requiresScopes", "cost", "listSize"):
        assert 1 < used.count(directive) <= kept.count(directive) + 1, directive
    assert "@authenticated" in composed["supergraph"]
