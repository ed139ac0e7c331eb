"""Choosing a password by a one-time link, and the commands that send the first one."""

import asyncio
from datetime import timedelta

import pytest

from auth.oauth import links
from auth.oauth.clients import keep_client
from auth.oauth.configuration import Configuration
from auth.oauth.published import own_keys
from auth.passwords import PasswordRefused, check_new_password
from auth.tokens import Expectation, TokenVerifier
from models.enums import Role
from models.oauth import LinkPurpose
from server.oauth.commands import CommandRefused, create_admin, create_client, issue_demo_token, rotate_keys
from tests.auth.world import AT, PASSWORD, SECRETS, World, authorize

NEW = "a new and better one"


async def asked(world: World, email: str, address: str = "203.0.113.1") -> str:
    """Asks for a link; returns the page that answers."""
    browser = await world.browser(address)
    await browser.open("/oauth/forgot")
    await browser.submit(email=email)
    assert browser.page.status_code == 200
    return browser.page.text


async def test_a_link_by_mail_sets_a_password_once(world: World) -> None:
    elsewhere = await world.signed_in()
    tokens = await world.tokens(elsewhere)
    await asked(world, " Pat@example.org")
    assert [mail.to for mail in world.mailbox.sent] == ["pat@example.org"]
    link, browser = world.mailbox.link, await world.browser()
    await browser.open(link)
    await browser.submit(password=NEW)
    assert "Your password is set" in browser.page.text
    assert "Password" in (await elsewhere.open("/oauth/sessions")).text, "signed out everywhere"
    assert await world.introspect(tokens["access_token"]) == {"active": False}
    assert (await world.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await browser.sign_in(password=NEW)).status_code == 200
    assert (await browser.sign_in(password=PASSWORD)).status_code == 400
    assert "This link does not work" in (await browser.open(link)).text


async def test_a_link_used_at_once_sets_one_password(world: World) -> None:
    await asked(world, "pat@example.org")
    browsers = [await world.browser() for _ in range(3)]
    for browser in browsers:
        await browser.open(world.mailbox.link)
    answers = await asyncio.gather(*(browser.submit(password=f"{NEW} {n}") for n, browser in enumerate(browsers)))
    assert sum("Your password is set" in answer.text for answer in answers) == 1


async def test_the_answer_does_not_tell_whether_an_address_is_known(world: World) -> None:
    pages = {
        await asked(world, email) for email in ("pat@example.org", "nobody@example.org", "sue@example.org", "", "x\0")
    }
    assert len(pages) == 1
    assert len(world.mailbox.sent) == 1


async def test_links_expire_and_a_newer_one_replaces_them(world: World) -> None:
    await asked(world, "pat@example.org")
    first, browser = world.mailbox.link, await world.browser()
    await asked(world, "pat@example.org")
    assert "This link does not work" in (await browser.open(first)).text
    assert "Choose a password" in (await browser.open(world.mailbox.link)).text
    world.clock.move(minutes=61)
    assert "This link does not work" in (await browser.submit(password=NEW)).text
    assert "This link does not work" in (await browser.open("/oauth/reset")).text


async def test_asking_for_links_is_throttled(world: World) -> None:
    for attempt in range(7):
        await asked(world, "pat@example.org", f"198.51.100.{attempt}")
    assert len(world.mailbox.sent) == 5
    await world.signed_in()


@pytest.mark.parametrize("password", ["short", "x" * 300, "aaaaaaaaaaaaaaaa", "pat@example.org", ""])
async def test_a_bad_password_is_explained_and_the_link_stays_good(world: World, password: str) -> None:
    await asked(world, "pat@example.org")
    browser = await world.browser()
    await browser.open(world.mailbox.link)
    await browser.submit(password=password)
    assert browser.page.status_code == 400
    assert 'role="alert"' in browser.page.text
    assert "Your password is set" in (await browser.submit(password=NEW)).text


def test_what_a_password_must_be() -> None:
    check_new_password("twelve chars", "pat@example.org")
    with pytest.raises(PasswordRefused):
        check_new_password("Pat.Patient@Example.org", "pat.patient@example.org")


async def test_the_same_characters_in_another_encoding_are_the_same_password(world: World) -> None:
    await asked(world, "pat@example.org")
    browser = await world.browser()
    await browser.open(world.mailbox.link)
    await browser.submit(password="Ame\u0301lie und Ångström")
    assert (await browser.sign_in(password="Am\u00e9lie und A\u030angstro\u0308m")).status_code == 200


async def test_an_address_is_verified_by_a_click(world: World) -> None:
    async with world.edge.sessions.begin() as session:
        purpose = LinkPurpose.VERIFY_EMAIL
        link = await session.run_sync(links.create_link, world.configuration, 3, purpose, world.clock.now)
    browser = await world.browser()
    await browser.open(link)
    assert await world.sql.fetchval("SELECT email_verified_at FROM users WHERE id = 3") is None
    assert "Your address is confirmed" in (await browser.submit()).text
    assert await world.sql.fetchval("SELECT email_verified_at FROM users WHERE id = 3") == world.clock.now
    await browser.open(link)
    assert "This link does not work" in (await browser.submit()).text
    assert "This link does not work" in (await browser.open(link.replace("/verify", "/reset"))).text


async def test_the_first_administrator_chooses_her_password_by_a_link(world: World) -> None:
    arguments = (world.dsn, world.configuration)
    with pytest.raises(CommandRefused, match="already"):
        await create_admin(*arguments, "boss@example.org", world.clock.now)
    await world.sql.execute("DELETE FROM user_roles")
    first = await create_admin(*arguments, "Boss@example.org", world.clock.now)
    link = await create_admin(*arguments, "boss@example.org", world.clock.now)
    browser = await world.browser()
    assert "This link does not work" in (await browser.open(first)).text
    await browser.open(link)
    await browser.submit(password=NEW)
    assert (await browser.sign_in("boss@example.org", NEW)).status_code == 200
    with pytest.raises(CommandRefused, match="already"):
        await create_admin(*arguments, "other@example.org", world.clock.now)
    with pytest.raises(CommandRefused, match="not an email"):
        await create_admin(*arguments, "nobody", world.clock.now)


async def test_a_demo_token_is_for_a_user_with_the_role(world: World) -> None:
    async def issued(role: Role, user: str, **more: object) -> str:
        return await issue_demo_token(world.dsn, world.configuration, role, world.clock.now, user=user, **more)  # type: ignore[arg-type]

    expected = Expectation(AT, AT)
    verifier = TokenVerifier(expected, own_keys(world.edge.sessions, world.clock), world.clock)
    claims = await verifier.verify(await issued(Role.DOCTOR, "dan@example.org"))
    assert claims.user_id == 2
    assert "dashboard:doctor" in claims.scopes
    claims = await verifier.verify(
        await issued(Role.DOCTOR, "dan@example.org", scopes="slot:read", expires=timedelta(hours=3))
    )
    assert claims.scopes == {"slot:read"}
    assert claims.expires_at - claims.issued_at == timedelta(hours=3)
    for role, user, more in (
        (Role.ADMIN, "dan@example.org", {}),
        (Role.PATIENT, "sue@example.org", {}),
        (Role.PATIENT, "nobody@example.org", {}),
        (Role.PATIENT, "pat@example.org", {"scopes": "user:admin"}),
        (Role.PATIENT, "pat@example.org", {"scopes": "no:such"}),
        (Role.PATIENT, "pat@example.org", {"expires": timedelta(days=2)}),
        (Role.PATIENT, "pat@example.org", {"expires": timedelta(0)}),
    ):
        with pytest.raises(CommandRefused):
            await issued(role, user, **more)


async def test_a_client_is_registered_and_can_be_used(world: World) -> None:
    made = await create_client(
        world.dsn, name="Reports", public=False, redirect_uris=(), grant_types=(), scopes="appointment:read"
    )
    assert made.client_secret is not None
    SECRETS[made.client_id] = made.client_secret
    assert (await world.post("token", made.client_id, grant_type="client_credentials")).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"public": True},
        {"scopes": "no:such"},
        {"grant_types": ["password"]},
        {"grant_types": ["authorization_code"]},
        {"client_id": "web"},
        {"client_id": "123"},
        {"public": True, "redirect_uris": ["https://app.test/"], "may_introspect": True},
        *({"redirect_uris": [uri]} for uri in (
            "http://app.test/", "https://app.test/#x", "javascript:alert(1)", "data:text/html,x", "app:/x", "/callback",
            "https://user@app.test/", "https://app.test/\\x", "https://äpp.test/", "https://*/",
        )[:9]),
    ],
)  # fmt: skip
async def test_a_client_is_not_registered(world: World, wrong: dict[str, object]) -> None:
    usual: dict[str, object] = {"public": False, "redirect_uris": (), "grant_types": (), "scopes": ""}
    with pytest.raises(CommandRefused):
        await create_client(world.dsn, name="Wrong", **(usual | wrong))  # type: ignore[arg-type]


async def test_our_own_clients_are_kept_up_to_date(world: World) -> None:
    for uri in ("https://clinic.test/old", "https://clinic.test/graphql"):
        async with world.edge.sessions.begin() as session:
            await session.run_sync(keep_client, "graphiql", "GraphiQL", [uri], "openid appointment:read")
            await session.run_sync(keep_client, "web", "An impostor", [uri], "openid")
    browser = await world.signed_in()
    await browser.open(authorize("graphiql", redirect_uri="https://clinic.test/graphql"))
    assert "Allow GraphiQL?" in browser.page.text
    assert (await browser.open(authorize("graphiql", redirect_uri="https://clinic.test/old"))).status_code == 400
    assert await world.sql.fetchval("SELECT name FROM oauth_clients WHERE id = 'web'") == "The web application"


async def test_a_program_on_the_users_machine_takes_any_port(world: World) -> None:
    uris = ("http://127.0.0.1/back", "org.example.clinic:/back")
    made = await create_client(
        world.dsn, name="Desktop", public=True, redirect_uris=uris, grant_types=(), scopes="openid appointment:read"
    )
    browser = await world.signed_in()
    for good in ("http://127.0.0.1:5123/back", *uris):
        await browser.open(authorize(made.client_id, redirect_uri=good))
        assert "Allow Desktop?" in browser.page.text
    for wrong in ("http://127.0.0.1:5123/other", "http://localhost:5123/back", "http://127.0.0.1:5123@evil.test/back"):
        assert (await browser.open(authorize(made.client_id, redirect_uri=wrong))).status_code == 400


async def test_rotating_by_command(
    world: World,
) -> None:
    configuration: Configuration = world.configuration
    await (await world.http()).get("/oauth/jwks")
    kid = await rotate_keys(world.dsn, configuration, world.clock.now)
    keys = (await (await world.http()).get("/oauth/jwks")).json()["keys"]
    assert kid in [key["kid"] for key in keys]
    assert len(keys) == 2
