"""Amounts as people read them."""

import re
from decimal import Decimal

# ISO 4217; all others have two.
NO_DECIMALS = re.compile("BIF|CLP|DJF|GNF|ISK|JPY|KMF|KRW|PYG|RWF|UGX|UYI|VND|VUV|XAF|XOF|XPF")
THREE_DECIMALS = re.compile("BHD|IQD|JOD|KWD|LYD|OMR|TND")


def shown(amount_minor: int, currency: str) -> str:
    """`1,250.00 EUR` for 125000."""
    decimals = 0 if NO_DECIMALS.fullmatch(currency) else 3 if THREE_DECIMALS.fullmatch(currency) else 2
    return f"{Decimal(amount_minor).scaleb(-decimals):,.{decimals}f} {currency}"
