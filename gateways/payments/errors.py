"""What can go wrong between us and a gateway. No message names a person, a card or a key."""

from enum import StrEnum


class GatewayError(Exception):
    """A gateway did not do what it was asked to."""


class GatewayUnavailable(GatewayError):
    """No answer that can be used: too late, too many calls, a fault of its own, or we do not ask at the moment.

    Whether the work was done is not known. Asking again with the same key is safe and finds out.
    """


class GatewayDeclined(GatewayError):
    """The gateway understood and said no; `reason` is its code, such as `insufficient_funds`."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"declined: {reason}")
        self.reason = reason


class GatewayRefused(GatewayError):
    """The request cannot be: a wrong state (nothing to capture), a wrong amount, or a bug; `code` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(f"refused: {code}")
        self.code = code


class WebhookFault(StrEnum):
    BAD_SIGNATURE = "BAD_SIGNATURE"
    STALE = "STALE"
    MALFORMED = "MALFORMED"


class WebhookRefused(Exception):
    """A webhook that is not the gateway's, is not of now, or cannot be read. Nothing of its body is in the message."""

    def __init__(self, fault: WebhookFault) -> None:
        super().__init__(fault.value)
        self.fault = fault
