"""What the environment says to those who operate a server: logs, metrics, other sites' pages, leaving."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from server.settings_error import SettingsError

SHORTEST_TOKEN = 16


class LogFormat(StrEnum):
    JSON = "json"
    TEXT = "text"


class Traces(StrEnum):
    """Where spans go, by OpenTelemetry's names."""

    NONE = "none"
    OTLP = "otlp"
    CONSOLE = "console"


@dataclass(frozen=True)
class Operating:
    """`cors_origins` are the exact origins of other sites whose pages may ask. `metrics_token` lets another machine
    read `/metrics`. For `leave_seconds` after SIGTERM `/readyz` says that the server leaves, while it still answers.
    `traces` is where spans go.
    """

    log_format: LogFormat = LogFormat.TEXT
    cors_origins: frozenset[str] = frozenset()
    metrics_token: str | None = field(default=None, repr=False)
    leave_seconds: int = 0
    traces: Traces = Traces.NONE

    @classmethod
    def read(cls, given: Mapping[str, str], *, production: bool) -> "Operating":
        """Raises SettingsError. `given` holds no empty values."""
        log_format = given.get("CLINICGRAPH_LOG_FORMAT", LogFormat.JSON if production else LogFormat.TEXT)
        if log_format not in list(LogFormat):
            raise SettingsError(f"CLINICGRAPH_LOG_FORMAT is {log_format!r}, but must be one of: json, text")
        token = given.get("CLINICGRAPH_METRICS_TOKEN")
        if token is not None and len(token) < SHORTEST_TOKEN:
            raise SettingsError(f"CLINICGRAPH_METRICS_TOKEN is too short: at least {SHORTEST_TOKEN} characters")
        seconds = given.get("CLINICGRAPH_LEAVE_SECONDS", "5" if production else "0")
        if not seconds.isdecimal() or int(seconds) > 300:
            raise SettingsError(f"CLINICGRAPH_LEAVE_SECONDS is {seconds!r}, but must be a whole number, at most 300")
        origins = given.get("CLINICGRAPH_CORS_ORIGINS", "").replace(",", " ").split()
        return cls(LogFormat(log_format), frozenset(map(_origin, origins)), token, int(seconds), _traces(given))


def _traces(given: Mapping[str, str]) -> Traces:
    """Nothing is made where nobody says where to: OpenTelemetry's own default would be a collector on this machine."""
    if given.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return Traces.NONE
    addresses = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    told = given.get("OTEL_TRACES_EXPORTER", Traces.OTLP if any(name in given for name in addresses) else Traces.NONE)
    if told not in list(Traces):
        raise SettingsError(f"OTEL_TRACES_EXPORTER is {told!r}, but must be one of: otlp, console, none")
    name = next((n for n in ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL") if n in given), None)
    if told == Traces.OTLP and name is not None and given[name] != "http/protobuf":
        raise SettingsError(f"{name} is {given[name]!r}, but spans are only sent by http/protobuf")
    return Traces(told)


def _origin(value: str) -> str:
    """As a browser writes it, or not at all: `*` would be everybody."""
    try:
        parts = urlsplit(value)
        exact = f"{parts.scheme}://{parts.netloc}".lower()
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        exact = ""
    if parts.scheme not in ("http", "https") or not parts.hostname or "*" in value or "@" in value or value != exact:
        raise SettingsError(f"CLINICGRAPH_CORS_ORIGINS names {value!r}, but an origin is as https://app.clinic.example")
    return value
