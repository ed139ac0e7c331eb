"""The authorization code grant, from the browser's first request to tokens, and what is refused on the way."""

import asyncio

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.auth.world import AT, CALLBACK, CHALLENGE, VERIFIER, World, authorize, came_back


async def test_a_person_signs_in_consents_and_gets_tokens(world: World) -> None:
    browser = await world.browser()
    await browser.open(authorize())
    assert "Sign in" in browser.page.text
    await browser.submit(email="Pat@Example.org ", password="correct horse battery")
    assert "Allow The web application?" in browser.page.text
    assert "See appointments" in browser.page.text
    assert "app.test" in browser.page.text

    back = came_back(await browser.submit(decision="allow"))
    assert back["state"] == "the state"
    response = await world.redeem(back["code"])
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 900
    assert body["scope"] == "openid appointment:read"

    keys = KeySet.import_key_set((await (await world.http()).get("/oauth/jwks")).json())
    access = jwt.decode(body["access_token"], keys, algorithms=["ES256"])
    assert access.header["typ"] == "at+jwt"
    now = int(world.clock.now.timestamp())
    assert access.claims | {"jti": "", "sid": ""} == {
        "iss": AT, "aud": AT, "sub": "3", "client_id": "web", "scope": "openid appointment:read", "iat": now,
        "exp": now + 900, "auth_time": now, "amr": ["pwd"], "jti": "", "sid": "",
    }  # fmt: skip
    identity = jwt.decode(body["id_token"], keys, algorithms=["ES256"])
    assert identity.header["typ"] == "JWT"
    assert identity.claims["nonce"] == "the nonce"
    assert identity.claims["aud"] == "web"
    assert "name" not in identity.claims


async def test_scopes_are_what_was_asked_and_the_client_and_the_role_have(world: World) -> None:
    browser = await world.signed_in()
    body = await world.tokens(browser, scope="appointment:read user:admin payment:read")
    assert body["scope"] == "appointment:read", "payment:read is not the client's, user:admin not a patient's"
    assert "id_token" not in body
    back = came_back(await browser.open(authorize(scope="user:admin")))
    assert back["error"] == "invalid_scope"
    assert came_back(await browser.open(authorize(scope="no:such")))["error"] == "invalid_scope"


async def test_consent_is_remembered_until_more_is_asked(world: World) -> None:
    browser = await world.signed_in()
    await world.code(browser)
    assert "code" in came_back(await browser.open(authorize()))
    assert "code" in came_back(await browser.open(authorize(prompt="none")))
    await browser.open(authorize(scope="openid appointment:write"))
    assert "Allow The web application?" in browser.page.text
    await browser.open(authorize(prompt="consent"))
    assert "Allow The web application?" in browser.page.text
    denied = came_back(await browser.submit(decision="deny"))
    assert denied["error"] == "access_denied"
    assert denied["state"] == "the state"


async def test_prompt_none_never_shows_a_page(world: World) -> None:
    browser = await world.browser()
    assert came_back(await browser.open(authorize(prompt="none")))["error"] == "login_required"
    await browser.sign_in()
    assert came_back(await browser.open(authorize(prompt="none")))["error"] == "consent_required"
    assert came_back(await browser.open(authorize(prompt="none login")))["error"] == "invalid_request"


async def test_signing_in_again_is_asked_for_by_prompt_and_by_age(world: World) -> None:
    browser = await world.signed_in()
    await world.code(browser)
    for parameters in ({"prompt": "login"}, {"max_age": "0"}, {"max_age": "600"}):
        world.clock.move(minutes=15)
        await browser.open(authorize(**parameters))
        assert "Password" in browser.page.text, parameters
        back = came_back(await browser.submit(email="pat@example.org", password="correct horse battery"))
        body = (await world.redeem(back["code"])).json()
        assert (await world.introspect(body["access_token"]))["auth_time"] == int(world.clock.now.timestamp())
    assert "code" in came_back(await browser.open(authorize(max_age="600")))


@pytest.mark.parametrize(
    "changed",
    [
        {"code_challenge": "", "code_challenge_method": ""},
        {"code_challenge": ""},
        {"code_challenge_method": ""},
        {"code_challenge_method": "plain"},
        {"code_challenge": VERIFIER, "code_challenge_method": "plain"},
        {"code_challenge": "short"},
        {"response_mode": "fragment"},
        {"max_age": "-1"},
        {"response_type": ""},
    ],
)
async def test_an_authorization_request_is_refused(world: World, changed: dict[str, str]) -> None:
    browser = await world.signed_in()
    back = came_back(await browser.open(authorize(**changed)))
    assert back["error"] == "invalid_request"
    assert back["state"] == "the state"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": 'code"\\ü'}, "unsupported_response_type"),
        ({"resource": "https://elsewhere.test"}, "invalid_target"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "https://app.test/r"}, "request_uri_not_supported"),
    ],
)
async def test_what_is_not_offered_is_named(world: World, changed: dict[str, str], error: str) -> None:
    browser = await world.signed_in()
    assert came_back(await browser.open(authorize(**changed)))["error"] == error


@pytest.mark.parametrize(
    "address",
    [
        "https://app.test/callback",
        "https://app.test/callback?tenant=1&more=2",
        "https://app.test/callback?tenant=1#fragment",
        "https://APP.test/callback?tenant=1",
        "https://app.test:443/callback?tenant=1",
        "https://app.test.evil.test/callback?tenant=1",
        "https://app.test@evil.test/callback?tenant=1",
        "https://app.test/callback/../evil?tenant=1",
        "//evil.test",
        "javascript:alert(1)",
        'https://evil.test/"\\ü',
    ],
)
async def test_an_altered_redirect_uri_is_shown_and_never_followed(world: World, address: str) -> None:
    browser = await world.signed_in()
    for parameters in ({}, {"prompt": "none"}, {"response_type": "token"}, {"scope": "no:such"}):
        response = await browser.open(authorize(redirect_uri=address, **parameters))
        assert response.status_code == 400
        assert "location" not in response.headers


async def test_an_unknown_or_disabled_client_is_shown_and_never_followed(world: World) -> None:
    browser = await world.signed_in()
    await world.sql.execute("UPDATE oauth_clients SET disabled_at = now() WHERE id = 'other'")
    for client in ("nobody", "other", ""):
        response = await browser.open(authorize(client))
        assert response.status_code == 400
        assert "location" not in response.headers


async def test_parameters_given_twice_are_refused(world: World) -> None:
    browser = await world.signed_in()
    for twice in (
        "&scope=openid",
        "&redirect_uri=https%3A%2F%2Fevil.test",
        "&code_challenge_method=plain",
        "&prompt=none",
    ):
        prompt = {"prompt": "login"} if "prompt" in twice else {}
        assert (await browser.open(authorize(**prompt) + twice)).status_code == 400


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_verifier": VERIFIER + "x"}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_request"),
        ({"code_verifier": CHALLENGE}, "invalid_grant"),
        ({"redirect_uri": "https://app.test/other"}, "invalid_grant"),
        ({"redirect_uri": ""}, "invalid_grant"),
        ({"code": "another"}, "invalid_grant"),
        ({"resource": "https://elsewhere.test"}, "invalid_target"),
    ],
)
async def test_a_code_is_not_redeemed(world: World, changed: dict[str, str], error: str) -> None:
    code = await world.code(await world.signed_in())
    response = await world.redeem(code, **changed)
    assert (response.status_code, response.json()["error"]) == (400, error)
    assert response.headers["cache-control"] == "no-store"


async def test_a_code_is_for_its_client_and_for_a_minute(world: World) -> None:
    browser = await world.signed_in()
    code = await world.code(browser)
    assert (await world.redeem(code, "spa")).json()["error"] == "invalid_grant"
    assert (await world.redeem(code)).status_code == 200
    code = await world.code(browser)
    world.clock.move(seconds=61)
    assert (await world.redeem(code)).json()["error"] == "invalid_grant"


async def test_a_code_used_twice_is_refused_and_its_tokens_revoked(world: World) -> None:
    code = await world.code(await world.signed_in())
    body = (await world.redeem(code)).json()
    assert (await world.introspect(body["access_token"]))["active"]
    assert (await world.redeem(code)).json()["error"] == "invalid_grant"
    assert await world.introspect(body["access_token"]) == {"active": False}
    assert await world.introspect(body["refresh_token"]) == {"active": False}
    assert (await world.refresh(body["refresh_token"])).json()["error"] == "invalid_grant"
    assert await world.sql.fetchval("SELECT revoked_because FROM token_families") == "CODE_REUSED"


async def test_a_code_used_by_many_at_once_is_good_for_none(world: World) -> None:
    code = await world.code(await world.signed_in())
    answers = await asyncio.gather(*(world.redeem(code) for _ in range(5)))
    good = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(good) == 1
    assert await world.introspect(good[0]["access_token"]) == {"active": False}


async def test_public_clients_need_no_secret_and_confidential_ones_do(world: World) -> None:
    browser = await world.signed_in()
    assert (await world.tokens(browser, "spa"))["refresh_token"]
    code = await world.code(browser)
    http = await world.http()
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    for extra, auth in (
        ({"client_id": "web"}, None),
        ({"client_id": "web", "client_secret": "wrong"}, None),
        ({}, ("web", "wrong")),
        ({}, ("nobody", "wrong")),
        ({}, None),
    ):
        response = await http.post("/oauth/token", data=form | extra, auth=auth or httpx.USE_CLIENT_DEFAULT)
        assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
        assert response.headers["www-authenticate"].startswith("Basic")
    both = {"client_id": "web", "client_secret": "x"}
    response = await http.post("/oauth/token", data=form | both, auth=("web", "web-secret-web-secret-web-secret"))
    assert response.json()["error"] == "invalid_request"
    posted = {"client_id": "web", "client_secret": "web-secret-web-secret-web-secret"}
    assert (await http.post("/oauth/token", data=form | posted)).status_code == 200


@pytest.mark.parametrize("grant", ["password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", 'x"\\ü', ""])
async def test_other_grants_are_not_offered(world: World, grant: str) -> None:
    response = await world.post("token", grant_type=grant, username="pat@example.org", password="x")
    assert response.status_code == 400
    assert response.json()["error"] == ("unsupported_grant_type" if grant else "invalid_request")


async def test_the_token_endpoint_reads_forms_only(world: World) -> None:
    http = await world.http()
    assert (await http.get("/oauth/token")).status_code == 405
    assert (await http.post("/oauth/token", json={"grant_type": "client_credentials"})).status_code == 400
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert (await http.post("/oauth/token", content=b"a=" + b"b" * 70_000, headers=form)).status_code == 413
    assert (await http.post("/oauth/token", content=b"\xff=1", headers=form)).status_code == 400
    twice = await http.post("/oauth/token", content=b"grant_type=refresh_token&grant_type=x", headers=form)
    assert twice.json()["error"] == "invalid_request"
    garbage = await http.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, headers={"authorization": "Basic /////w=="}
    )
    assert (garbage.status_code, garbage.json()["error"]) == (401, "invalid_client")


async def test_a_request_by_post_becomes_one_by_get(world: World) -> None:
    browser = await world.signed_in()
    path, _, query = authorize().partition("?")
    form = {"content-type": "application/x-www-form-urlencoded"}
    response = await browser.http.post(path, content=query, headers=form)
    assert response.status_code == 303
    assert response.headers["location"].startswith("/oauth/authorize?response_type=code")


async def test_signing_out_before_the_code_is_redeemed_makes_it_worthless(world: World) -> None:
    browser = await world.signed_in()
    code = await world.code(browser)
    await browser.open("/oauth/sign-out")
    await browser.submit()
    assert (await world.redeem(code)).json()["error"] == "invalid_grant"
