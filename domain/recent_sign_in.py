"""Step-up (RFC 9470): refunds and overrides are for who has proved lately who she is."""

from datetime import datetime, timedelta

from auth.viewer import Viewer
from domain.refusal import Forbidden

RECENT = timedelta(minutes=15)


class SignInTooOld(Forbidden):
    """The token is good, but its user has to sign in again for this."""

    @property
    def extensions(self) -> dict[str, object]:
        """As RFC 9470 names them: a client asks the authorization server for a sign-in of at most this age."""
        seconds = int(RECENT.total_seconds())
        return {"code": "UNAUTHENTICATED", "reason": "insufficient_user_authentication", "maxAge": seconds}


def check_recent_sign_in(viewer: Viewer, now: datetime) -> None:
    """Raises SignInTooOld for a user whose token is of an older sign-in, or does not say. Clients sign in each time."""
    if viewer.is_service or (viewer.signed_in_at is not None and now - viewer.signed_in_at <= RECENT):
        return
    raise SignInTooOld("sign in again to do this: a more recent sign-in is needed")
