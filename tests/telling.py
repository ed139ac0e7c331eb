"""What the server writes down in a test run is looked through as it is written: nothing of people, and nothing secret.

By form rather than by value: nothing that is written has a reason to hold an address, a date or a token, whoever's it
is, and words that are also names of tests or columns raise no false alarm. Of names there are those of
`tests.clinic_data`. Servers in processes of their own write to a pipe, which their tests read.
"""

import logging
import os
import re
from base64 import b64encode
from collections.abc import Sequence
from functools import lru_cache

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

from server.logs import JsonLines
from server.parts import PLAIN, Parts
from server.tracing import TracedParts

KINDS = ("Appointment", "Clinic", "Doctor", "Hold", "Patient", "Payment", "Slot", "User", "WaitlistEntry")
STARTS = "|".join(b64encode(f"{kind}:0".encode())[: (len(kind) + 1) * 8 // 6].decode() for kind in KINDS)
FORMS = {
    "an email address": r"[\w.+-]+@[\w-]+\.[\w.-]*[a-z]",
    "a date": r"(?<![\w-])(?:19|20)\d\d-[01]\d-[0-3]\d(?![\dT-])",
    "a phone number": r"(?<!\w)\+\d[\d ().-]{5,}\d",
    "a global id": rf"(?<!\w)(?:{STARTS})\w+",
    "a signed token": r"eyJ[\w-]{10,}",
    "a password's hash": r"\$argon2",
    "something secret": r"(?<![\w.-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)[A-Za-z\d_-]{30,}(?![\w.-])",
    "a name": r"Ada Admin|Fred Front|Mona Manager|Olga Other|(?:Patient|Doctor) [A-Z]\b|Contact \d|Main Street",
}
FORM = re.compile("|".join(f"({form})" for form in FORMS.values()))
OF_THE_TESTS = ("httpx", "httpcore", "websockets.client", "hypothesis", "faker", "asyncio", "tests")
IS_TRACED = os.environ.get("TRACED") == "1"


@lru_cache(10_000)
def told_in(text: str) -> str | None:
    """What a text tells that it should not, and the text itself."""
    found = FORM.search(text)
    return None if found is None or found.lastindex is None else f"{list(FORMS)[found.lastindex - 1]}: {text}"


class Watching(logging.Handler):
    """Reads the log as `serve` writes it in production."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []
        self._lines = JsonLines()

    def begin(self) -> None:
        logging.getLogger().addHandler(self)
        logging.getLogger("clinicgraph.requests").setLevel(logging.INFO)

    def emit(self, record: logging.LogRecord) -> None:
        heard = record.levelno >= logging.WARNING or record.name == "clinicgraph.requests"
        if heard and not record.name.startswith(OF_THE_TESTS):
            self.look(self._lines.format(record))

    def look(self, text: str) -> None:
        if (told := told_in(text)) is not None:
            self.told.append(told)

    def taken(self) -> list[str]:
        """What was told since this was asked last."""
        told, self.told = self.told, []
        return told


WATCHING = Watching()


class WatchedSpans(SpanExporter):
    """Reads spans as they would be sent, each text of theirs once."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        for each in spans:
            for value in (each.name, each.status.description, *(each.attributes or {}).values()):
                WATCHING.look(str(value))
            if each.events:
                WATCHING.told.append(f"an event: {each.to_json(indent=None)}")
        return SpanExportResult.SUCCESS


def parts() -> Parts:
    """Those of each application under test; with `TRACED=1` they make spans, which are looked through as well."""
    if not IS_TRACED:
        return PLAIN
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(WatchedSpans()))
    return TracedParts(provider)
