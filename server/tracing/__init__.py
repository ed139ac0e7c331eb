"""Spans for OpenTelemetry: what a request was made of and how long each part took. Never what it was about.

No span has a value of an argument or variable, a parameter of a statement, or what an exception says.
"""

from server.tracing.parts import TracedParts, telling

__all__ = ["TracedParts", "telling"]
