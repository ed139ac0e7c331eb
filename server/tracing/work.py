"""Spans for what a worker does, and for what gateways are asked."""

from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Tracer, use_span

from gateways.payments import PaymentGateway
from gateways.payments.guarded import Answer, GuardedGateway
from server.tracing.spans import failed, note_trace, span
from worker.chores import Chore, Desk


def traced_chore(chore: Chore, tracer: Tracer) -> Chore:
    """The same chore, told when there was something to do or it failed: most of the time there is not."""

    async def do(desk: Desk) -> int:
        made = tracer.start_span(chore.name, Context(), SpanKind.CONSUMER)
        with use_span(made, record_exception=False, set_status_on_exception=False):
            note_trace(made)
            try:
                done = await chore.do(desk)
            except Exception as error:
                failed(made, type(error).__qualname__)
                made.end()
                raise
        if done:
            made.set_attribute("clinicgraph.done", done)
            made.end()
        return done

    return replace(chore, do=do)


class TracedGateway(GuardedGateway):
    """A gateway whose calls are told: to whom, and which."""

    def __init__(self, gateway: PaymentGateway, tracer: Tracer) -> None:
        super().__init__(gateway)
        self._tracer = tracer

    async def _guarded(self, asked: Coroutine[Any, Any, Answer]) -> Answer:
        call = getattr(asked, "__name__", "call").removeprefix("_")
        with span(self._tracer, f"{self.provider} {call}", {"peer.service": self.provider}, SpanKind.CLIENT):
            return await super()._guarded(asked)
