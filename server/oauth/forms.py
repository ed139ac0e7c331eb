"""Forms: read with a limit, and only from our own pages.

A page's form carries a token that is a keyed hash of two cookies, one that every visitor gets and the session's. So
no other site can make one, and what was shown before signing in or out is worthless after. Where browsers say from
which site a form comes, that has to be ours too.
"""

import base64
import hmac
from urllib.parse import parse_qsl, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

from auth.oauth.bridge import Pairs
from auth.oauth.configuration import Configuration
from server.oauth.cookies import Cookies

LARGEST = 65_536  # bytes
FORM = "application/x-www-form-urlencoded"
TOKEN_FIELD = "form_token"  # noqa: S105


class FormRefused(Exception):
    """A form that is not from a page of ours, or not from the one that is shown now."""


async def read_pairs(request: Request) -> Pairs:
    """The fields of an urlencoded body, in order. Raises HTTPException 400, 413 or 415."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise HTTPException(415, f"The body must be {FORM}.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise HTTPException(413, "The body is too large.")
    try:
        return parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise HTTPException(400, "The body is not a form.") from None


async def read_page_form(request: Request, configuration: Configuration, cookies: Cookies) -> dict[str, str]:
    """The fields of a form of our own pages. Raises FormRefused, and HTTPException as `read_pairs` does."""
    fields = dict(await read_pairs(request))
    given = fields.pop(TOKEN_FIELD, "")
    expected = form_token(configuration, cookies)
    known = cookies.visitor is not None and hmac.compare_digest(given.encode(), expected.encode())
    if not known or not _is_from_us(request, configuration):
        raise FormRefused
    return {name: value.replace("\0", "") for name, value in fields.items()}


def form_token(configuration: Configuration, cookies: Cookies) -> str:
    """What the forms of the page that is shown to this browser carry."""
    mac = configuration.secret.mac("forms", cookies.visitor or "", cookies.session or "", cookies.second_step or "")
    return base64.urlsafe_b64encode(mac).decode()


def _is_from_us(request: Request, configuration: Configuration) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return site is not None or _origin(request.headers.get("referer", "")) in _ours(request, configuration)
    return origin in _ours(request, configuration)


def _ours(request: Request, configuration: Configuration) -> set[str]:
    """The public address; in development also whatever name the machine was asked by (localhost, 127.0.0.1)."""
    asked = set() if configuration.secure else {f"http://{request.headers.get('host', '')}"}
    return asked | {configuration.public_url}


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"
