"""Where a payment can be made."""

from collections.abc import Mapping
from functools import lru_cache
from typing import ClassVar

from asyncpg import Record
from sqlalchemy import select

from auth.viewer import Sight
from auth.visibility import payments
from loaders.loader import Loader
from models import Payment, PaymentSession
from models.statement import Statement, compile_statement, one_of_ids

SESSION, PAYMENT = PaymentSession.__table__, Payment.__table__


class _OfSession(Loader[int, str | None]):
    """A column of the sessions of visible payments."""

    column: ClassVar[str]

    async def read(self, keys: list[int]) -> Mapping[int, str | None]:
        rows = await self.reads.fetch(_statement(self.column, self.reads.sight), Record, {"keys": keys})
        return {row["id"]: row[self.column] for row in rows}


class ClientTokenOfSession(_OfSession):
    column = "client_token"


class CheckoutUrlOfSession(_OfSession):
    column = "checkout_url"


@lru_cache(maxsize=64)
def _statement(column: str, sight: Sight) -> Statement:
    joined = SESSION.join(PAYMENT, PAYMENT.c.id == SESSION.c.payment_id)
    query = select(SESSION.c.id, SESSION.c[column]).select_from(joined)
    return compile_statement(query.where(SESSION.c.id == one_of_ids("keys"), payments(PAYMENT, sight)))
