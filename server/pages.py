"""The browser pages and their assets: what `web/` has built, served under a strict content security policy.

Every asset's name carries the hash of its content, so assets never change and the page that names them is never
cached. A page holds no script of its own: all it needs comes from /assets.
"""

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

DIST = Path(__file__).resolve().parent.parent / "web" / "dist"
ASSETS = "/assets"

STRICT_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
GRAPHIQL_POLICY = STRICT_POLICY | {
    "worker-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",  # Monaco writes its theme into style elements
    "font-src": "'self'",
    "img-src": "'self' data:",
}
PAGE_HEADERS = {
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",  # under no-referrer, forms would send "Origin: null"
    "Vary": "Accept",  # the same address answers GraphQL to clients that do not ask for HTML
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
ASSET_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
# Named here and not left to the machine's table, which may lack some; what is not named is not served.
MEDIA_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" type="image/svg+xml" href="{icon}">
<link rel="stylesheet" href="{style}">
<script type="module" src="{script}"></script>
</head>
<body>
<div id="{root}"><p>Loading …</p></div>
<noscript><p>This page needs JavaScript. The API itself answers POST requests at /graphql.</p></noscript>
</body>
</html>
"""
NOT_BUILT = "The browser bundles are not built. Run `make web` in the checkout, then reload this page.\n"


class Pages:
    """The pages of one folder of bundles; a folder that is not there yet is looked for at every request."""

    def __init__(self, dist: Path = DIST) -> None:
        self.dist = dist

    def routes(self) -> list[BaseRoute]:
        return [Route(ASSETS + "/{name}", self.asset, methods=["GET"])]

    def page(self, root: str, title: str, policy: Mapping[str, str]) -> Response:
        """The page of the bundle `<root>.js` and `<root>.css`, which fills the element with that id."""
        try:
            names: dict[str, str] = json.loads((self.dist / "manifest.json").read_bytes())
        except FileNotFoundError:
            return PlainTextResponse(NOT_BUILT, 503, {"Cache-Control": "no-store"})
        style, script, icon = (f"{ASSETS}/{names[name]}" for name in (f"{root}.css", f"{root}.js", "icon.svg"))
        html = PAGE.format(title=escape(title), root=root, style=style, script=script, icon=icon)
        allowed = "; ".join(f"{what} {whence}" for what, whence in policy.items())
        return HTMLResponse(html, headers={"Content-Security-Policy": allowed, **PAGE_HEADERS})

    async def graphiql(self, _request: Request) -> Response:
        return self.page("graphiql", "Clinicgraph · GraphiQL", GRAPHIQL_POLICY)

    async def dashboard(self, _request: Request) -> Response:
        return self.page("dashboard", "Clinicgraph", STRICT_POLICY)

    async def asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        path = self.dist / name
        if path.suffix not in MEDIA_TYPES or path.parent != self.dist or not path.is_file():
            raise HTTPException(404)
        headers, media_type = dict(ASSET_HEADERS), MEDIA_TYPES[path.suffix]
        accepted = accepted_encodings(request.headers.getlist("accept-encoding"))
        for encoding, suffix in ENCODINGS:
            packed = self.dist / (name + suffix)
            if encoding in accepted and packed.is_file():
                headers["Content-Encoding"] = encoding
                path = packed
                break
        return FileResponse(path, headers=headers, media_type=media_type)


def accepted_encodings(headers: Sequence[str]) -> set[str]:
    """The encodings named in Accept-Encoding, without those refused by `q=0`."""
    accepted = set()
    for item in ",".join(headers).lower().split(","):
        encoding, _, quality = item.replace(" ", "").partition(";q=")
        if encoding and (quality.strip("0.") or not quality):
            accepted.add(encoding)
    return accepted


pages = Pages()
routes = pages.routes
graphiql = pages.graphiql
dashboard = pages.dashboard
