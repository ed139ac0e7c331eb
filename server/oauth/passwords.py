"""Choosing a password by a link that was sent by mail, and verifying an address by one."""

import logging

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.background import BackgroundTask
from starlette.responses import Response
from starlette.routing import Route

from auth.oauth.links import CHOOSES_PASSWORD, Invited, choose_password, create_link, look_up, verify_email
from auth.oauth.sign_in import normal_email
from auth.oauth.throttle import Kind, begin_attempt
from auth.passwords import LONGEST, SHORTEST, PasswordRefused, check_new_password, hash_password
from gateways.mail import Mail, MailRefused
from models import User
from models.enums import UserStatus
from models.oauth import LinkPurpose
from server.oauth.edge import Edge
from server.oauth.page import button, field, form, link, page, paragraph
from server.oauth.visit import Visit, visiting

log = logging.getLogger(__name__)

FORGOT, RESET, VERIFY = "/oauth/forgot", "/oauth/reset", "/oauth/verify"
LETTER = """\
Hello {name},

somebody, most likely you, asked to choose a new password for Clinicgraph. This link works once, for an hour:

{link}

If it was not you, there is nothing to do: without the link your password stays as it is.
"""


class PasswordPages:
    """Reset by a one-time link. Nothing here tells whether an address is known."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def routes(self) -> list[Route]:
        return [
            Route(FORGOT, visiting(self._edge, self.ask), methods=["GET"]),
            Route(FORGOT, visiting(self._edge, self.forgot), methods=["POST"]),
            Route(RESET, visiting(self._edge, self.ask_password), methods=["GET"]),
            Route(RESET, visiting(self._edge, self.reset), methods=["POST"]),
            Route(VERIFY, visiting(self._edge, self.ask_verification), methods=["GET"]),
            Route(VERIFY, visiting(self._edge, self.verify), methods=["POST"]),
        ]

    async def ask(self, visit: Visit) -> Response:
        fields = field("email", "Email address", "email", "username") + button("Send me a link")
        return page("Choose a new password", form(FORGOT, visit.token, fields))

    async def forgot(self, visit: Visit) -> Response:
        """Answers at once; what depends on the address happens afterwards."""
        fields = await visit.form()
        response = page(
            "Look into your mail",
            paragraph("If there is an account with this address, a link to choose a new password is on its way to it.")
            + link("/oauth/sign-in", "Sign in"),
        )
        response.background = BackgroundTask(self._send, normal_email(fields.get("email", "")), visit.browser.address)
        return response

    async def ask_password(self, visit: Visit) -> Response:
        token = visit.request.query_params.get("token", "")
        return self._form(visit, token) if await self._invited(token) else _no_good()

    async def reset(self, visit: Visit) -> Response:
        fields = await visit.form()
        token, password = fields.get("token", ""), fields.get("password", "")
        invited = await self._invited(token)
        if invited is None:
            return _no_good()
        try:
            check_new_password(password, invited.email)
        except PasswordRefused as refused:
            return self._form(visit, token, str(refused))
        hashed = await hash_password(password, self._edge.configuration.password_work)
        async with self._edge.sessions.begin() as session:
            done = await session.run_sync(choose_password, token, hashed, self._edge.now())
        if done is None:
            return _no_good()
        visit.keep(session=None, second_step=None)
        return page(
            "Your password is set",
            paragraph("You have been signed out everywhere. Sign in with the new password.")
            + link("/oauth/sign-in", "Sign in"),
        )

    async def ask_verification(self, visit: Visit) -> Response:
        """Asks for a click: mail programs follow links by themselves."""
        token = visit.request.query_params.get("token", "")
        return page("Confirm your address", form(VERIFY, visit.token, button("Confirm"), token=token))

    async def verify(self, visit: Visit) -> Response:
        fields = await visit.form()
        async with self._edge.sessions.begin() as session:
            done = await session.run_sync(verify_email, fields.get("token", ""), self._edge.now())
        if done is None:
            return _no_good()
        return page("Your address is confirmed", link("/oauth/sign-in", "Sign in"))

    async def _invited(self, token: str) -> Invited | None:
        async with self._edge.sessions() as session:
            invited = await session.run_sync(look_up, token, self._edge.now())
        return invited if invited is not None and invited.purpose in CHOOSES_PASSWORD else None

    async def _send(self, email: str, address: str) -> None:
        configuration, now = self._edge.configuration, self._edge.now()

        def letter(session: Session) -> Mail | None:
            if begin_attempt(session, configuration.secret, Kind.RESET, email, address, now) is None:
                return None
            user = session.scalars(
                select(User).where(User.email == email, User.status == UserStatus.ACTIVE)
            ).one_or_none()
            if user is None:
                return None
            sent = create_link(session, configuration, user.id, LinkPurpose.RESET_PASSWORD, now)
            return Mail(user.email, "Choose a new password", LETTER.format(name=user.name, link=sent))

        async with self._edge.sessions.begin() as session:
            mail = await session.run_sync(letter)
        if mail is None:
            return
        try:
            await self._edge.mail.send(mail)
        except MailRefused as refused:
            log.error("a link could not be sent: %s", refused)

    @staticmethod
    def _form(visit: Visit, token: str, problem: str = "") -> Response:
        hint = f"{SHORTEST} to {LONGEST} characters; a few words in a row are easier to remember than signs."
        fields = field("password", "New password", "password", "new-password", hint=hint) + button("Set it")
        return page(
            "Choose a password",
            form(RESET, visit.token, fields, token=token),
            problem=problem,
            status=400 if problem else 200,
        )


def _no_good() -> Response:
    return page(
        "This link does not work",
        paragraph("It was used before, or is too old, or a newer one was sent.") + link(FORGOT, "Send me another"),
        status=400,
    )
