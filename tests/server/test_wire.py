"""The settings of the protocol."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from server.settings import Settings
from server.settings_error import SettingsError
from server.wire import HttpProfile, Introspection, Wire


def test_what_holds_when_nothing_is_said() -> None:
    assert Settings.read({}).wire == Wire()
    production = Settings.read({"CLINICGRAPH_ENV": "production"}).wire
    assert (production.introspection, production.rate, production.anonymous_rate) == (
        Introspection.SIGNED_IN,
        100_000,
        20_000,
    )


def test_what_is_said() -> None:
    wire = Settings.read(
        {
            "CLINICGRAPH_HTTP_PROFILE": "draft-2026-08",
            "CLINICGRAPH_INTROSPECTION": "off",
            "CLINICGRAPH_PERSISTED_DOCUMENTS": "documents.json",
            "CLINICGRAPH_PERSISTED_ONLY": "web, app",
            "CLINICGRAPH_COST_LIMIT": "5",
            "CLINICGRAPH_COST_LIMIT_ANONYMOUS": "4",
            "CLINICGRAPH_RATE_LIMIT": "0",
            "CLINICGRAPH_RATE_LIMIT_ANONYMOUS": "3",
            "CLINICGRAPH_TRUSTED_PROXIES": "10.0.0.0/8, ::1",
            "CLINICGRAPH_OPERATION_TIMEOUT": "7",
            "CLINICGRAPH_STREAM_LIMIT": "8",
            "REDIS_URL": "redis://cache:6379/0",
        }
    ).wire
    assert wire == Wire(
        http_profile=HttpProfile.DRAFT_2026_08,
        introspection=Introspection.OFF,
        persisted_documents=Path("documents.json"),
        persisted_only=frozenset({"web", "app"}),
        cost_limit=5,
        anonymous_cost_limit=4,
        rate=0,
        anonymous_rate=3,
        trusted_proxies=(ip_network("10.0.0.0/8"), ip_network("::1/128")),
        operation_timeout=7.0,
        streams=8,
        redis_url="redis://cache:6379/0",
    )
    assert "cache" not in repr(wire)  # a URL may hold a password


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLINICGRAPH_HTTP_PROFILE", "newest"),
        ("CLINICGRAPH_INTROSPECTION", "yes"),
        ("CLINICGRAPH_COST_LIMIT", "0"),
        ("CLINICGRAPH_RATE_LIMIT", "-1"),
        ("CLINICGRAPH_RATE_LIMIT_ANONYMOUS", "many"),
        ("CLINICGRAPH_OPERATION_TIMEOUT", "0"),
        ("CLINICGRAPH_STREAM_LIMIT", "0"),
        ("CLINICGRAPH_TRUSTED_PROXIES", "proxy"),
        ("REDIS_URL", "http://cache"),
    ],
)
def test_what_cannot_be(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.read({name: value})
