"""The metrics, by the naming rules of Prometheus. Labels have few values: none is a caller's text or anybody's id.

With several processes that answer, prometheus_client keeps them in files of a folder that they share
(`PROMETHEUS_MULTIPROC_DIR`, which `serve --workers` sets), and whichever process is asked adds them up.
"""

from functools import cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from loaders.reads import Reads

# A second series for each, of when it began; and with several processes there would be none of them.
disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY: Final = CollectorRegistry()

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
STATEMENTS = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64)
KEYS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000)

REFUSALS_BY_CODE = {
    "RATE_LIMITED": "rate",
    "QUERY_TOO_COMPLEX": "complexity",
    "TIMEOUT": "deadline",
    "INTROSPECTION_DISABLED": "introspection",
    "QUERY_NOT_IN_SAFELIST": "trusted_documents",
    "SUBSCRIBER_TOO_SLOW": "slow_subscriber",
    "TOO_MANY_ERRORS": "errors_shown",
}
REFUSALS_BY_STATUS = {408: "body_time", 413: "body_size"}

OPERATION_SECONDS = Histogram(
    "clinicgraph_operation_duration_seconds",
    "How long queries and mutations took, by their root field.",
    ("type", "operation"),
    buckets=SECONDS,
    registry=REGISTRY,
)
OPERATION_STATEMENTS = Histogram(
    "clinicgraph_operation_statements",
    "How many SQL statements the loaders of an operation ran.",
    buckets=STATEMENTS,
    registry=REGISTRY,
)
BATCH_KEYS = Histogram(
    "clinicgraph_loader_batch_keys", "How many keys loaders read at once.", buckets=KEYS, registry=REGISTRY
)
HTTP_REQUESTS = Counter(
    "clinicgraph_http_requests_total", "Requests by where to and by status.", ("route", "status"), registry=REGISTRY
)
ERRORS = Counter(
    "clinicgraph_errors_total", "Operations and requests with an error of this code.", ("code",), registry=REGISTRY
)
REFUSALS = Counter("clinicgraph_refusals_total", "What was refused because of a limit.", ("limit",), registry=REGISTRY)
SUBSCRIPTIONS = Gauge(
    "clinicgraph_subscriptions_open",
    "Subscriptions that are open.",
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
CONNECTIONS = Gauge(
    "clinicgraph_pool_connections",
    "Connections to the database by pool: in use, idle, and how many there may be.",
    ("pool", "state"),
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
WAITING = Gauge(
    "clinicgraph_pool_waiting",
    "Who waits for a connection.",
    ("pool",),
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
CACHE = Counter(
    "clinicgraph_cache_requests_total", "What caches were asked for.", ("cache", "outcome"), registry=REGISTRY
)
FALLBACKS = Counter(
    "clinicgraph_engine_fallbacks_total",
    "Operations that were left to graphql-core's executor.",
    ("reason",),
    registry=REGISTRY,
)
UNSHARED = Counter(
    "clinicgraph_rate_limit_unshared_total", "Rates counted by one process alone: Redis was away.", registry=REGISTRY
)
WORKER_FAILURES = Counter(
    "clinicgraph_worker_failures_total", "Chores that failed, in processes that answer.", ("chore",), registry=REGISTRY
)
OUTBOX_WAITING = Gauge(
    "clinicgraph_outbox_waiting_events",
    "Events that have no position yet: only a worker gives them one.",
    registry=REGISTRY,
    multiprocess_mode="livemax",
)
OUTBOX_AGE = Gauge(
    "clinicgraph_outbox_oldest_waiting_seconds",
    "How long the first of them waits.",
    registry=REGISTRY,
    multiprocess_mode="livemax",
)

# labels() takes a lock and makes texts of its arguments, which is most of what counting costs.
_durations = cache(OPERATION_SECONDS.labels)
_answers = cache(HTTP_REQUESTS.labels)


def observe_operation(kind: str, operation: str, seconds: float) -> None:
    """A query or mutation that is over. `operation` is a name of the schema."""
    _durations(kind, operation).observe(seconds)


def count_request(route: str, status: int) -> None:
    """A request that was answered."""
    _answers(route, status).inc()


def observe_reads(reads: Reads) -> None:
    """What an operation's loaders have read."""
    OPERATION_STATEMENTS.observe(reads.statements)
    for keys in reads.batches:
        BATCH_KEYS.observe(keys)
