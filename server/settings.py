"""What the environment says. Names are those of `CLINICGRAPH_*` in the README."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from auth.oauth.configuration import is_loopback
from server.operating import Operating
from server.settings_error import SettingsError
from server.wire import Wire

EnumT = TypeVar("EnumT", bound=StrEnum)


class Stage(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class ExecutorName(StrEnum):
    BREADTH_FIRST = "breadth-first"
    GRAPHQL_CORE = "graphql-core"


class WorkerPlace(StrEnum):
    INSIDE = "inside"
    SEPARATE = "separate"


class GatewayName(StrEnum):
    SANDBOX = "sandbox"
    STRIPE = "stripe"


@dataclass(frozen=True)
class Settings:
    """The settings of one process. `database_url` None means the embedded PostgreSQL in `data_dir`."""

    stage: Stage = Stage.DEVELOPMENT
    database_url: str | None = None
    data_dir: Path = Path(".clinicgraph")
    host: str = "127.0.0.1"
    port: int = 8000
    executor: ExecutorName = ExecutorName.BREADTH_FIRST
    worker: WorkerPlace = WorkerPlace.INSIDE
    public_url: str | None = None
    secret_key: str | None = field(default=None, repr=False)
    oidc_issuer: str | None = None
    oidc_audience: str | None = None
    smtp_url: str | None = field(default=None, repr=False)
    wire: Wire = field(default_factory=Wire)
    operating: Operating = field(default_factory=Operating)
    payment_gateway: GatewayName = GatewayName.SANDBOX
    stripe_api_key: str | None = field(default=None, repr=False)
    stripe_webhook_secret: str | None = field(default=None, repr=False)
    stripe_api_base: str | None = None

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Raises SettingsError for a value that cannot be. An empty value is one that is not set."""
        given = {name: value for name, value in environment.items() if value}
        if ("CLINICGRAPH_OIDC_ISSUER" in given) != ("CLINICGRAPH_OIDC_AUDIENCE" in given):
            raise SettingsError("CLINICGRAPH_OIDC_ISSUER and CLINICGRAPH_OIDC_AUDIENCE go together: set both or none")
        gateway = _choice(given, "CLINICGRAPH_PAYMENT_GATEWAY", GatewayName.SANDBOX)
        needed = ("STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET") if gateway is GatewayName.STRIPE else ()
        if missing := [name for name in needed if name not in given]:
            raise SettingsError(f"CLINICGRAPH_PAYMENT_GATEWAY=stripe needs {' and '.join(missing)}")
        stage = _choice(given, "CLINICGRAPH_ENV", Stage.DEVELOPMENT)
        return cls(
            stage=stage,
            database_url=_database_url(given.get("DATABASE_URL")),
            data_dir=Path(given.get("CLINICGRAPH_DATA_DIR", ".clinicgraph")),
            host=given.get("CLINICGRAPH_HOST", "127.0.0.1"),
            port=_port(given.get("CLINICGRAPH_PORT", "8000")),
            executor=_choice(given, "CLINICGRAPH_EXECUTOR", ExecutorName.BREADTH_FIRST),
            worker=_choice(given, "CLINICGRAPH_WORKER", WorkerPlace.INSIDE),
            public_url=_public_url(given.get("CLINICGRAPH_PUBLIC_URL")),
            secret_key=given.get("CLINICGRAPH_SECRET_KEY"),
            oidc_issuer=given.get("CLINICGRAPH_OIDC_ISSUER"),
            oidc_audience=given.get("CLINICGRAPH_OIDC_AUDIENCE"),
            smtp_url=given.get("CLINICGRAPH_SMTP_URL"),
            wire=Wire.read(given, production=stage is Stage.PRODUCTION),
            operating=Operating.read(given, production=stage is Stage.PRODUCTION),
            payment_gateway=gateway,
            stripe_api_key=given.get("STRIPE_API_KEY"),
            stripe_webhook_secret=given.get("STRIPE_WEBHOOK_SECRET"),
            stripe_api_base=given.get("STRIPE_API_BASE"),
        )

    @property
    def address(self) -> str:
        """Where browsers find us, without a final slash: the issuer of our tokens, and what they are for."""
        return self.public_url or f"http://{_host(self.host)}:{self.port}"

    def listening_on(self, port: int) -> "Settings":
        """With the port that was really bound, when any was asked for, in the address too."""
        bound = replace(self, port=port)
        return replace(bound, public_url=bound.address)

    def check_production(self) -> None:
        """Raises SettingsError, naming all that a production server must not run with."""
        if self.stage is not Stage.PRODUCTION:
            return
        refused: list[str] = []
        if not self.database_url:
            refused.append("DATABASE_URL is not set: the embedded PostgreSQL is for development")
        if not self.public_url:
            refused.append("CLINICGRAPH_PUBLIC_URL is not set: tokens and links in mails name it")
        if self.oidc_issuer is None and not self.secret_key:
            refused.append("CLINICGRAPH_SECRET_KEY is not set: it keeps the keys that sign tokens")
        if self.oidc_issuer is None and not self.smtp_url:
            refused.append("CLINICGRAPH_SMTP_URL is not set: mails would be files in the data directory")
        if self.payment_gateway is GatewayName.SANDBOX:
            refused.append("CLINICGRAPH_PAYMENT_GATEWAY is not set: the sandbox moves no money")
        for name, url in (("PUBLIC_URL", self.public_url), ("OIDC_ISSUER", self.oidc_issuer)):
            if url and not url.startswith("https://") and not is_loopback(urlsplit(url).hostname or ""):
                refused.append(f"CLINICGRAPH_{name} must be https")
        if refused:
            raise SettingsError("CLINICGRAPH_ENV=production refuses to start: " + "; ".join(refused))


def _choice(given: Mapping[str, str], name: str, default: EnumT) -> EnumT:
    value = given.get(name, default.value)
    try:
        return type(default)(value)
    except ValueError:
        known = ", ".join(each.value for each in type(default))
        raise SettingsError(f"{name} is {value!r}, but must be one of: {known}") from None


def _port(value: str) -> int:
    if value.isdecimal() and int(value) < 2**16:
        return int(value)
    raise SettingsError(f"CLINICGRAPH_PORT is {value!r}, but must be a port number")


def _public_url(value: str | None) -> str | None:
    """A scheme and a host, without a final slash."""
    if value is None:
        return None
    try:
        parts = urlsplit(value.rstrip("/"))
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query or parts.fragment:
        raise SettingsError(f"CLINICGRAPH_PUBLIC_URL is {value!r}, but must be as https://clinic.example")
    return value.rstrip("/")


def _host(host: str) -> str:
    """How a browser on this machine writes an address to listen on."""
    if host in ("", "0.0.0.0", "::"):  # noqa: S104 - every address of the machine
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _database_url(value: str | None) -> str | None:
    if value is None:
        return None
    scheme, separator, rest = value.partition("://")
    if not separator or scheme.split("+")[0] not in ("postgresql", "postgres"):
        raise SettingsError("DATABASE_URL must begin with postgresql://")
    return f"postgresql://{rest}"
