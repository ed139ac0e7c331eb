"""The pages: signing in, throttling, forged forms, redirects, sessions."""

import asyncio
import logging
from dataclasses import replace
from ipaddress import ip_network
from typing import Literal

import pytest
from argon2 import PasswordHasher

from auth.passwords import FULL_WORK, Work, prepare
from tests.auth.world import AT, PASSWORD, SECRETS, Forms, World, authorize, came_back, password_hash

WRONG = "That did not work."


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("pat@example.org", "wrong"),
        ("pat@example.org", ""),
        ("pat@example.org", "x" * 5_000),
        ("nobody@example.org", PASSWORD),
        ("sue@example.org", PASSWORD),
        ("ina@example.org", ""),
        ("noa@example.org", ""),
        ("", ""),
        ("a\0b@example.org", PASSWORD),
        ("' OR 1=1 --", PASSWORD),
    ],
)
async def test_whoever_fails_gets_the_same_answer(world: World, email: str, password: str) -> None:
    def seen(html: str) -> str:
        return "".join(part for part in html.split('"') if email not in part or not email)

    browser = await world.browser()
    await browser.sign_in(email, password)
    assert browser.page.status_code == 400
    assert WRONG in browser.page.text
    assert "__Host-clinicgraph_session" not in browser.http.cookies
    other = await world.browser("203.0.113.2")
    await other.sign_in("dan@example.org", "wrong")
    assert len(Forms(browser.page.text).found) == len(Forms(other.page.text).found)
    assert browser.page.text.split("<form")[0] == other.page.text.split("<form")[0]


async def test_an_unknown_name_costs_the_work_of_a_wrong_password(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, not timed: the same hashes of the same parameters, each really computed."""
    done: list[tuple[str, bool]] = []
    verify = PasswordHasher.verify

    def noted(self: PasswordHasher, stored: str | bytes, password: str | bytes) -> Literal[True]:
        matches = False
        try:
            matches = verify(self, stored, password)
            return matches
        finally:
            done.append((str(stored).rpartition("$")[0].rpartition("$")[0], matches))

    async def work_for(email: str) -> list[tuple[str, bool]]:
        done.clear()
        browser = await world.browser(f"198.51.100.{next(addresses)}")
        await browser.sign_in(email, "wrong password")
        return list(done)

    world.edge.configuration = replace(world.configuration, password_work=FULL_WORK)
    await world.sql.execute("UPDATE users SET password_hash = $1 WHERE password_hash <> ''", password_hash(FULL_WORK))
    prepare(FULL_WORK)
    addresses = iter(range(1, 250))
    monkeypatch.setattr(PasswordHasher, "verify", noted)
    known = await work_for("pat@example.org")
    assert known == [("$argon2id$v=19$m=65536,t=3,p=4", False)]
    for email in ("nobody@example.org", "sue@example.org", "ina@example.org"):
        assert await work_for(email) == known, email


async def test_after_five_failures_an_account_is_refused_for_a_while(world: World) -> None:
    for attempt in range(5):
        browser = await world.browser(f"198.51.100.{attempt}")
        assert WRONG in (await browser.sign_in(password="wrong")).text
    browser = await world.browser("198.51.100.77")
    locked = await browser.sign_in()
    assert locked.status_code == 400
    assert WRONG in locked.text
    assert (await browser.sign_in("dan@example.org")).status_code == 200, "others can"
    world.clock.move(minutes=15)
    assert (await browser.sign_in()).status_code == 200


async def test_an_unknown_account_is_throttled_like_a_known_one(world: World) -> None:
    for attempt in range(7):
        browser = await world.browser(f"198.51.100.{attempt}")
        await browser.sign_in("nobody@example.org", "wrong")
    assert await world.sql.fetchval("SELECT count(*) FROM sign_in_attempts") == 5
    assert b"nobody" not in await world.sql.fetchval("SELECT account FROM sign_in_attempts LIMIT 1")


@pytest.mark.parametrize(
    "addresses", [["203.0.113.9"] * 6, [f"2001:db8::{n}" for n in range(1, 6)] + ["2001:db8::ffff:1"]]
)
async def test_after_five_failures_an_address_is_refused_for_a_while(world: World, addresses: list[str]) -> None:
    *before, last = addresses
    for attempt, address in enumerate(before):
        await (await world.browser(address)).sign_in(f"nobody{attempt}@example.org", "wrong")
    assert WRONG in (await (await world.browser(last)).sign_in()).text
    assert (await (await world.browser("192.0.2.1")).sign_in()).status_code == 200


async def test_success_takes_back_its_own_attempt_only(world: World) -> None:
    browser = await world.browser()
    for _ in range(4):
        await browser.sign_in(password="wrong")
        assert (await browser.sign_in()).status_code == 200
    await browser.sign_in(password="wrong")
    assert WRONG in (await browser.sign_in()).text


async def test_guessing_at_once_does_not_outrun_the_throttle(world: World) -> None:
    browsers = [await world.browser(f"198.51.100.{n}") for n in range(20)]
    for browser in browsers:
        await browser.open("/oauth/sign-in")
    await asyncio.gather(*(browser.submit(email="pat@example.org", password="wrong") for browser in browsers))
    assert await world.sql.fetchval("SELECT count(*) FROM sign_in_attempts") == 5


async def test_a_password_hashed_with_old_parameters_is_hashed_again(world: World) -> None:
    old = password_hash(Work(passes=2, memory=128, lanes=1))
    await world.sql.execute("UPDATE users SET password_hash = $1 WHERE id = 3", old)
    await world.signed_in()
    new = await world.sql.fetchval("SELECT password_hash FROM users WHERE id = 3")
    assert new.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    await world.signed_in()
    assert await world.sql.fetchval("SELECT password_hash FROM users WHERE id = 3") == new


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({"origin": "https://evil.test"}, True),
        ({"origin": "null"}, True),
        ({"origin": AT, "sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "same-site"}, True),
        ({"referer": "https://evil.test/oauth/sign-in"}, True),
        ({"referer": "https://["}, True),
        ({}, True),
        ({"origin": AT}, False),
    ],
)
async def test_a_forged_consent_is_refused(world: World, headers: dict[str, str], token: bool) -> None:
    browser = await world.signed_in()
    await browser.open(authorize())
    action, fields = Forms(browser.page.text).found[0]
    if not token:
        fields["form_token"] = "forged"
    response = await browser.http.post(action, data=fields | {"decision": "allow"}, headers=headers)
    assert response.status_code == 403
    assert await world.sql.fetchval("SELECT count(*) FROM authorization_codes") == 0
    assert await world.sql.fetchval("SELECT count(*) FROM oauth_consents") == 0


async def test_the_token_of_another_session_does_not_work(world: World) -> None:
    attacker, victim = await world.signed_in("dan@example.org"), await world.signed_in()
    await attacker.open(authorize())
    action, fields = Forms(attacker.page.text).found[0]
    headers = {"origin": AT}
    response = await victim.http.post(action, data=fields | {"decision": "allow"}, headers=headers)
    assert response.status_code == 403
    same_browser = await world.browser()
    await same_browser.open("/oauth/sign-in")
    action, fields = Forms(same_browser.page.text).found[0]
    await same_browser.submit(email="pat@example.org", password=PASSWORD)
    response = await same_browser.http.post(action, data=fields, headers=headers)
    assert response.status_code == 403, "a form from before signing in"


async def test_every_form_is_refused_without_its_token(world: World) -> None:
    browser = await world.signed_in()
    for path in ("sign-in", "second-step", "consent", "forgot", "reset", "verify", "sessions", "sign-out"):
        response = await browser.http.post(f"/oauth/{path}", data={"email": "x"}, headers={"origin": AT})
        assert response.status_code == 403, path
    assert "Signed in as" in (await browser.open("/oauth/sessions")).text


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.test/",
        "//evil.test/oauth/authorize",
        "/\\evil.test/oauth/authorize",
        "/oauth/authorize\\@evil.test",
        "https:/oauth/authorize",
        "javascript:alert(1)",
        "/oauth/authorize/../../evil",
        "\t//evil.test",
        "/oauth/token",
        "//[",
        "/oauth/authorize?\r\nx: y",
    ],
)
async def test_signing_in_never_leads_elsewhere(world: World, address: str) -> None:
    for altered in ({}, {"next": address}):
        browser = await world.browser()
        browser.page = await browser.http.get("/oauth/sign-in", params={"next": address})
        action, fields = Forms(browser.page.text).found[0]
        assert fields["next"] == "/oauth/sessions"
        form = fields | {"email": "pat@example.org", "password": PASSWORD} | altered
        response = await browser.http.post(action, data=form, headers={"origin": AT})
        assert response.headers["location"] == "/oauth/sessions"


async def test_cookies_and_pages_are_locked_down(world: World) -> None:
    browser = await world.browser()
    first = await browser.http.get("/oauth/sign-in")
    await browser.open("/oauth/sign-in")
    action, fields = Forms(browser.page.text).found[0]
    form = fields | {"email": "pat@example.org", "password": PASSWORD}
    signed_in = await browser.http.post(action, data=form, headers={"origin": AT})
    for cookie in (*first.headers.get_list("set-cookie"), *signed_in.headers.get_list("set-cookie")):
        assert cookie.startswith("__Host-clinicgraph_")
        assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "session" in signed_in.headers["set-cookie"]
    policy = first.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "<script" not in first.text
    assert "style=" not in first.text
    assert first.headers["cache-control"] == "no-store"
    leaving = (await browser.http.get(authorize())).headers["content-security-policy"]
    assert "form-action 'self' https://app.test;" in leaving
    assert (await browser.http.get("/oauth/style.css")).headers["content-type"].startswith("text/css")


async def test_what_people_typed_is_escaped(world: World) -> None:
    browser = await world.browser()
    evil = '"><script>alert(1)</script>'
    await browser.sign_in(evil, "x")
    assert "<script" not in browser.page.text
    await world.sql.execute("UPDATE oauth_clients SET name = $1 WHERE id = 'web'", evil)
    await world.sql.execute("UPDATE users SET name = $1", evil)
    signed_in = await world.signed_in()
    assert "<script" not in (await signed_in.open(authorize(state=evil))).text
    assert "<script" not in (await signed_in.open(authorize(redirect_uri=evil))).text


async def test_sessions_are_listed_and_ended_by_their_user(world: World) -> None:
    here, there, stranger = await world.signed_in(), await world.signed_in(), await world.signed_in("dan@example.org")
    tokens = await world.tokens(there)
    await here.open("/oauth/sessions")
    assert here.page.text.count("<li>") == 2
    await stranger.open("/oauth/sessions")
    _, fields = Forms(here.page.text).found[0]
    form = (await stranger.open("/oauth/sign-out")).text
    stolen = {"session": fields["session"], "form_token": Forms(form).found[0][1]["form_token"]}
    await stranger.http.post("/oauth/sessions", data=stolen, headers={"origin": AT})
    assert "Signed in as" in (await there.open("/oauth/sessions")).text
    await here.open("/oauth/sessions")
    await here.submit()
    assert here.page.text.count("<li>") == 1
    assert "Password" in (await there.open("/oauth/sessions")).text
    assert await world.introspect(tokens["access_token"]) == {"active": False}
    assert (await world.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_signing_out_ends_the_session_and_its_tokens(world: World) -> None:
    browser = await world.signed_in()
    stolen = dict(browser.http.cookies)
    tokens = await world.tokens(browser)
    await browser.open("/oauth/sign-out")
    await browser.submit()
    assert "You are signed out" in browser.page.text
    assert await world.introspect(tokens["access_token"]) == {"active": False}
    thief = await world.browser()
    thief.http.cookies.update(stolen)
    assert "Password" in (await thief.open("/oauth/sessions")).text


async def test_signing_in_again_keeps_the_users_tokens_and_not_anothers(world: World) -> None:
    browser = await world.signed_in()
    old_cookie = browser.http.cookies["__Host-clinicgraph_session"]
    tokens = await world.tokens(browser)
    await browser.sign_in()
    assert browser.http.cookies["__Host-clinicgraph_session"] != old_cookie
    assert (await world.introspect(tokens["access_token"]))["active"]
    await browser.sign_in("dan@example.org")
    assert await world.introspect(tokens["access_token"]) == {"active": False}


async def test_no_secret_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, "sqlalchemy.engine")
    async with world.edge.open(world.dsn):  # an engine that is made while everything is logged
        browser = await world.signed_in()
        code = await world.code(browser)
        body = (await world.redeem(code)).json()
        await world.refresh(body["refresh_token"])
        await world.introspect(body["access_token"])
        service = (await world.post("token", "service", grant_type="client_credentials")).json()
        await browser.open("/oauth/forgot")
        await browser.submit(email="pat@example.org")
    cookies = [cookie.value or "" for cookie in browser.http.cookies.jar]
    link = world.mailbox.link.partition("token=")[2]
    lines = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert len(lines) > 20, "SQLAlchemy has logged"
    for secret in (PASSWORD, code, link, *cookies, body["refresh_token"], body["access_token"], body["id_token"],
                   service["access_token"], *SECRETS.values()):  # fmt: skip
        assert not [line for line in lines if secret in line]


async def test_sessions_expire(world: World) -> None:
    browser = await world.signed_in()
    for _ in range(6):
        world.clock.move(minutes=119)
        assert "Signed in as" in (await browser.open("/oauth/sessions")).text
    world.clock.move(minutes=10)
    assert "Password" in (await browser.open("/oauth/sessions")).text
    browser = await world.signed_in()
    world.clock.move(minutes=121)
    assert "Password" in (await browser.open("/oauth/sessions")).text


async def test_consent_cannot_be_given_to_an_altered_address(world: World) -> None:
    browser = await world.signed_in()
    await browser.open(authorize())
    altered = authorize(redirect_uri="https://evil.test/").partition("?")[2]
    response = await browser.submit(decision="allow", request=altered)
    assert response.status_code == 400
    await browser.open(authorize())
    assert came_back(await browser.submit(decision="anything else"))["error"] == "access_denied"


async def test_behind_a_trusted_proxy_the_caller_s_own_address_is_noted(world: World) -> None:
    world.edge.trusted_proxies = (ip_network("203.0.113.80/32"),)
    for peer, noted in (("203.0.113.80", "198.51.100.7"), ("203.0.113.81", "203.0.113.81")):
        browser = await world.browser(peer)
        browser.http.headers["x-forwarded-for"] = "198.51.100.7"
        assert (await browser.sign_in()).status_code == 200
        assert noted in await world.sql.fetchval("SELECT array_agg(address) FROM browser_sessions")
