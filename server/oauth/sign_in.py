"""The sign-in page and the second step."""

from urllib.parse import urlencode

from starlette.responses import Response
from starlette.routing import Route

from auth.oauth.sign_in import second_step, sign_in
from server.oauth.edge import Edge
from server.oauth.page import button, field, form, link, page, paragraph
from server.oauth.visit import Visit, local_address, visiting

SIGN_IN, SECOND_STEP = "/oauth/sign-in", "/oauth/second-step"
# The same for everything that can be wrong, so that it tells nobody which.
REFUSED = (
    "That did not work. Either the email address or the password is not right, or there were too many attempts: "
    "then wait 15 minutes and try again."
)
REFUSED_CODE = (
    "That did not work. Either the code is not right or was used before, or there were too many attempts: "
    "then wait 15 minutes and try again."
)


class SignInPages:
    """From a name and a password to a session."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def routes(self) -> list[Route]:
        return [
            Route(SIGN_IN, visiting(self._edge, self.ask), methods=["GET"]),
            Route(SIGN_IN, visiting(self._edge, self.sign_in), methods=["POST"]),
            Route(SECOND_STEP, visiting(self._edge, self.ask_code), methods=["GET"]),
            Route(SECOND_STEP, visiting(self._edge, self.second_step), methods=["POST"]),
        ]

    async def ask(self, visit: Visit) -> Response:
        query = visit.request.query_params
        return await self._form(visit, local_address(query.get("next", "")), query.get("hint", "")[:254])

    async def sign_in(self, visit: Visit) -> Response:
        fields = await visit.form()
        going_on, email = local_address(fields.get("next", "")), fields.get("email", "")
        signed_in = await sign_in(
            self._edge.sessions,
            self._edge.configuration,
            email,
            fields.get("password", ""),
            visit.browser,
            self._edge.now(),
            visit.brought.session,
        )
        if signed_in is None:
            return await self._form(visit, going_on, email[:254], REFUSED)
        if signed_in.second_step_due:
            visit.keep(second_step=signed_in.token)
            return visit.go(f"{SECOND_STEP}?{urlencode({'next': going_on})}")
        visit.keep(session=signed_in.token, second_step=None)
        return visit.go(going_on)

    async def ask_code(self, visit: Visit) -> Response:
        going_on = local_address(visit.request.query_params.get("next", ""))
        if visit.brought.second_step is None:
            return visit.go(f"{SIGN_IN}?{urlencode({'next': going_on})}")
        return await self._code_form(visit, going_on)

    async def second_step(self, visit: Visit) -> Response:
        fields = await visit.form()
        going_on = local_address(fields.get("next", ""))
        token = await second_step(
            self._edge.sessions,
            self._edge.configuration,
            visit.brought.second_step or "",
            fields.get("code", ""),
            visit.browser,
            self._edge.now(),
            visit.brought.session,
        )
        if token is None:
            return await self._code_form(visit, going_on, REFUSED_CODE)
        visit.keep(session=token, second_step=None)
        return visit.go(going_on)

    async def _form(self, visit: Visit, going_on: str, email: str, problem: str = "") -> Response:
        fields = field("email", "Email address", "email", "username", value=email)
        fields += field("password", "Password", "password", "current-password")
        return page(
            "Sign in",
            form(SIGN_IN, visit.token, fields + button("Sign in"), next=going_on)
            + link("/oauth/forgot", "Forgot the password?"),
            problem=problem,
            status=400 if problem else 200,
            leads_to=await visit.leads_to(going_on),
        )

    async def _code_form(self, visit: Visit, going_on: str, problem: str = "") -> Response:
        hint = "Six digits from your authenticator app, or one of your recovery codes."
        return page(
            "One more step",
            form(
                SECOND_STEP,
                visit.token,
                field("code", "Code", "text", "one-time-code", hint=hint) + button("Go on"),
                next=going_on,
            )
            + paragraph("Each code works once.")
            + link(f"{SIGN_IN}?{urlencode({'next': going_on})}", "Start again"),
            problem=problem,
            status=400 if problem else 200,
            leads_to=await visit.leads_to(going_on),
        )
