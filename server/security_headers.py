"""Headers that every answer has, unless it says otherwise itself."""

from collections.abc import Sequence
from typing import TypeAlias

Header: TypeAlias = tuple[bytes, bytes]

ALWAYS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"private, no-store"),
)
HTTPS_ONLY = (b"strict-transport-security", b"max-age=63072000")
"""Two years. Subdomains and preloading are the domain's owner to decide."""


class SecurityHeaders:
    """Completes the headers of answers of the server at `address`."""

    def __init__(self, address: str) -> None:
        self._wanted = (*ALWAYS, HTTPS_ONLY) if address.startswith("https://") else ALWAYS

    def missing(self, headers: Sequence[Header]) -> list[Header]:
        """Those that an answer with these headers (by lower-case name) has not."""
        given = {name for name, _ in headers}
        return [header for header in self._wanted if header[0] not in given]
