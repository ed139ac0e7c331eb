"""Stripe's stand-in and the sandbox, each with its gateway, for one test."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator

import pytest

from gateways.payments.stripe import StripeGateway
from server.embedded import drop_database
from tests.conftest import made
from tests.gateways.orders import SECRET
from tests.gateways.sandbox_world import SandboxWorld
from tests.gateways.stripe_server import API_KEY, StripeServer


class Pauses(list[float]):
    """The seconds that were to be slept, and were not."""

    async def sleep(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
async def stripe() -> AsyncIterator[StripeServer]:
    async with StripeServer.running() as server:
        yield server


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
async def gateway(stripe: StripeServer, pauses: Pauses) -> AsyncIterator[StripeGateway]:
    gateway = StripeGateway(API_KEY, SECRET, stripe.url, sleep=pauses.sleep)
    yield gateway
    await gateway.close()


@pytest.fixture(scope="session")
def sandbox_database(postgres: str, template: str) -> Iterator[str]:
    name = f"test_{os.getpid()}_sandbox"
    yield made(postgres, name, template)
    asyncio.run(drop_database(postgres, name))


@pytest.fixture
async def sandbox(sandbox_database: str) -> AsyncIterator[SandboxWorld]:
    async with SandboxWorld.opened(sandbox_database) as world:
        yield world
