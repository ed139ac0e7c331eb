"""Where a request comes from: the address that rates are counted by."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.types import Scope

from server.wire import Network

UNKNOWN = "unknown"


def caller_address(scope: Scope, trusted: Sequence[Network]) -> str:
    """The peer's address; behind trusted proxies the last one in X-Forwarded-For that is none of theirs.

    Of an IPv6 address only the network counts, which is what one caller is given.
    """
    client = scope.get("client")
    address: str = client[0] if client else UNKNOWN
    if trusted and _is_trusted(address, tuple(trusted)):
        given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        for hop in reversed(",".join(given).split(",")):
            if not _is_trusted(hop.strip(), tuple(trusted)):
                address = hop.strip() or address
                break
    return _counted_by(address)


@lru_cache(1_000)
def _is_trusted(address: str, trusted: tuple[Network, ...]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address in ("", UNKNOWN)  # a socket of this machine has no address
    return any(parsed in network for network in trusted)


@lru_cache(1_000)
def _counted_by(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))
    return str(parsed)
