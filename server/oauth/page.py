"""One page: its frame, its headers, and the parts that all pages use. Everything put into it is escaped."""

from pathlib import Path
from urllib.parse import urlsplit

from markupsafe import Markup
from starlette.responses import HTMLResponse

from server.oauth.forms import TOKEN_FIELD

STYLE_FILE = Path(__file__).with_name("style.css")
STYLE_PATH = "/oauth/style.css"

HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",  # under no-referrer, forms would send "Origin: null"
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

FRAME = Markup("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{title} · Clinicgraph</title>
<link rel="stylesheet" href="{style}">
<link rel="icon" href="data:,">
</head>
<body>
<main>
<p class="brand">Clinicgraph</p>
<h1>{title}</h1>
{problem}{body}
</main>
</body>
</html>
""")


def page(
    title: str, body: Markup, *, problem: str = "", status: int = 200, leads_to: str | None = None
) -> HTMLResponse:
    """A page. `problem` is read out first; `leads_to` is another site at which a form of it may end."""
    alert = Markup('<p class="problem" role="alert">{}</p>\n').format(problem) if problem else Markup()
    html = FRAME.format(title=title, style=STYLE_PATH, problem=alert, body=body)
    return HTMLResponse(html, status, {**HEADERS, "Content-Security-Policy": _policy(leads_to)})


def form(action: str, token: str, body: Markup, /, **hidden: str) -> Markup:
    """A form with its token and hidden fields."""
    fields = Markup().join(
        Markup('<input type="hidden" name="{}" value="{}">\n').format(name, value)
        for name, value in {TOKEN_FIELD: token, **hidden}.items()
    )
    return Markup('<form method="post" action="{}">\n{}{}\n</form>').format(action, fields, body)


def field(name: str, label: str, kind: str, autocomplete: str, *, value: str = "", hint: str = "") -> Markup:
    """A labelled input that has to be filled in."""
    described = Markup(' aria-describedby="{}-hint"').format(name) if hint else Markup()
    below = Markup('<p class="hint" id="{}-hint">{}</p>\n').format(name, hint) if hint else Markup()
    return Markup(
        '<p><label for="{name}">{label}</label>\n'
        '<input id="{name}" name="{name}" type="{kind}" autocomplete="{autocomplete}" value="{value}" '
        "required{described}></p>\n{below}"
    ).format(
        name=name, label=label, kind=kind, autocomplete=autocomplete, value=value, described=described, below=below
    )


def button(label: str, *, name: str = "", value: str = "", plain: bool = False) -> Markup:
    named = Markup(' name="{}" value="{}"').format(name, value) if name else Markup()
    return Markup('<button type="submit"{}{}>{}</button>').format(
        named, Markup(' class="plain"') if plain else Markup(), label
    )


def paragraph(text: str) -> Markup:
    return Markup("<p>{}</p>\n").format(text)


def link(href: str, text: str) -> Markup:
    return Markup('<p><a href="{}">{}</a></p>\n').format(href, text)


def _policy(leads_to: str | None) -> str:
    targets = ["'self'", *([_source(leads_to)] if leads_to else [])]
    return "; ".join(
        (
            "default-src 'none'",
            "style-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            f"form-action {' '.join(targets)}",  # browsers hold redirects after a form to it too
            "frame-ancestors 'none'",
        )
    )


def _source(url: str) -> str:
    """A site as a content security policy names it, which cannot be done for IPv6 addresses."""
    parts = urlsplit(url)
    if parts.scheme in ("http", "https") and ":" not in (parts.hostname or ":"):
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:"
