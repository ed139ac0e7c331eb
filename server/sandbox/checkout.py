"""The sandbox's checkout page. It takes no card: two buttons stand for a good one and for a bad one.

Whoever has the address of a session may pay in it, as with any checkout page; forms are bound to the browser.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from auth.oauth.configuration import Configuration
from gateways.payments.sandbox import CHECKOUT
from gateways.payments.sandbox.checkout import Outcome, SandboxCheckout, Sheet
from gateways.payments.sandbox.faults import word
from models.sandbox import SandboxFault
from server.oauth.cookies import Cookies
from server.oauth.forms import FormRefused, form_token, read_page_form
from server.oauth.page import STYLE_FILE, STYLE_PATH, button, form, link, page, paragraph
from server.sandbox.money import shown

OWN_STYLE_FILE = Path(__file__).with_name("style.css")
OWN_STYLE_PATH = "/sandbox/style.css"
STYLE = Markup('<link rel="stylesheet" href="{}">\n').format(OWN_STYLE_PATH)
FAULTS = {
    SandboxFault.DECLINE: "Decline every card",
    SandboxFault.FAIL: "Decline captures, voids and refunds",
    SandboxFault.UNAVAILABLE: "Answer no call",
    SandboxFault.LOSE_ANSWER: "Do the work and lose the answer, once for each key",
    SandboxFault.DELAY: "Send webhooks ten seconds late",
    SandboxFault.REPEAT: "Send every webhook twice",
    SandboxFault.REORDER: "Send webhooks in another order",
}
Answering: TypeAlias = Callable[[Request, Cookies], Awaitable[Response]]


class CheckoutPages:
    """The pages of all sessions; `checkout` is set while the application runs."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self.checkout: SandboxCheckout | None = None

    def routes(self) -> list[Route]:
        path = CHECKOUT + "/{session}"
        return [
            Route(path, self._with_cookies(self.show), methods=["GET"]),
            Route(path, self._with_cookies(self.act), methods=["POST"]),
            Route(OWN_STYLE_PATH, own_style, methods=["GET"]),
            Route(STYLE_PATH, shared_style, methods=["GET"]),  # where an external issuer has the pages of /oauth
        ]

    async def show(self, request: Request, cookies: Cookies) -> Response:
        sheet = await self._checkout.sheet(request.path_params["session"])
        return missing() if sheet is None else self._page(sheet, cookies)

    async def act(self, request: Request, cookies: Cookies) -> Response:
        """Pays, declines, cancels or sets faults, as the button that was pressed says."""
        reference = request.path_params["session"]
        fields = await read_page_form(request, self._configuration, Cookies.of(request, self._configuration))
        sheet = await self._checkout.sheet(reference)
        if sheet is None:
            return missing()
        match fields.get("do"):
            case "pay":
                return await self._after(reference, await self._checkout.pay(reference), cookies)
            case "decline":
                return await self._after(reference, await self._checkout.decline(reference), cookies)
            case "cancel":
                return see(sheet.return_url)
            case "faults":
                faults = frozenset(fault for fault in SandboxFault if word(fault) in fields)
                await self._checkout.set_faults(reference, faults)
                return see(f"{CHECKOUT}/{reference}")
        return page("Nothing was done", paragraph("This page has no such button."), status=400)

    async def _after(self, reference: str, outcome: Outcome | None, cookies: Cookies) -> Response:
        sheet = await self._checkout.sheet(reference)
        if sheet is None:
            return missing()
        if outcome is Outcome.PAID:
            return see(sheet.return_url)
        declined = "The card was declined, so nothing was paid. Another one can be tried."
        return self._page(sheet, cookies, declined if outcome is Outcome.DECLINED else "")

    def _page(self, sheet: Sheet, cookies: Cookies, problem: str = "") -> Response:
        amount = shown(sheet.amount_minor, sheet.currency)
        about = STYLE + paragraph(sheet.description)
        if sheet.outcome is Outcome.PAID:
            return page(f"{amount}: paid", about + link(sheet.return_url, "Go back"))
        if sheet.outcome is Outcome.EXPIRED:
            late = paragraph("This page has expired, so nothing can be paid here any more.")
            return page(f"{amount}: expired", about + late + link(sheet.return_url, "Go back"), status=410)
        action, token = f"{CHECKOUT}/{sheet.reference}", form_token(self._configuration, cookies)
        buttons = Markup("\n").join(
            (
                button(f"Pay {amount}", name="do", value="pay"),
                button("Pay with a card that is declined", name="do", value="decline", plain=True),
                button("Cancel", name="do", value="cancel", plain=True),
            )
        )
        body = about + paragraph("This is a sandbox: no money moves.") + form(action, token, buttons)
        body += form(action, token, _faults(sheet))
        return page(f"Pay {amount}", body, problem=problem, status=402 if problem else 200, leads_to=sheet.return_url)

    def _with_cookies(self, answering: Answering) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            brought = Cookies.of(request, self._configuration)
            cookies = brought.with_visitor()
            try:
                response = await answering(request, cookies)
            except FormRefused:
                again = link(request.url.path, "Show the page again")
                text = "This form is out of date, or was not sent from this site, so nothing was done."
                response = page("Please start again", paragraph(text) + again, status=403)
            cookies.write(response, brought, self._configuration)
            return response

        return answer

    @property
    def _checkout(self) -> SandboxCheckout:
        assert self.checkout is not None, "the application's lifespan opens the sandbox"
        return self.checkout


def _faults(sheet: Sheet) -> Markup:
    boxes = Markup("\n").join(
        Markup('<label><input type="checkbox" name="{}"{}> {}</label>').format(
            word(fault), Markup(" checked") if fault in sheet.faults else Markup(), label
        )
        for fault, label in FAULTS.items()
    )
    frame = Markup('<fieldset class="faults">\n<legend>Faults</legend>\n{}\n</fieldset>\n{}')
    return frame.format(boxes, button("Set the faults", name="do", value="faults", plain=True))


def missing() -> Response:
    return page("There is nothing to pay", paragraph("This address belongs to no payment."), status=404)


def see(url: str) -> Response:
    return RedirectResponse(url, 303, {"Cache-Control": "no-store"})


async def own_style(_request: Request) -> Response:
    return _style(OWN_STYLE_FILE)


async def shared_style(_request: Request) -> Response:
    return _style(STYLE_FILE)


def _style(file: Path) -> Response:
    headers = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return FileResponse(file, headers=headers, media_type="text/css")
