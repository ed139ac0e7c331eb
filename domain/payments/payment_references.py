"""What gateways call our payments by."""

from gateways.payments import PaymentReference

PREFIX = "payment-"
LARGEST_ID = 2**63 - 1


def reference_of(payment_id: int) -> PaymentReference:
    return PaymentReference(f"{PREFIX}{payment_id}")


def payment_id_of(reference: PaymentReference | None) -> int | None:
    """The payment that `reference_of` named; None for a name that is not ours."""
    if reference is None or not reference.startswith(PREFIX):
        return None
    number = reference.removeprefix(PREFIX)
    if not (number.isascii() and number.isdecimal() and len(number) <= 19) or int(number) > LARGEST_ID:
        return None
    return int(number)
