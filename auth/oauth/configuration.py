"""How the authorization server is set up."""

import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from auth.oauth.secret import Secret
from auth.passwords import FULL_WORK, Work


class ConfigurationError(Exception):
    """A setting with which the authorization server must not run."""


@dataclass(frozen=True)
class Configuration:
    """`public_url` is where browsers find us, without a final slash: it is the issuer, and the audience of tokens."""

    public_url: str
    secret: Secret
    access_lifetime: timedelta = timedelta(minutes=15)
    code_lifetime: timedelta = timedelta(minutes=1)
    refresh_lifetime: timedelta = timedelta(days=30)
    family_lifetime: timedelta = timedelta(days=90)
    session_lifetime: timedelta = timedelta(hours=12)
    session_idle: timedelta = timedelta(hours=2)
    second_step_lifetime: timedelta = timedelta(minutes=10)
    link_lifetime: timedelta = timedelta(hours=1)
    invitation_lifetime: timedelta = timedelta(days=3)
    key_lead: timedelta = timedelta(hours=1)
    """How long a new key is published before it signs, so that whoever caches our keys knows it by then."""

    password_work: Work = FULL_WORK

    def __post_init__(self) -> None:
        parts = urlsplit(self.public_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query or parts.fragment:
            raise ConfigurationError("CLINICGRAPH_PUBLIC_URL is a scheme and a host, as in https://clinic.example")

    @property
    def issuer(self) -> str:
        return self.public_url

    @property
    def resource(self) -> str:
        """What our access tokens are for (RFC 8707): everything that this server answers."""
        return self.public_url

    @property
    def secure(self) -> bool:
        """Whether browsers reach us by https, so that cookies can be held to it."""
        return self.public_url.startswith("https://")

    def check_production(self) -> None:
        """Raises ConfigurationError where tokens would travel in the clear."""
        if not self.secure and not is_loopback(urlsplit(self.public_url).hostname or ""):
            raise ConfigurationError("CLINICGRAPH_PUBLIC_URL must be https in production")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
