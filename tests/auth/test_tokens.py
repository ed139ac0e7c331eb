"""Verifying access tokens: every way in which one can be wrong, key rotation, external issuers, revocation."""

import asyncio
import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from auth.oauth.keys import current_signer, published_keys, rotate_keys
from auth.oauth.minting import Grant, mint_access_token
from auth.oauth.published import CachedKeys, discovered_keys, own_keys
from auth.oauth.secret import Secret, SecretError, new_token
from auth.revocations import Revocations
from auth.tokens import FOREIGN_ALGORITHMS, CannotVerify, Expectation, InvalidToken, TokenVerifier
from server.oauth.verifying import foreign_tokens, own_tokens
from tests.auth.world import AT, World

Change = Callable[[dict[str, Any], dict[str, Any]], None]


async def verifier(world: World, refusals: Revocations | None = None) -> TokenVerifier:
    return TokenVerifier(Expectation(AT, AT), own_keys(world.edge.sessions, world.clock), world.clock, refusals)


async def minted(world: World, **changed: Any) -> str:
    grant = replace(Grant("web", frozenset({"appointment:read"}), 3, None, world.clock.now, ("pwd",)), **changed)
    async with world.edge.sessions.begin() as session:
        signer = await session.run_sync(current_signer, world.configuration, world.clock.now)
    return mint_access_token(signer, world.configuration, grant, world.clock.now).token


async def test_a_good_token_says_who_and_what(world: World) -> None:
    body = await world.tokens(await world.signed_in())
    claims = await (await verifier(world)).verify(body["access_token"])
    assert (claims.user_id, claims.client_id, claims.amr) == (3, "web", ("pwd",))
    assert claims.scopes == {"openid", "appointment:read"}
    assert claims.auth_time == claims.issued_at == world.clock.now
    assert claims.expires_at == world.clock.now + timedelta(minutes=15)
    assert claims.family_id == str(await world.sql.fetchval("SELECT id FROM token_families"))
    own = (await world.post("token", "service", grant_type="client_credentials")).json()
    service = await (await verifier(world)).verify(own["access_token"])
    assert (service.user_id, service.subject, service.client_id) == (None, "service", "service")


WRONG: dict[str, Change] = {
    "another issuer": lambda _, claims: claims.update(iss="https://evil.test"),
    "the issuer with a slash": lambda _, claims: claims.update(iss=AT + "/"),
    "no issuer": lambda _, claims: claims.pop("iss"),
    "another audience": lambda _, claims: claims.update(aud="https://elsewhere.test"),
    "other audiences": lambda _, claims: claims.update(aud=["web", "https://elsewhere.test"]),
    "no audience": lambda _, claims: claims.pop("aud"),
    "expired": lambda _, claims: claims.update(exp=claims["iat"] - 10),
    "no expiry": lambda _, claims: claims.pop("exp"),
    "an expiry that is none": lambda _, claims: claims.update(exp="never"),
    "an expiry out of range": lambda _, claims: claims.update(exp=1e300),
    "not valid yet": lambda _, claims: claims.update(nbf=claims["iat"] + 60),
    "issued in the future": lambda _, claims: claims.update(iat=claims["iat"] + 60),
    "no type": lambda header, _: header.pop("typ"),
    "an id token's type": lambda header, _: header.update(typ="JWT"),
    "an unknown key": lambda header, _: header.update(kid="unknown"),
    "no key id": lambda header, _: header.pop("kid"),
    "no subject": lambda _, claims: claims.pop("sub"),
    "a subject that is no user": lambda _, claims: claims.update(sub="somebody"),
    "no token id": lambda _, claims: claims.pop("jti"),
    "no client": lambda _, claims: claims.pop("client_id"),
    "scopes that are none": lambda _, claims: claims.update(scope=["user:admin"]),
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
async def test_a_token_signed_by_us_but_wrong_is_refused(world: World, change: Change) -> None:
    async with world.edge.sessions.begin() as session:
        signer = await session.run_sync(current_signer, world.configuration, world.clock.now)
    token = jwt.decode(await minted(world), signer.key, algorithms=["ES256"])
    header, claims = dict(token.header), dict(token.claims)
    good = jwt.encode(header, claims, signer.key, algorithms=["ES256"])
    checker = await verifier(world)
    assert (await checker.verify(good)).user_id == 3
    change(header, claims)
    with pytest.raises(InvalidToken) as refused:
        await checker.verify(jwt.encode(header, claims, signer.key, algorithms=["ES256"], default_type=None))
    assert (refused.value.error, refused.value.status) == ("invalid_token", 401)
    assert refused.value.challenge(f"{AT}/m").startswith('Bearer error="invalid_token", error_description="the token')


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


async def test_a_token_that_we_have_not_signed_is_refused(world: World) -> None:
    token = await minted(world)
    header, claims, signature = token.split(".")
    async with world.edge.sessions.begin() as session:
        jwk = (await session.run_sync(published_keys, world.clock.now))[0]
    public = ECKey.import_key({name: jwk[name] for name in ("kty", "crv", "x", "y")})
    said = json.loads(base64.urlsafe_b64decode(header + "=="))
    forged = []
    for alg in ("none", "None", "NONE", ""):
        forged += [f"{part(said | {'alg': alg})}.{claims}.", f"{part(said | {'alg': alg})}.{claims}.{signature}"]
    for secret in (public.as_pem(private=False), public.as_der(private=False), json.dumps(jwk).encode(), b""):
        for alg, digest in (("HS256", "sha256"), ("HS512", "sha512")):
            signed = f"{part(said | {'alg': alg})}.{claims}"
            mac = hmac.digest(secret, signed.encode(), digest)
            forged.append(f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")
    mine = ECKey.generate_key("P-256")
    forged.append(jwt.encode(said, json.loads(base64.urlsafe_b64decode(claims + "==")), mine, algorithms=["ES256"]))
    embedded = said | {"jwk": mine.as_dict(private=False)}
    signed = f"{part(embedded)}.{claims}"
    forged += [f"{signed}.{signature}", f"{header}.{part({'sub': '1'})}.{signature}", f"{header}.{claims}."]
    forged += [
        f"{part(said | {'crit': ['x'], 'x': 1})}.{claims}.{signature}",
        token[:-4] + "AAAA",
        token + "=",
        "",
        ".",
    ]
    forged += [
        "..",
        "a.b",
        "nonsense",
        "ü.ü.ü",
        token + ".x",
        f"{part([])}.{claims}.{signature}",
        "e" * 9_000,
        "\ud800",
    ]
    forged.append(jwt.encode(said | {"alg": "HS256"}, {}, OctKey.import_key(b"k" * 32), algorithms=["HS256"]))
    checker = await verifier(world)
    for each in forged:
        with pytest.raises(InvalidToken):
            await checker.verify(each)
    assert (await checker.verify(token)).user_id == 3


async def test_an_id_token_is_no_access_token(world: World) -> None:
    body = await world.tokens(await world.signed_in())
    with pytest.raises(InvalidToken, match="not an access token"):
        await (await verifier(world)).verify(body["id_token"])


async def test_a_token_expires_though_it_was_seen_before(world: World) -> None:
    token, checker = await minted(world), await verifier(world)
    await checker.verify(token)
    world.clock.move(minutes=15, seconds=4)
    await checker.verify(token)
    world.clock.move(seconds=1)
    with pytest.raises(InvalidToken, match="expired"):
        await checker.verify(token)


async def test_rotated_keys_still_verify_what_they_have_signed(world: World) -> None:
    old, checker = await minted(world), await verifier(world)
    await checker.verify(old)
    async with world.edge.sessions.begin() as session:
        new_kid = await session.run_sync(rotate_keys, world.configuration, world.clock.now)
    world.clock.move(minutes=59)
    before = await minted(world)
    assert kid(before) == kid(old), "the new key is published first"
    world.clock.move(minutes=1)
    after = await minted(world)
    assert kid(after) == new_kid
    for token in (before, after):
        await checker.verify(token)
        await (await verifier(world)).verify(token)
    world.clock.move(minutes=14)
    await checker.verify(before)
    world.clock.move(days=1)
    keys = (await (await world.http()).get("/oauth/jwks")).json()["keys"]
    assert [key["kid"] for key in keys] == [new_kid]
    assert all("d" not in key for key in keys)
    with pytest.raises(InvalidToken, match="unknown key"):
        await checker.verify(before)


def kid(token: str) -> str:
    header = token.partition(".")[0]
    found: str = json.loads(base64.urlsafe_b64decode(header + "=="))["kid"]
    return found


async def test_processes_that_start_at_once_make_one_key(world: World) -> None:
    await asyncio.gather(*(minted(world) for _ in range(8)))
    assert await world.sql.fetchval("SELECT count(*) FROM signing_keys") == 1


async def test_another_secret_does_not_open_the_keys(world: World) -> None:
    await minted(world)
    foreign = replace(world.configuration, secret=Secret(new_token()))
    async with world.edge.sessions.begin() as session:
        with pytest.raises(SecretError):
            await session.run_sync(current_signer, foreign, world.clock.now)


class Issuer:
    """An external issuer, as far as it can be asked for its keys."""

    def __init__(self) -> None:
        self.at = "https://issuer.test/realm"
        self.named = self.at
        self.keys: list[RSAKey | ECKey] = [
            RSAKey.generate_key(2048, {"kid": "one"}),
            ECKey.generate_key("P-256", {"kid": "two"}),
        ]
        self.asked = 0
        self.down = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.down:
            raise httpx.ConnectError("down")
        if request.url.path.endswith("/openid-configuration"):
            return httpx.Response(200, json={"issuer": self.named, "jwks_uri": f"{self.at}/keys"})
        return httpx.Response(200, json={"keys": [key.as_dict(private=False) for key in self.keys]})

    def token(self, world: World, index: int, alg: str, **claims: object) -> str:
        now = int(world.clock.now.timestamp())
        said = {"iss": self.at, "aud": "clinic", "sub": "42", "client_id": "app", "scope": "slot:read", "jti": "j"}
        header = {"alg": alg, "typ": "application/at+jwt", "kid": self.keys[index].kid}
        return jwt.encode(header, said | {"iat": now, "exp": now + 60} | claims, self.keys[index], algorithms=[alg])

    def verifier(self, world: World) -> TokenVerifier:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self.answer))
        expected = Expectation(self.at, "clinic", FOREIGN_ALGORITHMS, ours=False)
        return TokenVerifier(expected, discovered_keys(self.at, http, world.clock), world.clock)


async def test_an_external_issuers_tokens_are_verified_with_its_keys(world: World) -> None:
    issuer = Issuer()
    checker = issuer.verifier(world)
    for index, alg in ((0, "RS256"), (0, "PS256"), (1, "ES256")):
        claims = await checker.verify(issuer.token(world, index, alg, email="x@example.org", email_verified=True))
        assert (claims.subject, claims.user_id, claims.email) == ("42", None, "x@example.org")
    assert issuer.asked == 2, "keys are cached"
    for wrong in ({"aud": "other"}, {"iss": AT}, {"exp": 1}):
        with pytest.raises(InvalidToken):
            await checker.verify(issuer.token(world, 0, "RS256", **wrong))
    with pytest.raises(InvalidToken):
        await checker.verify(await minted(world))


async def test_a_new_key_of_the_issuer_is_fetched_but_not_for_every_stranger(world: World) -> None:
    issuer = Issuer()
    checker = issuer.verifier(world)
    await checker.verify(issuer.token(world, 0, "RS256"))
    issuer.keys.append(ECKey.generate_key("P-256", {"kid": "three"}))
    token = issuer.token(world, 2, "ES256")
    with pytest.raises(InvalidToken, match="unknown key"):
        await checker.verify(token)
    world.clock.move(seconds=10)
    await asyncio.gather(*(checker.verify(token) for _ in range(5)))
    assert issuer.asked == 4


async def test_an_issuer_that_is_down_is_done_without_for_a_day(world: World) -> None:
    issuer = Issuer()
    checker = issuer.verifier(world)
    await checker.verify(issuer.token(world, 0, "RS256"))
    issuer.down = True
    world.clock.move(hours=23)
    await checker.verify(issuer.token(world, 0, "RS256"))
    world.clock.move(hours=2)
    with pytest.raises(CannotVerify) as refused:
        await checker.verify(issuer.token(world, 0, "RS256"))
    assert refused.value.status == 503
    issuer.down = False
    world.clock.move(seconds=10)
    await checker.verify(issuer.token(world, 0, "RS256"))
    impostor = Issuer()
    impostor.named = "https://evil.test"
    with pytest.raises(CannotVerify):
        await impostor.verifier(world).verify(impostor.token(world, 0, "RS256"))


async def test_keys_of_another_kind_are_not_used(world: World) -> None:
    async def load() -> list[dict[str, object]]:
        return [
            {"kid": "sym", "kty": "oct", "k": "c2VjcmV0"},
            {"kid": "enc", "kty": "RSA", "use": "enc"},
            {"kty": "EC"},
        ]

    checker = TokenVerifier(Expectation(AT, AT, ["HS256"]), CachedKeys(load, world.clock), world.clock)
    secret = OctKey.import_key(b"s" * 32)
    for name in ("sym", "enc"):
        token = jwt.encode({"alg": "HS256", "kid": name, "typ": "at+jwt"}, {"iss": AT}, secret, algorithms=["HS256"])
        with pytest.raises(InvalidToken):
            await checker.verify(token)


async def eventually(refused: Callable[[], object]) -> None:
    """Waits until a call raises InvalidToken: what is told arrives a moment later."""
    for _ in range(200):
        try:
            refused()
        except InvalidToken:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it is still accepted")


@pytest.mark.parametrize(
    "stop",
    [
        "UPDATE users SET status = 'SUSPENDED' WHERE id = 3",
        "UPDATE token_families SET revoked_at = now(), revoked_because = 'SESSION_ENDED'",
        "INSERT INTO revoked_tokens (jti, expires_at) VALUES ($1, now() + interval '10 years')",
        "UPDATE oauth_clients SET disabled_at = now() WHERE id = 'web'",
    ],
)
async def test_what_is_revoked_stops_at_once_in_every_process(world: World, stop: str) -> None:
    token = (await world.tokens(await world.signed_in()))["access_token"]
    await world.sql.execute("UPDATE token_families SET tokens_until = now() + interval '10 minutes'")
    async with (
        Revocations.listening(world.dsn, world.clock) as one,
        Revocations.listening(world.dsn, world.clock) as other,
    ):
        claims = await (await verifier(world, one)).verify(token)
        other.check(claims)
        await world.sql.execute(stop, *([claims.jti] if "$1" in stop else []))
        for process in (one, other):
            await eventually(lambda process=process: process.check(claims))  # type: ignore[misc]
        async with Revocations.listening(world.dsn, world.clock) as late:
            with pytest.raises(InvalidToken):
                late.check(claims)
        if "users" in stop:
            await world.sql.execute("UPDATE users SET status = 'ACTIVE' WHERE id = 3")
            await asyncio.sleep(0.2)
            one.check(claims)


async def test_a_process_accepts_its_own_tokens_until_they_are_revoked(world: World) -> None:
    body = await world.tokens(await world.signed_in())
    async with Revocations.listening(world.dsn, world.clock) as revocations:
        checker = own_tokens(world.edge, revocations)
        claims = await checker.verify(body["access_token"])
        await world.sql.execute("UPDATE token_families SET tokens_until = now() + interval '1 hour'")
        await world.post("revoke", token=body["refresh_token"])
        for _ in range(200):
            try:
                await checker.verify(body["access_token"])
            except InvalidToken as refused:
                assert refused.description == "the token was revoked"  # noqa: PT017
                break
            await asyncio.sleep(0.01)
        else:
            raise AssertionError(claims)
    async with foreign_tokens("https://issuer.invalid", "clinic", world.clock) as checker:
        with pytest.raises(CannotVerify):
            await checker.verify(body["access_token"])


async def test_while_the_listener_is_down_nothing_is_accepted(world: World) -> None:
    token = await minted(world)
    async with Revocations.listening(world.dsn, world.clock) as heard:
        checker = await verifier(world, heard)
        claims = await checker.verify(token)
        sql = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name = 'clinicgraph'"""
        await world.sql.execute(sql)
        await eventually(lambda: heard.check(claims))
        with pytest.raises(CannotVerify):
            await checker.verify(token)
        await world.sql.execute("UPDATE users SET status = 'SUSPENDED' WHERE id = 3")
        for _ in range(300):
            if heard.hears:
                break
            await asyncio.sleep(0.01)
        with pytest.raises(InvalidToken, match="suspended"):
            heard.check(claims)


async def test_a_database_that_cannot_be_reached_means_nothing_is_accepted(world: World) -> None:
    claims = await (await verifier(world)).verify(await minted(world))
    async with Revocations.listening("postgresql://nobody@127.0.0.1:1/nothing", world.clock) as deaf:
        with pytest.raises(CannotVerify):
            deaf.check(claims)


async def test_the_listener_is_a_connection_of_its_own(world: World) -> None:
    count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    connection = await asyncpg.connect(world.dsn)
    before = await connection.fetchval(count)
    async with Revocations.listening(world.dsn, world.clock):
        assert await connection.fetchval(count) == before + 1
    for _ in range(100):
        if await connection.fetchval(count) == before:
            break
        await asyncio.sleep(0.01)
    assert await connection.fetchval(count) == before
    await connection.close()
