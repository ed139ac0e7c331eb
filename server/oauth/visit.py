"""One visit of a page: the browser's cookies, the form it sends, and the answer with the cookies it gets."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeAlias
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from auth.oauth.authorize import leads_to
from auth.oauth.bridge import Pairs
from auth.oauth.server import Server
from auth.oauth.sessions import Browser
from server.caller import caller_address
from server.oauth.cookies import Cookies
from server.oauth.edge import Edge
from server.oauth.forms import FormRefused, form_token, read_page_form
from server.oauth.page import link, page, paragraph

AUTHORIZE, SESSIONS = "/oauth/authorize", "/oauth/sessions"


class Visit:
    """A request for a page."""

    def __init__(self, edge: Edge, request: Request) -> None:
        self.edge = edge
        self.request = request
        self.brought = Cookies.of(request, edge.configuration)
        self.cookies = self.brought.with_visitor()

    @property
    def token(self) -> str:
        """For the forms of the page that answers."""
        return form_token(self.edge.configuration, self.cookies)

    @property
    def browser(self) -> Browser:
        address = caller_address(self.request.scope, self.edge.trusted_proxies)
        agent = self.request.headers.get("user-agent", "")
        return Browser("".join(sign for sign in agent[:200] if sign.isprintable()), address)

    async def form(self) -> dict[str, str]:
        """The fields of the form that was sent. Raises FormRefused."""
        return await read_page_form(self.request, self.edge.configuration, self.brought)

    def keep(self, **changed: str | None) -> None:
        """Changes cookies; None takes one away."""
        self.cookies = replace(self.cookies, **changed)

    def go(self, local: str) -> Response:
        """On to another page of ours."""
        return RedirectResponse(local, 303, {"Cache-Control": "no-store"})

    async def leads_to(self, local: str) -> str | None:
        """The other site at which it will end, if `local` is an authorization request."""
        parts = urlsplit(local)
        if parts.path != AUTHORIZE:
            return None

        def found(session: Session) -> str | None:
            server = Server(session, self.edge.configuration, self.edge.now())
            return leads_to(server, pairs_of(parts.query))

        async with self.edge.sessions() as session:
            return await session.run_sync(found)


Handler: TypeAlias = Callable[[Visit], Awaitable[Response]]


def visiting(edge: Edge, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """A handler of visits as Starlette wants it: cookies are written, refused forms are explained."""

    async def answer(request: Request) -> Response:
        visit = Visit(edge, request)
        try:
            response = await handler(visit)
        except FormRefused:
            response = page(
                "Please start again",
                paragraph("This form is out of date, or was not sent from this site, so nothing was done.")
                + link(SESSIONS, "Your sessions"),
                status=403,
            )
        visit.cookies.write(response, visit.brought, edge.configuration)
        return response

    return answer


def pairs_of(query: str) -> Pairs:
    """The parameters of a query; one that cannot be read has none."""
    try:
        return parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        return []


def local_address(address: str) -> str:
    """Where to go on after signing in: an authorization request of ours, or the sessions. Never anywhere else."""
    try:
        parts = urlsplit(address) if address.isascii() and address.isprintable() else urlsplit("")
    except ValueError:
        return SESSIONS
    if parts.scheme or parts.netloc or parts.path != AUTHORIZE or "\\" in address:
        return SESSIONS
    return f"{AUTHORIZE}?{parts.query}"
