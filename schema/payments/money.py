"""Money, as it is shown everywhere."""

from typing import Any, NamedTuple

import strawberry

from schema.fields import described, read
from schema.scalars import MinorUnits


class Amount(NamedTuple):
    """Minor units of a currency."""

    amount: int
    currency: str


@strawberry.type(description="An amount of money. Never a float: whole minor units of a currency.")
class Money:
    amount: MinorUnits = described("In minor units: 1250 is 12.50 where the currency has two decimals.")
    currency: str = described("ISO 4217, such as USD.")


def money(column: str, description: str, **more: Any) -> Any:
    """A field that shows the row's `<column>_minor` in the row's `currency`."""
    minor = f"{column}_minor"
    return read(lambda row: Amount(row[minor], row["currency"]), description, columns=(minor, "currency"), **more)


@strawberry.input(description="An amount of money.")
class MoneyInput:
    amount: MinorUnits = described("In minor units.")
    currency: str = described("ISO 4217, such as USD.")
