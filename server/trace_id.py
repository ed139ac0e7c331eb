"""The trace that this task's spans belong to, where spans are made: for the log, beside the request's id."""

from contextvars import ContextVar

current: ContextVar[str | None] = ContextVar("trace_id", default=None)
"""32 hexadecimal digits."""
