"""How much a caller may ask: by itself, shared over processes, and while Redis is away."""

import logging
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from starlette.types import Scope

from auth.viewer import ANONYMOUS, Viewer
from server.app import create_app
from server.caller import caller_address
from server.rate_limits import OwnBuckets, SharedBuckets, Taken
from server.settings import Settings
from server.wire import Wire
from tests.client import viewer_of
from tests.server.redis_server import running_redis
from tests.streams.serving import serving

QUERY = "{ doctors(first: 4) { edges { node { id } } } }"
COST = 1 + 4 * 2
READING = 20
"""What a document costs that is read for the first time."""


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def asking(three: str, **wire: Any) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(three, Settings(wire=Wire(show_cost=False, **wire)), viewer_of=viewer_of)
    transport = httpx.ASGITransport(app, client=("192.0.2.1", 1))
    async with app.lifespan, httpx.AsyncClient(transport=transport, base_url="http://clinicgraph.test") as http:
        http.headers.update({"x-test-viewer": "anonymous"})
        yield http


async def ask(http: httpx.AsyncClient, query: str = QUERY, **headers: str) -> httpx.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return await http.post("/graphql", json={"query": query}, headers=given)


async def test_a_bucket_empties_and_fills_again() -> None:
    clock = Clock()
    buckets = OwnBuckets(clock)
    assert await buckets.take("a", 60, 50) == Taken(True, 60, 50, 10, 0.0)
    assert await buckets.take("a", 60, 30) == Taken(False, 60, 30, 10, 20.0)
    assert (await buckets.take("b", 60, 60)).allowed
    clock.now += 20
    assert await buckets.take("a", 60, 30) == Taken(True, 60, 30, 0, 0.0)
    clock.now += 1000
    taken = await buckets.take("a", 60, 1)
    assert (taken.remaining, taken.seconds_to_full) == (59, 1.0)
    assert dict(taken.headers) == {b"ratelimit-policy": b'"cost";q=60;w=60', b"ratelimit": b'"cost";r=59;t=1'}


async def test_buckets_are_kept_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.rate_limits.MOST_BUCKETS", 3)
    buckets = OwnBuckets()
    for key in "abcdaef":
        await buckets.take(key, 10, 1)
    assert list(buckets._kept) == ["a", "e", "f"]


async def test_too_much_is_refused_until_there_is_enough_again(three: str) -> None:
    async with asking(three, anonymous_rate=READING + 2 * COST) as http:
        first, second, third = [await ask(http) for _ in range(3)]
        limit = READING + 2 * COST
        assert first.headers["ratelimit-policy"] == f'"cost";q={limit};w=60'
        assert first.headers["ratelimit"].startswith(f'"cost";r={COST};t=')
        assert second.headers["ratelimit"].startswith('"cost";r=0;t=')
        assert (third.status_code, third.json()["errors"][0]["extensions"]["code"]) == (429, "RATE_LIMITED")
        assert 1 <= int(third.headers["retry-after"]) <= 60
        assert "data" not in third.json()
        assert (await ask(http, x_test_viewer="patient")).status_code == 200  # a bucket of her own
        for path in ("/healthz", "/readyz"):
            assert (await http.get(path)).status_code == 200


async def test_invalid_documents_are_paid_for_before_they_are_validated(three: str) -> None:
    async with asking(three, anonymous_rate=3 * READING) as http:
        statuses = [(await ask(http, "{ physicians }")).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]


async def test_the_rate_is_a_field_too(three: str) -> None:
    async with asking(three, anonymous_rate=1000, rate=0) as http:
        query = "{ rateLimit { limit cost remaining resetAt } }"
        told = (await ask(http, query)).json()["data"]["rateLimit"]
        reset_at = told.pop("resetAt")
        assert told == {"limit": 1000, "cost": 1, "remaining": 1000 - READING - 1}
        assert reset_at.endswith("Z")
        assert (await ask(http, query, x_test_viewer="patient")).json() == {"data": {"rateLimit": None}}


async def test_a_budget_for_those_whom_nobody_knows(three: str) -> None:
    async with asking(three, anonymous_cost_limit=COST - 1, cost_limit=COST) as http:
        refused = (await ask(http)).json()["errors"][0]["extensions"]
        assert refused == {"code": "QUERY_TOO_COMPLEX", "limit": COST - 1, "found": COST}
        assert "errors" not in (await ask(http, x_test_viewer="patient")).json()


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.7"], "192.0.2.1"),
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.9, 198.51.100.7, 10.0.0.2"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["nonsense"], "nonsense"),
        ("2001:db8:1:2:3:4:5:6", [], "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", [], "192.0.2.1"),
        (None, [], "unknown"),
    ],
)
def test_whose_address_counts(peer: str | None, forwarded: list[str], counted: str) -> None:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    scope = {"client": None if peer is None else (peer, 1), "headers": headers}
    assert caller_address(scope, (ip_network("10.0.0.0/8"),)) == counted


async def test_a_caller_does_not_say_itself_where_it_comes_from(three: str) -> None:
    seen = []

    async def noting(scope: Scope) -> Viewer:
        seen.append(scope["client"][0])
        return ANONYMOUS

    async with serving(three, viewer_of=noting) as served, served.http as http:
        await http.post("/graphql", json={"query": QUERY}, headers={"x-forwarded-for": "203.0.113.9"})
    assert seen == ["127.0.0.1"]


@pytest.fixture
def redis_path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        yield Path(folder, "s")


async def test_processes_share_their_buckets(three: str, redis_path: Path) -> None:
    with running_redis(redis_path) as url:
        limits = {"redis_url": url, "anonymous_rate": 2 * READING + 2 * COST}
        async with asking(three, **limits) as one, asking(three, **limits) as another:
            assert (await ask(one)).headers["ratelimit"].startswith(f'"cost";r={READING + COST};t=')
            assert (await ask(another)).headers["ratelimit"].startswith('"cost";r=0;t=')
            for http in (one, another):
                assert (await ask(http)).status_code == 429


async def test_a_shared_bucket_fills_again(redis_path: Path) -> None:
    with running_redis(redis_path) as url:
        redis = Redis.from_url(url)
        buckets = SharedBuckets(redis)
        assert await buckets.take("a", 60, 60) == Taken(True, 60, 60, 0, 0.0)
        refused = await buckets.take("a", 60, 60)
        assert not refused.allowed
        assert 0 < refused.wait <= 60
        await redis.hset("clinicgraph:rate:a", "at", "0")
        assert (await buckets.take("a", 60, 60)).allowed
        assert 0 < await redis.ttl("clinicgraph:rate:a") <= 60
        await redis.aclose()


async def test_while_redis_is_away_each_process_counts_alone(
    redis_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    redis = Redis.from_url(f"unix://{redis_path}", socket_timeout=5, socket_connect_timeout=5)
    buckets = SharedBuckets(redis, clock)
    with caplog.at_level(logging.WARNING, "clinicgraph.rate_limits"):
        assert (await buckets.take("a", 60, 50)).allowed
        assert not (await buckets.take("a", 60, 50)).allowed
    assert buckets.misses == 2
    assert [record.message for record in caplog.records] == [
        "Redis is away (ConnectionError): rates are counted by each process alone"
    ]
    with running_redis(redis_path):
        clock.now += 6
        assert (await buckets.take("a", 60, 50)).remaining == 10
        assert (await redis.hget("clinicgraph:rate:a", "left")) == b"10.000000"
    assert buckets.misses == 2
    await redis.aclose()


async def test_a_server_starts_and_answers_without_its_redis(three: str, redis_path: Path) -> None:
    async with asking(three, redis_url=f"unix://{redis_path}", anonymous_rate=1000) as http:
        assert (await ask(http)).status_code == 200
