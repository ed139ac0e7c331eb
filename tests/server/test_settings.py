"""Settings come from the environment, and a wrong one is named."""

from pathlib import Path

import pytest

from server.settings import ExecutorName, Settings, SettingsError, Stage


def test_defaults_are_for_development() -> None:
    settings = Settings.read({})
    assert (settings.stage, settings.database_url, settings.data_dir) == (Stage.DEVELOPMENT, None, Path(".clinicgraph"))
    assert (settings.host, settings.port, settings.executor) == ("127.0.0.1", 8000, ExecutorName.BREADTH_FIRST)


def test_empty_is_not_set() -> None:
    assert Settings.read({"DATABASE_URL": "", "CLINICGRAPH_PORT": ""}) == Settings()


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_addresses_of_databases(scheme: str) -> None:
    assert Settings.read({"DATABASE_URL": f"{scheme}://me@there/db"}).database_url == "postgresql://me@there/db"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLINICGRAPH_ENV", "staging"),
        ("CLINICGRAPH_PORT", "http"),
        ("CLINICGRAPH_PORT", "65536"),
        ("CLINICGRAPH_EXECUTOR", "fast"),
        ("DATABASE_URL", "mysql://there/db"),
        ("DATABASE_URL", "clinicgraph"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.read({name: value})


def test_production_says_all_that_it_refuses() -> None:
    with pytest.raises(SettingsError, match=r"no sign-in yet.*DATABASE_URL is not set"):
        Settings.read({"CLINICGRAPH_ENV": "production"}).check_production()
    Settings().check_production()
