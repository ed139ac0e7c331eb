"""TOTP and recovery codes as a second step."""

import asyncio

import pyotp
import pytest

from auth.authenticator import new_recovery_codes, new_shared_secret, recovery_hash, seal_shared
from tests.auth.world import PASSWORD, Browser, World, authorize, came_back

REFUSED = "That did not work."


async def enrolled(world: World, confirmed: bool = True) -> tuple[pyotp.TOTP, list[str]]:
    """Pat's authenticator app and recovery codes, as `enrollTotp` and `confirmTotp` store them, a step ago."""
    secret, shared, codes = world.configuration.secret, new_shared_secret(), new_recovery_codes()
    app = pyotp.TOTP(shared)
    await world.sql.execute(
        "INSERT INTO totp_credentials (user_id, sealed_secret, created_at, confirmed_at, last_step) "
        "VALUES (3, $1, $2, $3, $4)",
        seal_shared(secret, 3, shared),
        world.clock.now,
        world.clock.now if confirmed else None,
        app.timecode(world.clock.now) if confirmed else 0,
    )
    hashes = [recovery_hash(secret, 3, code) for code in codes]
    await world.sql.execute(
        "INSERT INTO recovery_codes (user_id, code_hash) SELECT 3, unnest($1::bytea[])", hashes if confirmed else []
    )
    world.clock.move(seconds=30)
    return app, codes


async def waiting(world: World, address: str = "203.0.113.1") -> Browser:
    """A browser that has given the password."""
    browser = await world.browser(address)
    await browser.sign_in()
    assert "One more step" in browser.page.text
    assert "__Host-clinicgraph_session" not in browser.http.cookies
    return browser


async def test_a_code_completes_signing_in_and_tokens_say_so(world: World) -> None:
    app, _ = await enrolled(world)
    browser = await world.browser()
    await browser.open(authorize())
    await browser.submit(email="pat@example.org", password=PASSWORD)
    assert "Password" in (await browser.http.get("/oauth/sessions", follow_redirects=True)).text, "not signed in yet"
    back = came_back(await submitted(browser, app.at(world.clock.now)))
    body = (await world.redeem(back["code"])).json()
    assert (await world.introspect(body["access_token"]))["amr"] == ["pwd", "otp", "mfa"]


async def submitted(browser: Browser, code: str):  # type: ignore[no-untyped-def]
    await browser.submit(code=code)
    return await browser.submit(decision="allow")


async def test_a_used_code_is_refused(world: World) -> None:
    app, _ = await enrolled(world)
    code = app.at(world.clock.now)
    await (await waiting(world)).submit(code=code)
    again = await waiting(world)
    assert REFUSED in (await again.submit(code=code)).text
    assert REFUSED in (await again.submit(code=app.at(world.clock.now, counter_offset=-1))).text, (
        "nor one from before it"
    )
    world.clock.move(seconds=30)
    assert "Signed in as" in (await again.submit(code=app.at(world.clock.now))).text


async def test_a_code_used_at_once_signs_in_one(world: World) -> None:
    app, _ = await enrolled(world)
    browsers = [await waiting(world, f"198.51.100.{n}") for n in range(4)]
    code = app.at(world.clock.now)
    answers = await asyncio.gather(*(browser.submit(code=code) for browser in browsers))
    assert sum("Signed in as" in answer.text for answer in answers) == 1


@pytest.mark.parametrize(("drift", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
async def test_clocks_may_differ_by_one_step(world: World, drift: int, good: bool) -> None:
    app, _ = await enrolled(world)
    world.clock.move(minutes=5)
    answer = await (await waiting(world)).submit(code=app.at(world.clock.now, counter_offset=drift))
    assert ("Signed in as" in answer.text) is good


async def test_guessing_codes_is_throttled_for_the_account(world: World) -> None:
    app, _ = await enrolled(world)
    for attempt in range(5):
        browser = await waiting(world, f"198.51.100.{attempt}")
        assert REFUSED in (await browser.submit(code="000000")).text
    browser = await waiting(world, "198.51.100.99")
    assert REFUSED in (await browser.submit(code=app.at(world.clock.now))).text
    world.clock.move(minutes=15)
    browser = await waiting(world)
    assert "Signed in as" in (await browser.submit(code=app.at(world.clock.now))).text


async def test_a_recovery_code_works_once_however_it_is_typed(world: World) -> None:
    _, codes = await enrolled(world)
    answer = await (await waiting(world)).submit(code=f" {codes[0].lower().replace('-', ' ')} ")
    assert "Signed in as" in answer.text
    assert REFUSED in (await (await waiting(world)).submit(code=codes[0])).text
    browsers = [await waiting(world, f"198.51.100.{n}") for n in range(3)]
    answers = await asyncio.gather(*(browser.submit(code=codes[1]) for browser in browsers))
    assert sum("Signed in as" in answer.text for answer in answers) == 1
    assert await world.sql.fetchval("SELECT amr FROM browser_sessions WHERE NOT awaits_second_step LIMIT 1") == [
        "pwd",
        "mfa",
    ]


@pytest.mark.parametrize("code", ["", "nonsense", "\uff11\uff12\uff13\uff14\uff15\uff16", "ü" * 500, "12345"])
async def test_nonsense_is_no_code(world: World, code: str) -> None:
    await enrolled(world)
    assert REFUSED in (await (await waiting(world)).submit(code=code)).text


async def test_the_second_step_waits_ten_minutes(world: World) -> None:
    app, _ = await enrolled(world)
    browser = await waiting(world)
    world.clock.move(minutes=11)
    assert REFUSED in (await browser.submit(code=app.at(world.clock.now))).text
    assert "Password" in (await (await world.browser()).open("/oauth/second-step")).text


async def test_an_enrolment_counts_when_it_is_confirmed_and_until_it_is_taken_away(world: World) -> None:
    """How it is enrolled, confirmed and taken away: tests/identity/test_own_account.py."""
    await enrolled(world, confirmed=False)
    await world.signed_in()
    await world.sql.execute("UPDATE totp_credentials SET confirmed_at = $1", world.clock.now)
    await waiting(world)
    await world.sql.execute("DELETE FROM totp_credentials")
    await world.signed_in()


async def test_what_the_database_holds_is_sealed(world: World) -> None:
    app, codes = await enrolled(world)
    rows = await world.sql.fetch("SELECT sealed_secret FROM totp_credentials")
    assert app.secret.encode() not in rows[0][0]
    hashes = [row[0] for row in await world.sql.fetch("SELECT code_hash FROM recovery_codes")]
    assert all(len(each) == 32 for each in hashes)
    assert len(codes) == len(hashes)
