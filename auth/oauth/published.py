"""Where verifiers find public keys: our own database, or an external issuer's JWKS. Cached either way."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

import httpx
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from auth.oauth.keys import published_keys
from auth.tokens import CannotVerify
from models.clock import Clock

Jwk: TypeAlias = Mapping[str, object]
Load: TypeAlias = Callable[[], Awaitable[Sequence[Jwk]]]

FRESH = timedelta(minutes=5)
AT_MOST_EVERY = timedelta(seconds=10)
STALE = timedelta(hours=24)
FETCH_SECONDS = 5


class CachedKeys:
    """Keys that are read again after five minutes, and for an unknown id at once, but not more than every ten seconds.

    If they cannot be read, those that are known stay good for a day.
    """

    def __init__(self, load: Load, clock: Clock) -> None:
        self._load = load
        self._clock = clock
        self._keys: dict[str, Jwk] = {}
        self._read_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._one_at_a_time = asyncio.Lock()

    async def key(self, kid: str) -> Jwk | None:
        """See `auth.tokens.KeySource`."""
        if kid not in self._keys or self._older_than(FRESH):
            async with self._one_at_a_time:
                if (kid not in self._keys or self._older_than(FRESH)) and self._may_try():
                    await self._refresh()
        if self._older_than(STALE):
            raise CannotVerify("the keys of the issuer cannot be read")
        return self._keys.get(kid)

    def _older_than(self, age: timedelta) -> bool:
        return self._read_at is None or self._clock() - self._read_at > age

    def _may_try(self) -> bool:
        return self._tried_at is None or self._clock() - self._tried_at >= AT_MOST_EVERY

    async def _refresh(self) -> None:
        self._tried_at = self._clock()
        try:
            found = await self._load()
        except (httpx.HTTPError, SQLAlchemyError, OSError, ValueError, KeyError, TypeError):
            return
        self._keys = {str(jwk["kid"]): jwk for jwk in found if "kid" in jwk and jwk.get("use", "sig") == "sig"}
        self._read_at = self._clock()


def own_keys(sessions: async_sessionmaker[AsyncSession], clock: Clock) -> CachedKeys:
    """The keys of this server, which are in its database."""

    async def load() -> Sequence[Jwk]:
        async with sessions() as session:
            return await session.run_sync(published_keys, clock())

    return CachedKeys(load, clock)


def discovered_keys(issuer: str, http: httpx.AsyncClient, clock: Clock) -> CachedKeys:
    """The keys of an external issuer, found by OpenID discovery. Redirects are not followed."""

    async def load() -> Sequence[Jwk]:
        metadata = await _fetched(http, issuer.rstrip("/") + "/.well-known/openid-configuration")
        if metadata["issuer"] != issuer:
            raise ValueError("the metadata is another issuer's")
        keys = (await _fetched(http, str(metadata["jwks_uri"])))["keys"]
        if not isinstance(keys, list):
            raise TypeError("keys")
        return [key for key in keys if isinstance(key, dict)]

    return CachedKeys(load, clock)


async def _fetched(http: httpx.AsyncClient, url: str) -> dict[str, object]:
    response = await http.get(url, timeout=FETCH_SECONDS)
    response.raise_for_status()
    body = response.json()
    if not isinstance(body, dict):
        raise TypeError(url)
    return body
