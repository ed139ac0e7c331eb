"""Documents that are named and not sent: trusted ones, and those that clients persist by themselves."""

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from auth.viewer import ANONYMOUS
from server.app import create_app
from server.graphql_request import GraphQLRequest
from server.persisted import PersistedDocuments, read_manifest
from server.settings import Settings
from server.settings_error import SettingsError
from server.wire import Wire
from tests.client import viewer_of

TEXT = "query Doctors { doctors(first: 1) { edges { node { licenceNumber } } } }"
OTHER = "query Other { __typename }"
ANSWER = {"data": {"doctors": {"edges": [{"node": {"licenceNumber": "L1"}}]}}}
PREFLIGHT = {"graphql-require-preflight": "1"}


def name(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def apq(text: str) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": name(text)}}}


MANIFESTS = {
    "relay-compiler and graphql-codegen": {name(TEXT): TEXT},
    "with a prefix": {f"sha256:{name(TEXT)}": TEXT},
    "apollo": {
        "format": "apollo-persisted-query-manifest",
        "version": 1,
        "operations": [{"id": name(TEXT), "name": "Doctors", "type": "query", "body": TEXT}],
    },
}


@pytest.fixture(params=MANIFESTS, ids=str)
def manifest(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "documents.json"
    path.write_text(json.dumps(MANIFESTS[request.param]))
    return path


@asynccontextmanager
async def serving(three: str, **more: Any) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(three, Settings(wire=Wire(show_cost=False, **more)), viewer_of=viewer_of)
    transport = httpx.ASGITransport(app)
    async with app.lifespan, httpx.AsyncClient(transport=transport, base_url="http://clinicgraph.test") as http:
        http.headers.update({"x-test-viewer": "anonymous"})
        yield http


def codes(response: httpx.Response) -> list[str]:
    return [error["extensions"]["code"] for error in response.json().get("errors", [])]


async def test_a_trusted_document_is_asked_for_by_its_name(three: str, manifest: Path) -> None:
    async with serving(three, persisted_documents=manifest) as http:
        for given in (f"sha256:{name(TEXT)}", name(TEXT).upper()):
            assert (await http.post("/graphql", json={"documentId": given})).json() == ANSWER
        assert (await http.post("/graphql", json=apq(TEXT))).json() == ANSWER
        unknown = await http.post("/graphql", json={"documentId": f"sha256:{name(OTHER)}"})
        assert (unknown.status_code, codes(unknown)) == (200, ["PERSISTED_QUERY_NOT_FOUND"])
        for wrong in ("sha256:abc", "md5:" + "0" * 32, 5, ""):
            assert (await http.post("/graphql", json={"documentId": wrong})).status_code == 400
        others: tuple[Any, ...] = ({}, 5, {"version": 2, "sha256Hash": name(TEXT)}, {"version": 1, "sha256Hash": "x"})
        for other in others:
            response = await http.post("/graphql", json={"extensions": {"persistedQuery": other}})
            assert response.status_code == 400


async def test_some_clients_may_send_trusted_documents_only(three: str, manifest: Path) -> None:
    async with serving(three, persisted_documents=manifest, persisted_only=frozenset({"service"})) as http:
        http.headers.update({"x-test-viewer": "service"})
        assert codes(await http.post("/graphql", json={"query": OTHER})) == ["QUERY_NOT_IN_SAFELIST"]
        assert codes(await http.post("/graphql", json=apq(OTHER))) == ["PERSISTED_QUERY_NOT_SUPPORTED"]
        assert codes(await http.post("/graphql", json={"query": OTHER, **apq(OTHER)})) == [
            "PERSISTED_QUERY_NOT_SUPPORTED"
        ]
        assert codes(await http.post("/graphql", json={"documentId": name(OTHER)})) == ["PERSISTED_QUERY_NOT_FOUND"]
        for request in ({"query": TEXT}, {"documentId": name(TEXT)}, apq(TEXT)):
            assert (await http.post("/graphql", json=request)).json() == ANSWER
        http.headers.update({"x-test-viewer": "anonymous"})
        assert codes(await http.post("/graphql", json={"query": OTHER})) == []
    async with serving(three, persisted_documents=manifest, persisted_only=frozenset({"all"})) as http:
        assert codes(await http.post("/graphql", json={"query": OTHER})) == ["QUERY_NOT_IN_SAFELIST"]


async def test_a_client_persists_its_documents_itself(three: str) -> None:
    async with serving(three) as http:
        for accept in ("application/json", "application/graphql-response+json"):
            missing = await http.post("/graphql", json=apq(TEXT), headers={"accept": accept})
            assert missing.status_code == 200
            assert missing.json()["errors"][0]["message"] == "PersistedQueryNotFound"
        lie = await http.post("/graphql", json={"query": OTHER, **apq(TEXT)})
        assert codes(lie) == ["BAD_USER_INPUT"]
        assert (await http.post("/graphql", json={"query": TEXT, **apq(TEXT)})).json() == ANSWER
        assert (await http.post("/graphql", json=apq(TEXT))).json() == ANSWER
        by_get = await http.get(
            "/graphql", params={"extensions": json.dumps(apq(TEXT)["extensions"])}, headers=PREFLIGHT
        )
        assert by_get.json() == ANSWER
        # Nobody else may name it as if it were trusted, and what is invalid is not kept.
        assert codes(await http.post("/graphql", json={"documentId": name(TEXT)})) == ["PERSISTED_QUERY_NOT_FOUND"]
        invalid = "{ physicians }"
        await http.post("/graphql", json={"query": invalid, **apq(invalid)})
        assert codes(await http.post("/graphql", json=apq(invalid))) == ["PERSISTED_QUERY_NOT_FOUND"]


def test_what_clients_persist_is_kept_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.persisted.KEPT_CHARACTERS", 100)
    persisted = PersistedDocuments()
    texts = [f"{{ a{n:02}: __typename }}" for n in range(20)]
    for text in texts:
        persisted.keep(GraphQLRequest(text, None, None, name(text), is_automatic=True))
    assert list(persisted._kept.values()) == texts[-5:]
    assert persisted.text_of(GraphQLRequest("", None, None, name(texts[-1]), is_automatic=True), ANONYMOUS) == texts[-1]


async def test_a_public_answer_may_be_kept(three: str, manifest: Path) -> None:
    async with serving(three, persisted_documents=manifest) as http:

        async def get(text: str = TEXT, **headers: str) -> httpx.Response:
            given = PREFLIGHT | {key.replace("_", "-"): value for key, value in headers.items()}
            return await http.get("/graphql", params={"documentId": name(text)}, headers=given)

        kept = await get()
        assert (kept.headers["cache-control"], kept.json()) == ("public, max-age=30", ANSWER)
        etag = kept.headers["etag"]
        for known in (etag, f'"x", W/{etag}', "*"):
            again = await get(if_none_match=known)
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
        assert (await get(if_none_match='"x"')).json() == ANSWER
        query = await http.request("QUERY", "/graphql", json={"documentId": name(TEXT)})
        assert query.headers["etag"] == etag
        private = [
            await get(authorization="Bearer x"),
            await get(OTHER),
            await http.post("/graphql", json={"documentId": name(TEXT)}),
            await http.get("/graphql", params={"query": TEXT}, headers=PREFLIGHT),
        ]
        for response in private:
            assert response.headers["cache-control"] == "private, no-store"
            assert "etag" not in response.headers


async def test_how_much_one_may_still_ask_is_told_to_oneself_alone(three: str, tmp_path: Path) -> None:
    text = "{ rateLimit { remaining } }"
    (tmp_path / "m.json").write_text(json.dumps({name(text): text}))
    async with serving(three, persisted_documents=tmp_path / "m.json") as http:
        response = await http.get("/graphql", params={"documentId": name(text)}, headers=PREFLIGHT)
        assert response.headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "must hold an object"),
        ({name(TEXT): 1}, "must hold texts"),
        ({name(OTHER): TEXT}, "the hash is another's"),
        ({hashlib.md5(TEXT.encode()).hexdigest(): TEXT}, "named by MD5"),
        ({"0" * 40: TEXT}, "named by SHA-1"),
        ({"format": "apollo-persisted-query-manifest", "version": 2, "operations": []}, "no manifest of version 1"),
        ({"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"id": "x"}]}, "must hold texts"),
    ],
    ids=str,
)
def test_a_manifest_that_cannot_be(tmp_path: Path, written: Any, says: str) -> None:
    path = tmp_path / "m.json"
    path.write_text(written if isinstance(written, str) else json.dumps(written))
    with pytest.raises(SettingsError, match=says):
        read_manifest(path)


def test_a_manifest_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_manifest(tmp_path / "m.json")
    with pytest.raises(SettingsError, match="needs CLINICGRAPH_PERSISTED_DOCUMENTS"):
        Settings.read({"CLINICGRAPH_PERSISTED_ONLY": "all"})
