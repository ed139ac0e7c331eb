"""The authorization endpoint and the question for consent."""

from urllib.parse import urlencode, urlsplit

from markupsafe import Markup
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from auth.oauth.authorize import AskConsent, Outcome, Redirect, Refused, SignInFirst, decide
from auth.oauth.bridge import Pairs
from auth.oauth.server import Server
from auth.oauth.sessions import current_session
from auth.scopes import DESCRIPTIONS
from models import User
from server.oauth.edge import Edge
from server.oauth.forms import read_pairs
from server.oauth.page import button, form, page, paragraph
from server.oauth.visit import AUTHORIZE, Visit, pairs_of, visiting

CONSENT = "/oauth/consent"


class AuthorizationPages:
    """From a client's request to its redirect URI."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def routes(self) -> list[Route]:
        return [
            Route(AUTHORIZE, visiting(self._edge, self.authorize), methods=["GET"]),
            Route(AUTHORIZE, self.posted, methods=["POST"]),
            Route(CONSENT, visiting(self._edge, self.consent), methods=["POST"]),
        ]

    async def authorize(self, visit: Visit) -> Response:
        """Looks what has to happen first; nothing is granted here unless it was before."""
        pairs = pairs_of(visit.request.url.query)
        outcome, email = await self._decided(visit, pairs, None)
        return self._shown(visit, outcome, email)

    async def posted(self, request: Request) -> Response:
        """A request by POST (OpenID Connect Core, 3.1.2.1) becomes one by GET."""
        return RedirectResponse(f"{AUTHORIZE}?{urlencode(await read_pairs(request))}", 303)

    async def consent(self, visit: Visit) -> Response:
        """The answer to the question."""
        fields = await visit.form()
        pairs = pairs_of(fields.get("request", ""))
        outcome, email = await self._decided(visit, pairs, fields.get("decision") == "allow")
        return self._shown(visit, outcome, email)

    async def _decided(self, visit: Visit, pairs: Pairs, allowed: bool | None) -> tuple[Outcome, str]:
        """What comes next, and who is signed in."""
        configuration, now = self._edge.configuration, self._edge.now()

        def decided(session: Session) -> tuple[Outcome, str]:
            browser = current_session(session, configuration, visit.brought.session, now)
            outcome = decide(session, Server(session, configuration, now), pairs, browser, allowed=allowed)
            return outcome, session.get_one(User, browser.user_id).email if browser else ""

        async with self._edge.sessions.begin() as session:
            return await session.run_sync(decided)

    @staticmethod
    def _shown(visit: Visit, outcome: Outcome, email: str) -> Response:
        match outcome:
            case Redirect(location):
                return RedirectResponse(location, 303, {"Cache-Control": "no-store"})
            case SignInFirst(query, _, hint):
                going_on = {"next": f"{AUTHORIZE}?{query}", **({"hint": hint} if hint else {})}
                return visit.go(f"/oauth/sign-in?{urlencode(going_on)}")
            case AskConsent():
                return _question(visit, outcome, email)
            case Refused(description):
                return page(
                    "This request cannot be answered",
                    paragraph("The application that sent you here made a request that is not right:")
                    + paragraph(description)
                    + paragraph("Go back to it and try again, or tell those who run it."),
                    status=400,
                )


def _question(visit: Visit, asked: AskConsent, email: str) -> Response:
    scopes = Markup().join(Markup("<li>{}</li>\n").format(DESCRIPTIONS[scope]) for scope in asked.scopes)
    parts = urlsplit(asked.redirect_uri)
    where = parts.netloc or f"an application on this device ({parts.scheme})"
    other = f"/oauth/sign-in?{urlencode({'next': f'{AUTHORIZE}?{asked.query}'})}"
    return page(
        f"Allow {asked.client_name}?",
        Markup("<p>{} asks, in your name ({}), to:</p>\n<ul>\n{}</ul>\n").format(asked.client_name, email, scopes)
        + Markup('<p>You will go on to {}. <a href="{}">Not you?</a></p>\n').format(where, other)
        + form(
            CONSENT,
            visit.token,
            button("Allow", name="decision", value="allow")
            + button("Do not allow", name="decision", value="deny", plain=True),
            request=asked.query,
        ),
        leads_to=asked.redirect_uri,
    )
