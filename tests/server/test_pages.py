"""The pages' headers and assets, on a folder of bundles made up here: these tests need no npm."""

import gzip
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from graphql import OperationDefinitionNode, build_schema, parse, validate
from starlette.applications import Starlette
from starlette.routing import Route

from server.pages import DIST, Pages, accepted_encodings

EXAMPLES = sorted((DIST.parent / "src" / "examples").glob("*.graphql"))
SCHEMA = DIST.parent.parent / "schema.graphql"
SCRIPT = b"console.log('hello');" * 50
FILES = {
    "graphiql.js": "graphiql-AAAA1111.js",
    "graphiql.css": "graphiql-BBBB2222.css",
    "dashboard.js": "dashboard-FFFF6666.js",
    "dashboard.css": "dashboard-GGGG7777.css",
    "editor.worker.js": "editor.worker-CCCC3333.js",
    "icon.svg": "icon-DDDD4444.svg",
}


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    folder.mkdir()
    for file in FILES.values():
        (folder / file).write_bytes(SCRIPT)
    (folder / "graphiql-AAAA1111.js.gz").write_bytes(gzip.compress(SCRIPT))
    (folder / "font-EEEE5555.woff2").write_bytes(b"wOF2")
    (folder / "manifest.json").write_text(json.dumps(FILES))
    (folder / ".stamp").write_text("0")
    (tmp_path / "secret.js").write_text("secret")
    return folder


@pytest.fixture
async def client(dist: Path) -> AsyncIterator[httpx.AsyncClient]:
    pages = Pages(dist)
    app = Starlette(routes=[Route("/graphql", pages.graphiql), Route("/dashboard", pages.dashboard), *pages.routes()])
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://clinicgraph.test") as client:
        yield client


async def test_the_page_forbids_all_that_it_does_not_need(client: httpx.AsyncClient) -> None:
    page = await client.get("/graphql")

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["worker-src"] == policy["connect-src"] == "'self'"
    assert not re.search(r"https?:|\*|unsafe-eval|blob:", page.headers["content-security-policy"])
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["cross-origin-opener-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-cache"
    assert page.headers["vary"] == "Accept"


async def test_the_dashboard_needs_no_exception(client: httpx.AsyncClient) -> None:
    page = await client.get("/dashboard")

    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert set(policy.values()) == {"'self'", "'none'"}
    assert policy["default-src"] == "'none'"
    assert f"/assets/{FILES['dashboard.js']}" in page.text


async def test_the_page_names_only_assets_that_exist(client: httpx.AsyncClient) -> None:
    html = (await client.get("/graphql")).text

    references = re.findall(r'(?:href|src)="([^"]*)"', html)
    assert sorted(references) == sorted(
        f"/assets/{FILES[name]}" for name in ("graphiql.js", "graphiql.css", "icon.svg")
    )
    assert "://" not in html
    assert not re.search(r"<script[^>]*>[^<]", html), "a script within the page"
    for reference in references:
        assert (await client.get(reference)).content == SCRIPT


async def test_assets_are_cached_for_ever(client: httpx.AsyncClient) -> None:
    asset = await client.get("/assets/graphiql-BBBB2222.css")

    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert asset.headers["content-type"].startswith("text/css")
    assert asset.headers["x-content-type-options"] == "nosniff"
    assert "content-encoding" not in asset.headers
    assert (await client.get("/assets/font-EEEE5555.woff2")).headers["content-type"] == "font/woff2"


@pytest.mark.parametrize(
    ("accepts", "encoding"),
    [("gzip, deflate, br", "gzip"), ("br", None), ("gzip;q=0, br;q=0.5", None), ("identity", None)],
)
async def test_an_asset_comes_compressed_to_who_can_read_it(
    client: httpx.AsyncClient, accepts: str, encoding: str | None
) -> None:
    asset = await client.get("/assets/graphiql-AAAA1111.js", headers={"Accept-Encoding": accepts})

    assert asset.headers.get("content-encoding") == encoding
    assert asset.headers["content-type"].startswith("text/javascript")
    assert asset.headers["vary"] == "Accept-Encoding"
    assert asset.content == SCRIPT


async def test_brotli_is_preferred(client: httpx.AsyncClient, dist: Path) -> None:
    (dist / "graphiql-AAAA1111.js.br").write_bytes(b"brotli")
    request = client.build_request("GET", "/assets/graphiql-AAAA1111.js")
    request.headers["Accept-Encoding"] = "gzip, br"

    answer = await client.send(request, stream=True)

    assert answer.headers["content-encoding"] == "br"
    assert [part async for part in answer.aiter_raw()] == [b"brotli"]


@pytest.mark.parametrize(
    "name",
    [
        "manifest.json", ".stamp", "graphiql-AAAA1111.js.gz", "missing.js", "", "..",
        "%2E%2E/secret.js", "%2E%2E%2Fsecret.js", "..%5Csecret.js", "%00.js",
    ],
)  # fmt: skip
async def test_nothing_else_is_served(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/assets/{name}")).status_code == 404


async def test_bundles_that_are_not_built_say_how_to_build_them(tmp_path: Path) -> None:
    pages = Pages(tmp_path / "missing")
    app = Starlette(routes=[Route("/graphql", pages.graphiql), *pages.routes()])
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://clinicgraph.test") as client:
        page = await client.get("/graphql")
        asset = await client.get("/assets/graphiql-AAAA1111.js")

    assert page.status_code == 503
    assert "make web" in page.text
    assert asset.status_code == 404


def test_encodings_refused_by_quality_are_not_accepted() -> None:
    assert accepted_encodings(["gzip;q=0.000, br; q=0.1", "zstd"]) == {"br", "zstd"}
    assert accepted_encodings([]) == set()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_says_what_it_shows_and_fits_the_schema(example: Path) -> None:
    text = example.read_text()
    document = parse(text)

    assert text.startswith("# ")
    assert [node.name is not None for node in document.definitions if isinstance(node, OperationDefinitionNode)] == [
        True
    ]
    assert example.name in (example.parent / "index.js").read_text()
    if SCHEMA.exists():
        assert validate(build_schema(SCHEMA.read_text()), document) == []
