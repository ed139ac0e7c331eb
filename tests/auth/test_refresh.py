"""Refresh tokens rotate, and a reused one ends its family; revocation, introspection, client credentials."""

import asyncio

import pytest

from auth.oauth.housekeeping import forget_expired
from tests.auth.world import AT, SECRETS, World


async def test_each_refresh_token_is_good_once(world: World) -> None:
    first = await world.tokens(await world.signed_in())
    world.clock.move(minutes=20)
    second = (await world.refresh(first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert second["scope"] == "openid appointment:read"
    assert "id_token" in second
    world.clock.move(days=20)
    third = await world.refresh(second["refresh_token"])
    assert third.status_code == 200

    reused = await world.refresh(first["refresh_token"])
    assert reused.json()["error"] == "invalid_grant"
    for token in (third.json()["refresh_token"], third.json()["access_token"]):
        assert await world.introspect(token) == {"active": False}
    assert (await world.refresh(third.json()["refresh_token"])).json()["error"] == "invalid_grant"
    assert await world.sql.fetchval("SELECT revoked_because FROM token_families") == "REFRESH_TOKEN_REUSED"


async def test_the_same_refresh_token_at_once_never_gives_two_living_ones(world: World) -> None:
    for _ in range(5):
        browser = await world.signed_in()
        token = (await world.tokens(browser))["refresh_token"]
        answers = await asyncio.gather(*(world.refresh(token) for _ in range(4)))
        children = [answer.json()["refresh_token"] for answer in answers if answer.status_code == 200]
        assert len(children) <= 1
        living = [child for child in children if (await world.introspect(child))["active"]]
        assert living == []


async def test_the_database_itself_refuses_a_second_living_refresh_token(world: World) -> None:
    await world.tokens(await world.signed_in())
    copy = """INSERT INTO refresh_tokens (token_hash, family_id, created_at, expires_at)
              SELECT 'another', family_id, created_at, expires_at FROM refresh_tokens"""
    with pytest.raises(Exception, match="refresh_tokens_one_unused_idx"):
        await world.sql.execute(copy)


async def test_refreshing_may_narrow_and_never_widens(world: World) -> None:
    browser = await world.signed_in()
    first = await world.tokens(browser, scope="appointment:read appointment:write")
    for wider in ("appointment:read patient:read", "no:such", "openid"):
        refused = await world.refresh(first["refresh_token"], scope=wider)
        assert refused.json()["error"] == "invalid_scope"
    second = (await world.refresh(first["refresh_token"], scope="appointment:read")).json()
    assert second["scope"] == "appointment:read"
    third = (await world.refresh(second["refresh_token"])).json()
    assert third["scope"] == "appointment:read appointment:write"


async def test_a_role_taken_away_takes_its_scopes_with_the_next_refresh(world: World) -> None:
    first = await world.tokens(await world.signed_in("ada@example.org"), scope="openid user:admin")
    await world.sql.execute("UPDATE user_roles SET role = 'PATIENT' WHERE user_id = 1")
    assert (await world.refresh(first["refresh_token"])).json()["scope"] == "openid"


@pytest.mark.parametrize("client", ["spa", "other"])
async def test_a_refresh_token_is_for_its_client_only(world: World, client: str) -> None:
    body = await world.tokens(await world.signed_in())
    assert (await world.refresh(body["refresh_token"], client)).json()["error"] == "invalid_grant"
    assert (await world.refresh(body["refresh_token"])).status_code == 200, "and the attempt did it no harm"


async def test_refresh_tokens_expire_and_so_do_families(world: World) -> None:
    body = await world.tokens(await world.signed_in())
    for _ in range(3):
        world.clock.move(days=29)
        body = (await world.refresh(body["refresh_token"])).json()
    world.clock.move(days=4)
    assert (await world.refresh(body["refresh_token"])).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("token", ["", "nonsense", "ü\0"])
async def test_nonsense_is_no_refresh_token(world: World, token: str) -> None:
    answer = (await world.refresh(token)).json()
    assert answer["error"] == ("invalid_grant" if token else "invalid_request")


async def test_a_suspended_user_gets_no_more_tokens(world: World) -> None:
    browser = await world.signed_in()
    body, code = await world.tokens(browser), await world.code(browser)
    await world.sql.execute("UPDATE users SET status = 'SUSPENDED' WHERE id = 3")
    assert (await world.refresh(body["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await world.redeem(code)).json()["error"] == "invalid_grant"
    assert await world.introspect(body["access_token"]) == {"active": False}
    assert await world.introspect(body["refresh_token"]) == {"active": False}
    assert "Password" in (await browser.open("/oauth/sessions")).text


async def test_a_service_gets_tokens_for_itself(world: World) -> None:
    body = (await world.post("token", "service", grant_type="client_credentials", scope="appointment:read")).json()
    assert body["scope"] == "appointment:read"
    assert "refresh_token" not in body
    said = await world.introspect(body["access_token"])
    assert (said["sub"], said["client_id"], said["aud"]) == ("service", "service", AT)
    assert "amr" not in said
    everything = (await world.post("token", "service", grant_type="client_credentials")).json()
    assert everything["scope"] == "appointment:read appointment:write patient:read user:admin"
    for scope in ("payment:refund", "openid", "no:such"):
        refused = await world.post("token", "service", grant_type="client_credentials", scope=scope)
        assert refused.json()["error"] == "invalid_scope"


async def test_clients_use_only_the_grants_they_are_registered_for(world: World) -> None:
    assert (await world.post("token", "web", grant_type="client_credentials")).json()["error"] == "unauthorized_client"
    assert (await world.post("token", "spa", grant_type="client_credentials")).json()["error"] == "invalid_client"
    refused = await world.post("token", "service", grant_type="refresh_token", refresh_token="x")
    assert refused.json()["error"] == "unauthorized_client"


async def test_revoking_an_access_token_leaves_the_refresh_token(world: World) -> None:
    body = await world.tokens(await world.signed_in())
    for _ in range(2):
        assert (await world.post("revoke", token=body["access_token"])).status_code == 200
    assert await world.introspect(body["access_token"]) == {"active": False}
    assert (await world.refresh(body["refresh_token"])).status_code == 200


@pytest.mark.parametrize("client", ["web", "spa"])
async def test_revoking_a_refresh_token_ends_the_family(world: World, client: str) -> None:
    body = await world.tokens(await world.signed_in(), client)
    hint = "access_token"  # wrong, and does no harm
    response = await world.post("revoke", client, token=body["refresh_token"], token_type_hint=hint)
    assert response.status_code == 200
    assert await world.introspect(body["access_token"]) == {"active": False}
    assert (await world.refresh(body["refresh_token"], client)).json()["error"] == "invalid_grant"


async def test_revoking_what_is_unknown_is_fine_and_what_is_anothers_is_not(world: World) -> None:
    for unknown in ("nonsense", "a.b.c", "ü"):
        assert (await world.post("revoke", token=unknown)).status_code == 200
    body = await world.tokens(await world.signed_in())
    assert (await world.post("revoke", "spa", token=body["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await world.introspect(body["refresh_token"]))["active"]
    assert (await world.post("revoke")).json()["error"] == "invalid_request"
    assert (await world.post("revoke", "nobody", token="x")).status_code == 401


async def test_introspection_tells_only_those_whom_it_concerns(world: World) -> None:
    body = await world.tokens(await world.signed_in())
    for client in ("gate", "web"):
        said = await world.introspect(body["access_token"], client)
        assert said["active"]
        assert (said["iss"], said["sub"], said["scope"], said["amr"]) == (AT, "3", "openid appointment:read", ["pwd"])
        assert (await world.introspect(body["refresh_token"], client))["token_type"] == "refresh_token"
    assert await world.introspect(body["access_token"], "service") == {"active": False}
    assert await world.introspect("nonsense") == {"active": False}
    assert await world.introspect(body["id_token"]) == {"active": False}
    assert (await world.post("introspect", "spa", token=body["access_token"])).status_code == 401
    assert (await world.post("introspect", None, token=body["access_token"])).status_code == 401
    world.clock.move(minutes=16)
    assert await world.introspect(body["access_token"]) == {"active": False}


async def test_no_secret_stands_in_the_database_as_it_is(world: World) -> None:
    browser = await world.signed_in()
    body = await world.tokens(browser)
    code = await world.code(browser)
    cookies = [cookie.value or "" for cookie in browser.http.cookies.jar]
    secrets = [code, body["refresh_token"], body["access_token"], *cookies, *SECRETS.values()]
    for table in await world.sql.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        for row in await world.sql.fetch(f"SELECT t::text AS row, t::text::bytea AS raw FROM {table[0]} t WHERE true"):
            for secret in secrets:
                assert secret not in row["row"]
                assert secret.encode().hex() not in row["row"]


async def test_what_has_expired_is_forgotten(world: World) -> None:
    body = await world.tokens(await world.signed_in())
    await world.post("revoke", token=body["access_token"])
    async with world.edge.sessions.begin() as session:
        assert await session.run_sync(forget_expired, world.clock.now) == 0
    world.clock.move(days=120)
    async with world.edge.sessions.begin() as session:
        assert await session.run_sync(forget_expired, world.clock.now) == 5
    assert await world.sql.fetchval("SELECT count(*) FROM signing_keys") == 1
