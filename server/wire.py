"""What the environment says about the protocol: its profile, trusted documents, limits and deadlines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TypeAlias, TypeVar
from urllib.parse import urlsplit

from server.settings_error import SettingsError

ChoiceT = TypeVar("ChoiceT", bound=StrEnum)
Network: TypeAlias = IPv4Network | IPv6Network

EVERYBODY = "all"
RATE, ANONYMOUS_RATE = 100_000, 20_000
STREAMS = 1_000
GENEROUS = 1_000
"""In development rates are counted and shown, but nobody meets them: a benchmark is not an attack."""


class HttpProfile(StrEnum):
    AUDITED = "audited"
    DRAFT_2026_08 = "draft-2026-08"


class Introspection(StrEnum):
    ON = "on"
    SIGNED_IN = "signed-in"
    OFF = "off"


@dataclass(frozen=True)
class Wire:
    """The settings of the protocol.

    `persisted_only` are the ids of clients that may send trusted documents only; `all` among them means everybody.
    Costs are per operation, rates cost per minute (0: no limit), the timeout is seconds, `streams` those that
    an address may hold open. `show_cost` says whether answers carry `extensions.cost`.
    """

    http_profile: HttpProfile = HttpProfile.AUDITED
    introspection: Introspection = Introspection.ON
    persisted_documents: Path | None = None
    persisted_only: frozenset[str] = frozenset()
    cost_limit: int = 10_000
    anonymous_cost_limit: int = 5_000
    show_cost: bool = True
    rate: int = RATE * GENEROUS
    anonymous_rate: int = ANONYMOUS_RATE * GENEROUS
    redis_url: str | None = field(default=None, repr=False)
    trusted_proxies: tuple[Network, ...] = ()
    operation_timeout: float = 10.0
    streams: int = STREAMS

    @classmethod
    def read(cls, given: Mapping[str, str], *, production: bool) -> "Wire":
        """Raises SettingsError. `given` holds no empty values."""
        generous = 1 if production else GENEROUS
        documents = given.get("CLINICGRAPH_PERSISTED_DOCUMENTS")
        only = frozenset(_listed(given.get("CLINICGRAPH_PERSISTED_ONLY", "")))
        if only and documents is None:
            raise SettingsError("CLINICGRAPH_PERSISTED_ONLY needs CLINICGRAPH_PERSISTED_DOCUMENTS, a manifest file")
        return cls(
            http_profile=_choice(given, "CLINICGRAPH_HTTP_PROFILE", HttpProfile.AUDITED),
            introspection=_choice(
                given, "CLINICGRAPH_INTROSPECTION", Introspection.SIGNED_IN if production else Introspection.ON
            ),
            persisted_documents=Path(documents) if documents is not None else None,
            persisted_only=only,
            cost_limit=_number(given, "CLINICGRAPH_COST_LIMIT", 10_000, least=1),
            anonymous_cost_limit=_number(given, "CLINICGRAPH_COST_LIMIT_ANONYMOUS", 5_000, least=1),
            rate=_number(given, "CLINICGRAPH_RATE_LIMIT", RATE * generous),
            anonymous_rate=_number(given, "CLINICGRAPH_RATE_LIMIT_ANONYMOUS", ANONYMOUS_RATE * generous),
            redis_url=_redis_url(given.get("REDIS_URL")),
            trusted_proxies=tuple(_network(each) for each in _listed(given.get("CLINICGRAPH_TRUSTED_PROXIES", ""))),
            operation_timeout=float(_number(given, "CLINICGRAPH_OPERATION_TIMEOUT", 10, least=1)),
            streams=_number(given, "CLINICGRAPH_STREAM_LIMIT", STREAMS, least=1),
        )


def _listed(value: str) -> list[str]:
    return value.replace(",", " ").split()


def _choice(given: Mapping[str, str], name: str, default: ChoiceT) -> ChoiceT:
    value = given.get(name, default.value)
    try:
        return type(default)(value)
    except ValueError:
        known = ", ".join(each.value for each in type(default))
        raise SettingsError(f"{name} is {value!r}, but must be one of: {known}") from None


def _number(given: Mapping[str, str], name: str, default: int, *, least: int = 0) -> int:
    value = given.get(name, str(default))
    if not value.isdecimal() or not least <= int(value) < 2**53:
        raise SettingsError(f"{name} is {value!r}, but must be a whole number, at least {least}")
    return int(value)


def _network(value: str) -> Network:
    try:
        return ip_network(value)
    except ValueError:
        raise SettingsError(f"CLINICGRAPH_TRUSTED_PROXIES names {value!r}, which is no address or network") from None


def _redis_url(value: str | None) -> str | None:
    if value is not None and urlsplit(value).scheme not in ("redis", "rediss", "unix"):
        raise SettingsError("REDIS_URL must begin with redis://, rediss:// or unix://")
    return value
