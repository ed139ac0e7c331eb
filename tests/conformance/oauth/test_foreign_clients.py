"""Clients that nobody here wrote, against the server in a process of its own.

Needs the packages of package-lock.json, which are installed here. The test plays the person who signs
in and allows.
"""

import asyncio
import json
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from authlib.deprecate import AuthlibDeprecationWarning
from authlib.integrations.base_client import OAuthError

from tests.auth.world import PASSWORD, SECRETS, Forms
from tests.conformance.npm_packages import installed
from tests.conformance.oauth.conftest import REDIRECT, SCOPE, Serving

with warnings.catch_warnings():  # it would rather have httpx2
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    from authlib.integrations.httpx_client import AsyncOAuth2Client

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def node() -> str:
    return installed(HERE)


@pytest.fixture
async def person(serving: Serving) -> AsyncIterator[httpx.AsyncClient]:
    """The browser of the person who signs in."""
    async with httpx.AsyncClient(base_url=serving.at, follow_redirects=False) as http:
        yield http


async def allow(person: httpx.AsyncClient, url: str) -> str:
    """Opens an authorization request, signs in and allows as far as asked; returns where it leads."""
    response = await person.get(url)
    answers = {"email": "pat@example.org", "password": PASSWORD, "decision": "allow"}
    for _ in range(8):
        if response.is_redirect:
            location = response.headers["location"]
            if not location.startswith("/"):
                return str(location)
            response = await person.get(location)
            continue
        assert response.status_code == 200, response.text
        action, fields = Forms(response.text).found[0]
        headers = {"origin": str(person.base_url).rstrip("/")}
        response = await person.post(action, data=fields | answers, headers=headers)
    raise AssertionError("going round in circles")


@pytest.mark.parametrize("script", ["openid_client.mjs", "oauth4webapi.mjs"])
async def test_a_certified_client(script: str, node: str, serving: Serving, person: httpx.AsyncClient) -> None:
    clients = {name: {"id": name, "secret": SECRETS.get(name)} for name in ("web", "spa", "service", "gate")}
    given = json.dumps({"issuer": serving.at, "redirectUri": REDIRECT, "scope": SCOPE, **clients})
    process = await asyncio.create_subprocess_exec(
        node, script, given, cwd=HERE, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    said: dict[str, object] = {}
    async for line in process.stdout:
        said = json.loads(line)
        if "open" in said:
            process.stdin.write((await allow(person, str(said["open"])) + "\n").encode())
            await process.stdin.drain()
    assert await process.wait() == 0
    assert isinstance(said["checked"], int)
    assert said["checked"] > 10


@pytest.mark.parametrize("client_id", ["web", "spa"])
async def test_authlibs_own_client(client_id: str, serving: Serving, person: httpx.AsyncClient) -> None:
    secret = SECRETS.get(client_id)
    method = "client_secret_basic" if secret else "none"
    token_endpoint, revoke, introspect = (f"{serving.at}/oauth/{name}" for name in ("token", "revoke", "introspect"))
    verifier = "v" * 64
    async with (
        AsyncOAuth2Client(
            client_id, secret, scope=SCOPE, redirect_uri=REDIRECT, code_challenge_method="S256",
            token_endpoint_auth_method=method, revocation_endpoint_auth_method=method,
        ) as client,
        AsyncOAuth2Client("gate", SECRETS["gate"]) as gate,
        AsyncOAuth2Client("service", SECRETS["service"]) as service,
    ):  # fmt: skip
        url, state = client.create_authorization_url(f"{serving.at}/oauth/authorize", code_verifier=verifier)
        back = await allow(person, url)
        assert parse_qs(urlsplit(back).query)["iss"] == [serving.at]
        first = await client.fetch_token(
            token_endpoint, authorization_response=back, state=state, code_verifier=verifier
        )
        second = await client.refresh_token(token_endpoint, first["refresh_token"])
        assert second["refresh_token"] != first["refresh_token"]
        assert (await gate.introspect_token(introspect, second["access_token"])).json()["active"]
        with pytest.raises(OAuthError, match="invalid_grant"):
            await client.refresh_token(token_endpoint, first["refresh_token"])
        assert not (await gate.introspect_token(introspect, second["access_token"])).json()["active"]
        with pytest.raises(OAuthError, match="invalid_grant"):
            await client.fetch_token(token_endpoint, authorization_response=back, state=state, code_verifier=verifier)

        url, state = client.create_authorization_url(f"{serving.at}/oauth/authorize", code_verifier=verifier)
        back = await allow(person, url)
        third = await client.fetch_token(
            token_endpoint, authorization_response=back, state=state, code_verifier=verifier
        )
        assert (await client.revoke_token(revoke, third["refresh_token"])).status_code == 200
        assert not (await gate.introspect_token(introspect, third["access_token"])).json()["active"]
        own = await service.fetch_token(token_endpoint, grant_type="client_credentials", scope="appointment:read")
        assert own["scope"] == "appointment:read"
