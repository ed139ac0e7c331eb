"""What the environment says. Names are those of `CLINICGRAPH_*` in the README."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

EnumT = TypeVar("EnumT", bound=StrEnum)


class Stage(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class ExecutorName(StrEnum):
    BREADTH_FIRST = "breadth-first"
    GRAPHQL_CORE = "graphql-core"


class SettingsError(Exception):
    """A setting that cannot be; the message names the variable and what it may be."""


@dataclass(frozen=True)
class Settings:
    """The settings of one process. `database_url` None means the embedded PostgreSQL in `data_dir`."""

    stage: Stage = Stage.DEVELOPMENT
    database_url: str | None = None
    data_dir: Path = Path(".clinicgraph")
    host: str = "127.0.0.1"
    port: int = 8000
    executor: ExecutorName = ExecutorName.BREADTH_FIRST

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Raises SettingsError for a value that cannot be. An empty value is one that is not set."""
        given = {name: value for name, value in environment.items() if value}
        return cls(
            stage=_choice(given, "CLINICGRAPH_ENV", Stage.DEVELOPMENT),
            database_url=_database_url(given.get("DATABASE_URL")),
            data_dir=Path(given.get("CLINICGRAPH_DATA_DIR", ".clinicgraph")),
            host=given.get("CLINICGRAPH_HOST", "127.0.0.1"),
            port=_port(given.get("CLINICGRAPH_PORT", "8000")),
            executor=_choice(given, "CLINICGRAPH_EXECUTOR", ExecutorName.BREADTH_FIRST),
        )

    def check_production(self) -> None:
        """Raises SettingsError, naming all that a production server must not run with."""
        if self.stage is not Stage.PRODUCTION:
            return
        refused = [
            "there is no sign-in yet, so every request would see everything (comes with the identity issue)",
            *(["DATABASE_URL is not set: the embedded PostgreSQL is for development"] if not self.database_url else []),
        ]
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


def _database_url(value: str | None) -> str | None:
    if value is None:
        return None
    scheme, separator, rest = value.partition("://")
    if not separator or scheme.split("+")[0] not in ("postgresql", "postgres"):
        raise SettingsError("DATABASE_URL must begin with postgresql://")
    return f"postgresql://{rest}"
