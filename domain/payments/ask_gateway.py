"""What a gateway is to do, written down before it is asked."""

from datetime import timedelta
from secrets import token_urlsafe

from asyncpg import Record

from domain.session import Session
from models import GatewayRequest
from models.enums import GatewayRequestKind

GRACE = timedelta(minutes=1)
"""So long the mutation that asks has for itself, before a worker takes it that it has died."""

COUNT = "SELECT count(*) AS n FROM gateway_requests WHERE payment_id = $1"


async def ask_gateway(
    session: Session,
    payment: Record,
    kind: GatewayRequestKind,
    *,
    gateway: str,
    reference: str | None = None,
    session_id: int | None = None,
    after_id: int | None = None,
    amount_minor: int | None = None,
    reason: str | None = None,
    is_automatic: bool = False,
    is_duplicate: bool = False,
) -> int:
    """Notes a request about a locked payment; returns its id. The key follows from the session's reference and the
    number of the request, so that even a database that was put back to yesterday does not pay twice."""
    (row,) = await session.run(COUNT, payment["id"])
    about = token_urlsafe(24) if reference is None else reference
    return await session.insert(
        GatewayRequest,
        payment_id=payment["id"],
        session_id=session_id,
        after_id=after_id,
        gateway=gateway,
        reference=reference,
        kind=kind,
        key=f"{about}/{kind.lower()}/{row['n'] + 1}",
        amount_minor=amount_minor,
        reason=reason,
        is_automatic=is_automatic,
        is_duplicate=is_duplicate,
        asked_by_id=session.viewer.user_id,
        asked_at=session.now,
        due_at=session.now if is_automatic else session.now + GRACE,
    )
