"""How much a caller may ask in a time: a bucket of cost that fills again at a steady rate."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger("clinicgraph.rate_limits")

WINDOW = 60.0
"""Seconds in which an empty bucket is full again."""
MOST_BUCKETS = 100_000
PATIENCE = 0.25
AGAIN_AFTER = 5.0

TAKE = """
local now = redis.call('TIME')
now = tonumber(now[1]) + tonumber(now[2]) / 1000000
local limit, window, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local kept = redis.call('HMGET', KEYS[1], 'left', 'at')
local passed = math.max(0, now - (tonumber(kept[2]) or now))
local left = math.min(limit, (tonumber(kept[1]) or limit) + passed * limit / window)
local taken = left >= cost
if taken then
  left = left - cost
  redis.call('HSET', KEYS[1], 'left', string.format('%.6f', left), 'at', string.format('%.6f', now))
  redis.call('PEXPIRE', KEYS[1], math.ceil(window * 1000))
end
return {taken and 1 or 0, string.format('%.6f', left)}
"""


class Taken(NamedTuple):
    """What was asked of a bucket and what is left in it. `wait` is how many seconds until it would be given."""

    allowed: bool
    limit: int
    cost: int
    remaining: int
    wait: float

    @property
    def seconds_to_full(self) -> float:
        return (self.limit - self.remaining) * WINDOW / self.limit

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """After the IETF's draft, version 10."""
        return (
            (b"ratelimit-policy", b'"cost";q=%d;w=%d' % (self.limit, WINDOW)),
            (b"ratelimit", b'"cost";r=%d;t=%d' % (self.remaining, -(-self.seconds_to_full // 1))),
        )


class Buckets(Protocol):
    """Who holds the buckets: this process, or a Redis that all processes share."""

    async def take(self, key: str, limit: int, cost: int) -> Taken:
        """Takes the cost of an operation, or nothing if there is less."""
        ...


class OwnBuckets:
    """The buckets of this process. Those not asked for longest are forgotten, which fills them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def take(self, key: str, limit: int, cost: int) -> Taken:
        now = self._clock()
        left, at = self._kept.get(key, (limit, now))
        left = min(limit, left + (now - at) * limit / WINDOW)
        allowed = left >= cost
        if allowed:
            left -= cost
        self._kept[key] = (left, now)
        self._kept.move_to_end(key)
        if len(self._kept) > MOST_BUCKETS:
            self._kept.popitem(last=False)
        return _taken(limit, cost, left, allowed=allowed)


class SharedBuckets:
    """The buckets in Redis. While it is away each process counts by itself, which is logged and counted in `misses`."""

    def __init__(self, redis: Redis, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._script = redis.register_script(TAKE)
        self._own = OwnBuckets(clock)
        self._clock = clock
        self._away_until = 0.0
        self.misses = 0

    async def take(self, key: str, limit: int, cost: int) -> Taken:
        if self._clock() < self._away_until:
            return await self._without(key, limit, cost)
        try:
            async with asyncio.timeout(PATIENCE):
                allowed, left = await self._script(keys=[f"clinicgraph:rate:{key}"], args=[limit, WINDOW, cost])
        except (RedisError, OSError) as error:
            log.warning("Redis is away (%s): rates are counted by each process alone", type(error).__name__)
            self._away_until = self._clock() + AGAIN_AFTER
            return await self._without(key, limit, cost)
        return _taken(limit, cost, float(left), allowed=bool(allowed))

    async def are_shared(self) -> bool:
        """Whether Redis answers."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._redis.ping()
        except (RedisError, OSError):
            return False
        return True

    async def _without(self, key: str, limit: int, cost: int) -> Taken:
        self.misses += 1
        return await self._own.take(key, limit, cost)


def _taken(limit: int, cost: int, left: float, *, allowed: bool) -> Taken:
    return Taken(allowed, limit, cost, int(left), 0.0 if allowed else (cost - left) * WINDOW / limit)
