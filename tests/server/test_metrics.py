"""Metrics: what they count, how they are called, and who may read them."""

import os
import signal
from pathlib import Path

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from server import metrics
from server.app import create_app
from server.metrics_endpoint import exposition
from server.operating import Operating
from server.settings import Settings
from tests.client import Client, viewer_of
from tests.server.test_serve import said, serving
from tests.streams.serving import serving as serving_here

WATCH = 'subscription { appointmentChanged(doctorId: "RG9jdG9yOjE") { event } }'
DOCTORS = "{ doctors(first: 1) { edges { node { licenceNumber } } } }"


def families(text: str | None = None) -> dict[str, Metric]:
    """The metrics by their names."""
    return {each.name: each for each in text_string_to_metric_families(text or exposition().decode())}


def value(name: str, text: str | None = None, **labels: str) -> float:
    """The sum of the samples of this name that have these labels."""
    return sum(
        sample.value
        for family in families(text).values()
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


async def test_operations_are_counted(client: Client) -> None:
    names: tuple[tuple[str, dict[str, str]], ...] = (
        ("clinicgraph_operation_duration_seconds_count", {"type": "query", "operation": "doctors"}),
        ("clinicgraph_operation_statements_sum", {}),
        ("clinicgraph_loader_batch_keys_count", {}),
        ("clinicgraph_http_requests_total", {"route": "graphql", "status": "200"}),
        ("clinicgraph_errors_total", {"code": "UNAUTHENTICATED"}),
        ("clinicgraph_errors_total", {"code": "QUERY_TOO_COMPLEX"}),
        ("clinicgraph_refusals_total", {"limit": "complexity"}),
    )
    before = [value(name, **labels) for name, labels in names]
    answer = await client.ask(DOCTORS)
    await client.ask("{ appointments { edges { cursor } } }", viewer="anonymous")
    await client.ask("{ " + "\n".join(f"a{n}: __typename" for n in range(200)) + " }")
    after = [value(name, **labels) for name, labels in names]
    grown = [round(now - then) for then, now in zip(before, after, strict=True)]
    assert grown == [1, answer.statements, 1, 3, 1, 1, 1]


async def test_clients_names_are_no_labels(client: Client) -> None:
    for n in range(3):
        await client.ask(f"query Patient{n}Doe {{ a{n}: doctors(first: 1) {{ edges {{ cursor }} }} b: __typename }}")
        await client.http.get(f"/patient-{n}/doe")
    assert "doe" not in exposition().decode().lower()
    assert value("clinicgraph_operation_duration_seconds_count", operation="several") >= 3


async def test_pools_caches_and_outbox_are_looked_at(client: Client) -> None:
    await client.ask(DOCTORS)
    text = (await client.http.get("/metrics")).text
    assert value("clinicgraph_pool_connections", text, pool="lookups", state="most") > 0
    assert value("clinicgraph_pool_connections", text, pool="lookups", state="idle") >= 1
    assert value("clinicgraph_cache_requests_total", text, cache="documents", outcome="miss") >= 1
    assert "clinicgraph_outbox_waiting_events" in families(text)


async def test_open_subscriptions_are_counted(clinic: str) -> None:
    before = value("clinicgraph_subscriptions_open")
    async with serving_here(clinic) as served:
        async with served.socket(viewer="admin") as socket:
            await socket.subscribe(WATCH)
            assert value("clinicgraph_subscriptions_open") == before + 1
        async with served.events(WATCH, viewer="admin") as stream:
            await stream.frame()
            assert value("clinicgraph_subscriptions_open") >= before + 1
    assert value("clinicgraph_subscriptions_open") == before


def test_names_are_as_promtool_wants_them() -> None:
    """Its rules: a prefix, base units, `_total` on counters only, no type in the name, a help text."""
    for family in metrics.REGISTRY.collect():
        assert family.name.startswith("clinicgraph_"), family.name
        assert family.name == family.name.lower()
        assert family.documentation.endswith("."), family.name
        assert not family.name.endswith(("_total", "_count", "_sum", "_bucket", "_info")), family.name
        words = family.name.split("_")
        assert not {"counter", "gauge", "histogram", "summary", "ms", "milliseconds", "minutes", "kb", "mb"} & set(
            words
        )
        assert ("duration" in words) <= (words[-1] == "seconds")
        for sample in family.samples:
            assert sample.name.endswith("_total") == (family.type == "counter")


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("127.0.0.1", {"x-forwarded-for": "203.0.113.9"}, 401),
        ("203.0.113.9", {}, 401),
        ("203.0.113.9", {"authorization": "Bearer wrong"}, 401),
        ("203.0.113.9", {"authorization": "Bearer a-token-of-the-metrics"}, 200),
    ],
)
async def test_who_may_read_them(three: str, peer: str, headers: dict[str, str], status: int) -> None:
    settings = Settings(operating=Operating(metrics_token="a-token-of-the-metrics"))
    app = create_app(three, settings, viewer_of=viewer_of)
    async with app.lifespan:
        transport = httpx.ASGITransport(app, client=(peer, 50_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://clinicgraph.test") as http:
            answer = await http.get("/metrics", headers=headers)
    assert answer.status_code == status
    if status == 401:
        assert (answer.headers["www-authenticate"], answer.json()["code"]) == ("Bearer", "UNAUTHENTICATED")


async def test_processes_are_added_up(empty_database: str, tmp_path: Path) -> None:
    async with serving(empty_database, tmp_path, "--workers", "2") as (http, process):
        for _ in range(20):
            async with httpx.AsyncClient(base_url=http.base_url) as fresh:  # a connection of its own: to either process
                assert (await fresh.post("/graphql", json={"query": DOCTORS})).status_code == 200
        texts = [(await http.get("/metrics")).text for _ in range(3)]
        for text in texts:
            assert value("clinicgraph_http_requests_total", text, route="graphql") == 20
            assert 'pid="' not in text
        assert value("clinicgraph_pool_connections", texts[-1], pool="lookups", state="most") > 0
        process.send_signal(signal.SIGTERM)
        assert (await said(process))[0] == 0


def test_no_test_runs_in_several_processes() -> None:
    """Here the metrics are this process's own."""
    assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ
