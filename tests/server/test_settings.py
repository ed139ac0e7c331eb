"""Settings come from the environment, and a wrong one is named."""

from pathlib import Path

import pytest

from server.settings import ExecutorName, Settings, Stage
from server.settings_error import SettingsError


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
        ("CLINICGRAPH_PUBLIC_URL", "clinic.example"),
        ("CLINICGRAPH_PUBLIC_URL", "https://clinic.example/path"),
        ("CLINICGRAPH_PUBLIC_URL", "https://clinic.example:port"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.read({name: value})


PRODUCTION = {
    "CLINICGRAPH_ENV": "production",
    "DATABASE_URL": "postgresql://me@there/db",
    "CLINICGRAPH_PUBLIC_URL": "https://clinic.example",
    "CLINICGRAPH_SECRET_KEY": "x" * 32,
    "CLINICGRAPH_SMTP_URL": "smtps://mail.example?from=clinic@clinic.example",
    "CLINICGRAPH_PAYMENT_GATEWAY": "stripe",
}
STRIPE = {"STRIPE_API_KEY": "sk_test_of_the_tests", "STRIPE_WEBHOOK_SECRET": "whsec_of_the_tests"}
EXTERNAL = {"CLINICGRAPH_OIDC_ISSUER": "https://issuer.example", "CLINICGRAPH_OIDC_AUDIENCE": "clinic"}


@pytest.mark.parametrize("name", sorted(PRODUCTION.keys() - {"CLINICGRAPH_ENV"}))
def test_production_names_what_is_missing(name: str) -> None:
    Settings.read(STRIPE | PRODUCTION).check_production()
    with pytest.raises(SettingsError, match=f"refuses to start: {name} is not set[^;]*$"):
        Settings.read(STRIPE | PRODUCTION | {name: ""}).check_production()


def test_production_says_all_that_it_refuses() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.read({"CLINICGRAPH_ENV": "production"}).check_production()
    assert all(name in str(refused.value) for name in PRODUCTION)
    Settings().check_production()


def test_production_needs_https() -> None:
    for changed in (
        {"CLINICGRAPH_PUBLIC_URL": "http://clinic.example"},
        EXTERNAL | {"CLINICGRAPH_OIDC_ISSUER": "http://x"},
    ):
        with pytest.raises(SettingsError, match="must be https"):
            Settings.read(STRIPE | PRODUCTION | changed).check_production()
    Settings.read(STRIPE | PRODUCTION | {"CLINICGRAPH_PUBLIC_URL": "http://127.0.0.1:8000"}).check_production()


def test_an_external_issuer_needs_neither_secret_nor_mail() -> None:
    less = dict.fromkeys(("CLINICGRAPH_SECRET_KEY", "CLINICGRAPH_SMTP_URL"), "")
    Settings.read(STRIPE | PRODUCTION | EXTERNAL | less).check_production()
    for name in EXTERNAL:
        with pytest.raises(SettingsError, match="go together"):
            Settings.read({name: "x"})


def test_secrets_are_not_shown() -> None:
    shown = repr(Settings.read(STRIPE | PRODUCTION))
    assert "xxxx" not in shown
    assert "mail.example" not in shown
    assert "of_the_tests" not in shown


def test_stripe_needs_its_keys() -> None:
    for name in STRIPE:
        with pytest.raises(SettingsError, match=f"needs {name}"):
            Settings.read({"CLINICGRAPH_PAYMENT_GATEWAY": "stripe"} | STRIPE | {name: ""})
    with pytest.raises(SettingsError, match="the sandbox moves no money"):
        Settings.read(STRIPE | PRODUCTION | {"CLINICGRAPH_PAYMENT_GATEWAY": "sandbox"}).check_production()


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"CLINICGRAPH_HOST": "0.0.0.0", "CLINICGRAPH_PORT": "9000"}, "http://127.0.0.1:9000"),
        ({"CLINICGRAPH_HOST": "::1"}, "http://[::1]:8000"),
        ({"CLINICGRAPH_PUBLIC_URL": "https://clinic.example/"}, "https://clinic.example"),
    ],
)
def test_where_browsers_find_us(environment: dict[str, str], address: str) -> None:
    settings = Settings.read(environment)
    assert settings.address == address
    bound = settings.listening_on(12345)
    assert bound.address == (address if settings.public_url else address.rpartition(":")[0] + ":12345")
