"""Each request is noted once it is over: one line in the log, and in the figures. Never what was asked about.

What the endpoint leaves in the scope is read here: `viewer`, `operation` (its document and its node), `errors` as they
were answered, and `context`, whose reads are counted.
"""

import logging
from typing import Any

from graphql import FieldNode, OperationDefinitionNode, OperationType
from starlette.types import Scope

from server import metrics, request_id

log = logging.getLogger("clinicgraph.requests")

SEVERAL = "several"
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
ROUTES = {
    "/graphql": "graphql",
    "/oauth": "oauth",
    "/.well-known": "oauth",
    "/webhooks": "webhooks",
    "/assets": "assets",
    **dict.fromkeys(PROBES, "probes"),
}


def operation_name(operation: OperationDefinitionNode) -> str:
    """The root field of an operation, or `several`. Names that clients choose are without bound, and anybody's."""
    names = {each.name.value if isinstance(each, FieldNode) else SEVERAL for each in operation.selection_set.selections}
    return names.pop() if len(names) == 1 else SEVERAL


def route_of(path: str) -> str:
    """A few words for all paths: some hold ids."""
    end = path.find("/", 1)
    return ROUTES.get(path if end < 0 else path[:end], "other")


def note(scope: Scope, status: int, seconds: float, transport: str = "http") -> None:
    """Notes a request that is over, however it ended."""
    route = route_of(scope["path"])
    if transport == "http":
        metrics.count_request(route, status)
    codes = codes_of(scope)
    for code in codes:
        metrics.ERRORS.labels(code).inc()
        if code in metrics.REFUSALS_BY_CODE:
            metrics.REFUSALS.labels(metrics.REFUSALS_BY_CODE[code]).inc()
    if status in metrics.REFUSALS_BY_STATUS:
        metrics.REFUSALS.labels(metrics.REFUSALS_BY_STATUS[status]).inc()
    fields: dict[str, Any] = {
        "request_id": scope.get("request_id") or request_id.current.get(),
        "transport": transport,
        "method": scope.get("method"),
        "route": route,
        "status": status,
        "latency_ms": round(seconds * 1000, 2),
    }
    if (viewer := scope.get("viewer")) is not None:
        fields["user_id"], fields["client_id"] = viewer.user_id, viewer.client_id
    context = scope.get("context")
    if (found := scope.get("operation")) is not None:
        document, operation = found
        kind, name = operation.operation, operation_name(operation)
        fields["operation_type"], fields["operation"], fields["document"] = kind.value, name, document.hash
        if kind is not OperationType.SUBSCRIPTION:
            metrics.observe_operation(kind.value, name, seconds)
            if context is not None:
                metrics.observe_reads(context.reads)
    if context is not None:
        fields["statements"] = context.reads.statements
    if codes:
        fields["error_codes"] = codes
    if log.isEnabledFor(logging.INFO) and (scope["path"] not in PROBES or status >= 500):
        record = logging.LogRecord(log.name, logging.INFO, "", 0, "request", (), None)
        record.fields = fields
        log.handle(record)


def codes_of(scope: Scope) -> list[str]:
    """The codes of the errors that were answered, each once."""
    errors = scope.get("errors")
    if not errors:
        return []
    return list(dict.fromkeys(error.get("extensions", {}).get("code", "UNKNOWN") for error in errors))
