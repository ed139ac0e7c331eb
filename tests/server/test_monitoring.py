"""What Prometheus and Grafana are given: metrics that it reads, rules and panels whose expressions it takes.

As `promtool check metrics` and `promtool check rules` would see it: with the text parser of Prometheus, and a parser of
PromQL that knows the types of its functions.
"""

import json
import re
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from promql_parser import AggModifierType, AggregateExpr, Expr, MatchOp, VectorSelector

from server import metrics
from server.request_notes import ROUTES
from server.unavailable import SAYS
from tests.client import Client

DOCTORS = "{ doctors(first: 1) { edges { node { licenceNumber } } } }"
OF_PROMETHEUS = {"up": {"job", "instance"}}
"""The series that it makes itself; and to each of ours it adds these labels."""
VALUES = {
    "code": {"INTERNAL_SERVER_ERROR", *SAYS},
    "route": {*ROUTES.values(), "other"},
    "type": {"query", "mutation"},
    "state": {"in_use", "idle", "most"},
    "outcome": {"hit", "miss"},
    "job": {"clinicgraph"},
}
"""What labels may say, as far as an expression asks for a certain value."""
LEGEND = re.compile(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}")


async def exposed(client: Client) -> str:
    await client.ask(DOCTORS)
    await client.ask("{ me { email } }", viewer="anonymous")
    await client.ask('{ doctors(filter: { search: "\\"\\n{" }) { edges { cursor } } }')
    answer = await client.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return answer.text


def of_our_own(families: list[Metric]) -> dict[str, set[str]]:
    """The names of all series, each with its labels."""
    found: dict[str, set[str]] = {}
    labels = {each._name: set(each._labelnames) for each in vars(metrics).values() if hasattr(each, "_labelnames")}
    for family in families:
        name = family.name.removesuffix("_total")
        names = {f"{name}_total"} if family.type == "counter" else {name}
        if family.type == "histogram":
            names = {name + suffix for suffix in ("_bucket", "_sum", "_count")}
        for each in names:
            found[each] = labels[name] | {"job", "instance"} | ({"le"} if each.endswith("_bucket") else set())
    return found


def selectors(expression: str) -> tuple[Expr, list[VectorSelector], list[AggregateExpr]]:
    """Raises ValueError for what Prometheus would not take."""
    parsed = promql_parser.parse(expression)
    asked: list[VectorSelector] = []
    summed: list[AggregateExpr] = []

    def note(each: Expr) -> None:
        if isinstance(each, VectorSelector):
            asked.append(each)
        if isinstance(each, promql_parser.MatrixSelector):
            asked.append(each.vector_selector)
        if isinstance(each, AggregateExpr):
            summed.append(each)

    promql_parser.walk(parsed, note)
    return parsed, asked, summed


def check(expression: str, series: dict[str, set[str]]) -> set[str]:
    """Names, labels and values of an expression are there; returns the labels that its results have, `le` aside."""
    _, asked, summed = selectors(expression)
    assert asked, expression
    left: set[str] | None = None
    for each in asked:
        assert each.name in series, expression
        for matcher in each.matchers.matchers:
            assert matcher.name in series[each.name], (expression, matcher.name)
            values = matcher.value.split("|") if matcher.op is MatchOp.Re else [matcher.value]
            assert set(values) <= VALUES[matcher.name], (expression, values)
        left = series[each.name] if left is None else left & series[each.name]
    for aggregate in summed:
        labels: set[str] = set()
        if aggregate.modifier is not None:
            assert aggregate.modifier.type is AggModifierType.By, expression
            labels = set(aggregate.modifier.labels)
        elif str(aggregate.op) in ("topk", "bottomk"):
            continue
        assert labels <= (left or set()), (expression, labels)
        left = labels
    return (left or set()) - {"le"}


async def test_the_metrics_are_what_prometheus_reads(client: Client) -> None:
    """Each family once, with its help and type before its samples; no sample twice; whole histograms."""
    text = await exposed(client)
    assert text.endswith("\n")
    described = re.findall(r"^# (HELP|TYPE) (\S+) (.+)$", text, re.MULTILINE)
    for kind in ("HELP", "TYPE"):
        names = [name for each, name, _ in described if each == kind]
        assert len(names) == len(set(names))
    helped, typed = ({name for each, name, _ in described if each == kind} for kind in ("HELP", "TYPE"))
    assert helped == typed
    families = list(text_string_to_metric_families(text))
    assert "unknown" not in {family.type for family in families}
    seen: set[tuple[str, frozenset[tuple[str, str]]]] = set()
    for family in families:
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in seen
            seen.add(key)
        if family.type == "histogram":
            whole(family)
    assert {series for series, _ in seen} >= {
        "clinicgraph_operation_duration_seconds_bucket",
        "clinicgraph_pool_waiting",
    }


def whole(family: Metric) -> None:
    """Buckets grow to `+Inf`, which holds all that were counted."""
    buckets: dict[frozenset[tuple[str, str]], list[tuple[float, float]]] = {}
    counts: dict[frozenset[tuple[str, str]], float] = {}
    for sample in family.samples:
        labels = dict(sample.labels)
        bound = labels.pop("le", None)
        if bound is not None:
            buckets.setdefault(frozenset(labels.items()), []).append((float(bound), sample.value))
        elif sample.name.endswith("_count"):
            counts[frozenset(labels.items())] = sample.value
    assert buckets.keys() == counts.keys(), family.name
    for series, found in buckets.items():
        assert found == sorted(found), family.name
        values = [value for _, value in found]
        assert values == sorted(values), family.name
        assert found[-1] == (float("inf"), counts[series]), family.name


@pytest.mark.parametrize("expression", ["rate(up)", "sum(", "histogram_quantile(up)", "up[5m] > 1", "nothing(up)"])
def test_an_expression_that_is_none_is_noticed(expression: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        selectors(expression)


async def test_the_alerts(client: Client, root: Path) -> None:
    series = of_our_own(list(text_string_to_metric_families(await exposed(client)))) | OF_PROMETHEUS
    (group,) = yaml.safe_load((root / "deploy" / "alerts.yml").read_text())["groups"]
    assert group.keys() == {"name", "rules"}
    for rule in group["rules"]:
        assert rule.keys() == {"alert", "expr", "for", "labels", "annotations"}, rule
        assert promql_parser.parse_duration(rule["for"]).total_seconds() > 0
        assert rule["labels"]["severity"] in ("page", "ticket")
        labels = check(rule["expr"], series)
        assert set(LEGEND.findall(rule["annotations"]["summary"])) <= labels, rule["alert"]
    alerts = [rule["alert"] for rule in group["rules"]]
    assert len(alerts) == len(set(alerts))
    manual = (root / "docs" / "operations.md").read_text()
    assert set(re.findall(r"^\| `(Clinicgraph\w+)` \|", manual, re.MULTILINE)) == set(alerts)


async def test_the_dashboard(client: Client, root: Path) -> None:
    """Every metric is shown, and each panel has a place of its own."""
    series = of_our_own(list(text_string_to_metric_families(await exposed(client))))
    dashboard = json.loads((root / "deploy" / "grafana-dashboard.json").read_text())
    variables = {f"${{{each['name']}}}" for each in dashboard["templating"]["list"]}
    shown: set[str] = set()
    places: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        assert panel["datasource"]["uid"] in variables
        place = covered(panel["gridPos"])
        assert not place & places, panel["title"]
        places |= place
        assert len({each["refId"] for each in panel["targets"]}) == len(panel["targets"])
        for target in panel["targets"]:
            expression = target["expr"].replace("$__rate_interval", "5m")
            assert "$" not in expression
            labels = check(expression, series)
            assert set(LEGEND.findall(target.get("legendFormat", ""))) <= labels, panel["title"]
            shown |= {each.name or "" for each in selectors(expression)[1]}
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    families = {re.sub("_(bucket|sum|count)$", "", name) for name in series}
    assert {re.sub("_(bucket|sum|count)$", "", name) for name in shown} == families


def covered(place: dict[str, Any]) -> set[tuple[int, int]]:
    across, down = (range(place[at], place[at] + place[size]) for at, size in (("x", "w"), ("y", "h")))
    assert across.stop <= 24
    return {(x, y) for x in across for y in down}
