"""A world for one test, in which clinic 1 asks prepayment."""

from collections.abc import AsyncIterator

import pytest

from tests.payments.world import PREPAID, PaymentWorld, payment_world


@pytest.fixture
async def world(clinic: str) -> AsyncIterator[PaymentWorld]:
    async with payment_world(clinic) as opened:
        await opened.rows(PREPAID)
        yield opened
