"""Answers over HTTP: written as JSON, for nobody to keep or for everybody."""

from typing import Any

import orjson
from starlette.types import Send

from server.caching import PRIVATE, is_known, public_headers


def encode(body: Any) -> bytes:
    return orjson.dumps(body, option=orjson.OPT_UTC_Z)


async def answer(send: Send, status: int, content: bytes, media_type: bytes, *headers: tuple[bytes, bytes]) -> None:
    """Answers what nobody may keep."""
    described = [
        (b"content-type", media_type + b"; charset=utf-8"),
        (b"content-length", b"%d" % len(content)),
        PRIVATE,
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": described})
    await send({"type": "http.response.body", "body": content})


async def answer_to_keep(send: Send, content: bytes, media_type: bytes, headers: dict[bytes, bytes]) -> None:
    """Answers what everybody may keep, with 304 if this caller has."""
    kept = public_headers(content)
    if is_known(headers, dict(kept)[b"etag"]):
        await send({"type": "http.response.start", "status": 304, "headers": list(kept)})
        await send({"type": "http.response.body", "body": b""})
        return
    length = (b"content-length", b"%d" % len(content))
    described = [(b"content-type", media_type + b"; charset=utf-8"), length, *kept]
    await send({"type": "http.response.start", "status": 200, "headers": described})
    await send({"type": "http.response.body", "body": content})
