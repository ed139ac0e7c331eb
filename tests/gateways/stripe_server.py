"""A server on this machine that speaks the part of Stripe's HTTP API that we use, as its SDK sends it.

Form-encoded bodies with brackets, a key for each write whose first answer is remembered and given again, errors as
Stripe's JSON. It can be told to go wrong; it keeps what it was sent, and each event that it would tell by a webhook.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.serve import bind

CREATED = 1_795_262_400  # 2026-11-21 12:00 UTC
API_KEY = "sk_test_local"


class Refusal(Exception):
    """An answer of Stripe's that is an error."""

    def __init__(self, status: int, kind: str, code: str, **more: str) -> None:
        super().__init__(code)
        self.status = status
        self.error = {"type": kind, "code": code, "message": f"It is {code}.", **more}


@dataclass
class Sent:
    """One request, as it came."""

    method: str
    path: str
    form: dict[str, str]
    headers: dict[str, str]

    @property
    def key(self) -> str | None:
        return self.headers.get("idempotency-key")


@dataclass
class Wrong:
    """What goes wrong, for so many requests each; answers are lost of writes only."""

    too_many: int = 0
    broken: int = 0
    unanswered: int = 0
    lost_after_work: int = 0
    declined: str | None = None
    retry_header: str | None = None


@dataclass
class StripeServer:
    """What Stripe knows. `pay` and `refund_by_hand` are what people do there."""

    sent: list[Sent] = field(default_factory=list)
    wrong: Wrong = field(default_factory=Wrong)
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    intents: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    _answers: dict[str, tuple[str, int, Any]] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: count(1))
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def writes(self) -> list[Sent]:
        return [each for each in self.sent if each.method == "POST"]

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator["StripeServer"]:
        """On a port of its own, until the end of the block."""
        stripe = cls()
        listening = bind("127.0.0.1", 0)
        stripe.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        app = Starlette(routes=[Route("/{path:path}", stripe.answer, methods=["GET", "POST"])])
        config = uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield stripe
        finally:
            stripe._closing.set()
            server.should_exit = True
            await serving

    async def answer(self, request: Request) -> Response:
        query = request.url.query if request.method == "GET" else (await request.body()).decode()
        asked = Sent(request.method, request.url.path, dict(parse_qsl(query)), dict(request.headers))
        self.sent.append(asked)
        if self.wrong.unanswered:
            self.wrong.unanswered -= 1
            await self._closing.wait()
            return Response(status_code=503)
        try:
            self._check(asked)
            status, answer = self._once(asked)
        except Refusal as refusal:
            status, answer = refusal.status, {"error": refusal.error}
        if self.wrong.lost_after_work and asked.method == "POST":
            self.wrong.lost_after_work -= 1
            status, answer = 500, {"error": {"type": "api_error", "message": "The answer was lost."}}
        headers = {"Request-Id": f"req_{next(self._numbers)}"}
        if self.wrong.retry_header and status >= 400:
            headers["Stripe-Should-Retry"] = self.wrong.retry_header
        return JSONResponse(answer, status, headers)

    def _check(self, asked: Sent) -> None:
        if asked.headers.get("authorization") != f"Bearer {API_KEY}":
            raise Refusal(401, "invalid_request_error", "api_key_invalid")
        if self.wrong.too_many:
            self.wrong.too_many -= 1
            raise Refusal(429, "invalid_request_error", "rate_limit")
        if self.wrong.broken:
            self.wrong.broken -= 1
            raise Refusal(500, "api_error", "internal")
        if asked.method == "POST" and (not asked.key or "stripe-version" not in asked.headers):
            raise Refusal(400, "invalid_request_error", "parameter_missing")

    def _once(self, asked: Sent) -> tuple[int, Any]:
        """What was answered to the key before, or what happens now."""
        what = json.dumps([asked.path, asked.form])
        if asked.key in self._answers:
            before, status, answer = self._answers[asked.key]
            if before != what:
                raise Refusal(400, "idempotency_error", "idempotency_key_reused")
            return status, answer
        try:
            status, answer = 200, self._work(asked)
        except Refusal as refusal:
            status, answer = refusal.status, {"error": refusal.error}
        if asked.key:
            self._answers[asked.key] = (what, status, json.loads(json.dumps(answer)))
        return status, answer

    def _work(self, asked: Sent) -> Any:
        form = asked.form
        match asked.method, asked.path.strip("/").split("/")[1:]:
            case "POST", ["checkout", "sessions"]:
                return self._create_session(form)
            case "POST", ["checkout", "sessions", reference, "expire"]:
                return self._expire(self._of(self.sessions, reference))
            case "GET", ["checkout", "sessions", reference]:
                return self._expanded(self._of(self.sessions, reference))
            case "GET", ["payment_intents", reference]:
                return self._of(self.intents, reference)
            case "POST", ["payment_intents", reference, "capture"]:
                return self._capture(self._of(self.intents, reference), int(form["amount_to_capture"]))
            case "POST", ["payment_intents", reference, "cancel"]:
                return self._cancel(self._of(self.intents, reference))
            case "POST", ["refunds"]:
                metadata = {"payment": form["metadata[payment]"]}
                return self._refund(form["payment_intent"], int(form["amount"]), metadata, form["reason"])
            case "GET", ["events"]:
                return self._events(form)
        raise Refusal(404, "invalid_request_error", "resource_missing")

    def _create_session(self, form: dict[str, str]) -> dict[str, Any]:
        if "payment_method_types[0]" in form:
            raise Refusal(400, "invalid_request_error", "payment_method_types_no_longer_supported")
        number = next(self._numbers)
        made = self.sessions[f"cs_test_{number}"] = {
            "id": f"cs_test_{number}",
            "object": "checkout.session",
            "url": f"https://checkout.example/c/{number}",
            "status": "open",
            "payment_intent": None,
            "currency": form["line_items[0][price_data][currency]"],
            "amount_total": int(form["line_items[0][price_data][unit_amount]"]),
            "metadata": {"payment": form["metadata[payment]"]},
            "expires_at": int(form["expires_at"]),
        }
        self._capture_methods[made["id"]] = form["payment_intent_data[capture_method]"]
        return made

    _capture_methods: dict[str, str] = field(default_factory=dict)

    def pay(self, reference: str, *, declined: bool = False) -> None:
        """What a patient does on Stripe's page."""
        session = self.sessions[reference]
        intent = session["payment_intent"] and self.intents[session["payment_intent"]]
        if not intent:
            number = next(self._numbers)
            intent = self.intents[f"pi_{number}"] = {
                "id": f"pi_{number}",
                "object": "payment_intent",
                "amount": session["amount_total"],
                "amount_capturable": 0,
                "amount_received": 0,
                "currency": session["currency"],
                "metadata": session["metadata"],
                "status": "requires_payment_method",
                "latest_charge": None,
            }
            session["payment_intent"] = intent["id"]
        if declined:
            self._tell("payment_intent.payment_failed", intent)
            return
        session["status"] = "complete"
        charge = {"id": f"ch_{next(self._numbers)}", "object": "charge", "amount_refunded": 0}
        intent["latest_charge"] = charge
        if self._capture_methods[reference] == "manual":
            intent |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
            self._tell("payment_intent.amount_capturable_updated", intent)
        else:
            intent |= {"status": "succeeded", "amount_received": intent["amount"]}
            self._tell("payment_intent.succeeded", intent)
        self._tell("checkout.session.completed", session)

    def refund_by_hand(self, reference: str, amount: int) -> None:
        """What staff do on Stripe's own pages."""
        self._refund(self.sessions[reference]["payment_intent"], amount, {}, None)

    def _expire(self, session: dict[str, Any]) -> dict[str, Any]:
        if session["status"] != "open":
            raise Refusal(400, "invalid_request_error", "checkout_session_not_open")
        session["status"] = "expired"
        self._tell("checkout.session.expired", session)
        return session

    def _capture(self, intent: dict[str, Any], amount: int) -> dict[str, Any]:
        if self.wrong.declined:
            raise Refusal(402, "card_error", "card_declined", decline_code=self.wrong.declined)
        if intent["status"] != "requires_capture":
            raise Refusal(400, "invalid_request_error", "payment_intent_unexpected_state")
        if amount > intent["amount_capturable"]:
            raise Refusal(400, "invalid_request_error", "amount_too_large")
        intent |= {"status": "succeeded", "amount_capturable": 0, "amount_received": amount}
        self._tell("payment_intent.succeeded", intent)
        return intent

    def _cancel(self, intent: dict[str, Any]) -> dict[str, Any]:
        if intent["status"] != "requires_capture":
            raise Refusal(400, "invalid_request_error", "payment_intent_unexpected_state")
        intent |= {"status": "canceled", "amount_capturable": 0}
        self._tell("payment_intent.canceled", intent)
        return intent

    def _refund(self, of: str, amount: int, metadata: dict[str, str], reason: str | None) -> dict[str, Any]:
        intent = self._of(self.intents, of)
        charge = intent["latest_charge"]
        if self.wrong.declined:
            raise Refusal(402, "card_error", "card_declined", decline_code=self.wrong.declined)
        if amount > intent["amount_received"] - charge["amount_refunded"]:
            raise Refusal(400, "invalid_request_error", "charge_already_refunded")
        charge["amount_refunded"] += amount
        number = next(self._numbers)
        made = self.refunds[f"re_{number}"] = {
            "id": f"re_{number}",
            "object": "refund",
            "amount": amount,
            "currency": intent["currency"],
            "payment_intent": intent["id"],
            "status": "succeeded",
            "metadata": metadata,
            "reason": reason,
        }
        self._tell("refund.created", made)
        self._tell("charge.refunded", charge | {"metadata": intent["metadata"], "currency": intent["currency"]})
        return made

    def _expanded(self, session: dict[str, Any]) -> dict[str, Any]:
        intent = session["payment_intent"]
        return session | {"payment_intent": self.intents[intent] if intent else None}

    def _events(self, form: dict[str, str]) -> dict[str, Any]:
        """Newest first, two to a page."""
        types = {value for name, value in form.items() if name.startswith("types[")}
        found = [each for each in reversed(self.events) if each["type"] in types]
        found = [each for each in found if each["created"] >= int(form["created[gte]"])]
        ids = [each["id"] for each in found]
        start = ids.index(form["starting_after"]) + 1 if "starting_after" in form else 0
        page = found[start : start + 2]
        return {"object": "list", "url": "/v1/events", "data": page, "has_more": start + 2 < len(found)}

    def _tell(self, kind: str, about: dict[str, Any]) -> None:
        number = next(self._numbers)
        self.events.append(
            {
                "id": f"evt_{number}",
                "object": "event",
                "type": kind,
                "created": CREATED + number,
                "data": {"object": json.loads(json.dumps(about))},
            }
        )

    def _of(self, kept: dict[str, dict[str, Any]], reference: str) -> dict[str, Any]:
        if reference not in kept:
            raise Refusal(404, "invalid_request_error", "resource_missing")
        return kept[reference]
