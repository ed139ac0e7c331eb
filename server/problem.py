"""Refusals of the plain endpoints: problems after RFC 9457, with our code."""

from starlette.responses import JSONResponse, Response

RETRY_SECONDS = 5


def problem(status: int, code: str, detail: str, headers: dict[str, str] | None = None) -> Response:
    """`detail` says in a sentence what is wrong; a 503 says when to come again."""
    body = {"type": "about:blank", "status": status, "code": code, "detail": detail}
    retry = {"Retry-After": str(RETRY_SECONDS)} if status == 503 else {}
    described = {"Cache-Control": "no-store", **retry, **(headers or {})}
    return JSONResponse(body, status, described, media_type="application/problem+json")
