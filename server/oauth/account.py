"""A user's sessions, signing out, and the style of all pages."""

from markupsafe import Markup
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from auth.oauth.sessions import current_session, end_session, sessions_of
from models import User
from models.oauth import BrowserSession
from server.oauth.edge import Edge
from server.oauth.page import STYLE_FILE, STYLE_PATH, button, form, link, page, paragraph
from server.oauth.visit import SESSIONS, Visit, visiting

SIGN_OUT = "/oauth/sign-out"


class AccountPages:
    """Where somebody is signed in, and how to end that."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def routes(self) -> list[Route]:
        return [
            Route(SESSIONS, visiting(self._edge, self.sessions), methods=["GET"]),
            Route(SESSIONS, visiting(self._edge, self.end), methods=["POST"]),
            Route(SIGN_OUT, visiting(self._edge, self.ask), methods=["GET"]),
            Route(SIGN_OUT, visiting(self._edge, self.sign_out), methods=["POST"]),
            Route(STYLE_PATH, self.style, methods=["GET"]),
        ]

    async def sessions(self, visit: Visit) -> Response:
        configuration, now = self._edge.configuration, self._edge.now()

        def found(session: Session) -> tuple[str, int, list[BrowserSession]] | None:
            mine = current_session(session, configuration, visit.brought.session, now)
            if mine is None:
                return None
            user = session.get_one(User, mine.user_id)
            return user.email, mine.id, sessions_of(session, configuration, mine.user_id, now)

        async with self._edge.sessions.begin() as session:
            listed = await session.run_sync(found)
        if listed is None:
            return visit.go("/oauth/sign-in")
        email, mine, rows = listed
        items = Markup().join(_item(visit, row, is_this=row.id == mine) for row in rows)
        return page(
            "Your sessions",
            paragraph(f"Signed in as {email}.") + Markup("<ul>\n{}</ul>\n").format(items) + link(SIGN_OUT, "Sign out"),
        )

    async def end(self, visit: Visit) -> Response:
        """Ends one of the user's own sessions; one that is not hers is not there."""
        fields = await visit.form()
        configuration, now = self._edge.configuration, self._edge.now()
        chosen = fields.get("session", "")

        def ended(session: Session) -> bool:
            mine = current_session(session, configuration, visit.brought.session, now)
            if mine is None or not chosen.isdecimal() or len(chosen) > 18:
                return False
            return end_session(session, int(chosen), mine.user_id, now)

        async with self._edge.sessions.begin() as session:
            await session.run_sync(ended)
        return visit.go(SESSIONS)

    async def ask(self, visit: Visit) -> Response:
        return page("Sign out?", form(SIGN_OUT, visit.token, button("Sign out")))

    async def sign_out(self, visit: Visit) -> Response:
        """Ends this session, and revokes what applications were allowed in it."""
        await visit.form()
        configuration, now = self._edge.configuration, self._edge.now()

        def ended(session: Session) -> None:
            mine = current_session(session, configuration, visit.brought.session, now)
            if mine is not None:
                end_session(session, mine.id, mine.user_id, now)

        async with self._edge.sessions.begin() as session:
            await session.run_sync(ended)
        visit.keep(session=None, second_step=None)
        return page("You are signed out", link("/oauth/sign-in", "Sign in"))

    async def style(self, _request: Request) -> Response:
        headers = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}
        return FileResponse(STYLE_FILE, headers=headers, media_type="text/css")


def _item(visit: Visit, row: BrowserSession, *, is_this: bool) -> Markup:
    since = row.auth_time.strftime("%d %B %Y, %H:%M UTC")
    where = f"{row.user_agent or 'Unknown browser'}, from {row.address}, since {since}"
    if is_this:
        return Markup("<li><strong>This browser:</strong> {}</li>\n").format(where)
    ending = form(SESSIONS, visit.token, button("End it", plain=True), session=str(row.id))
    return Markup("<li>{}\n{}</li>\n").format(where, ending)
