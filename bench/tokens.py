"""Access tokens as our authorization server gives them: ours is asked with one, as in production."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from auth.oauth.keys import current_signer
from auth.oauth.minting import Grant, mint_access_token
from auth.scopes import Scope
from server.identity import configuration_of, prepare
from server.oauth.edge import opened
from server.settings import Settings

CLIENT = "bench"
LIFETIME = timedelta(hours=1)
SERVICE = Grant(CLIENT, frozenset(Scope))
"""A service client that may everything: peers apply no visibility."""


def signed_in(user_id: int, now: datetime) -> Grant:
    return Grant(CLIENT, frozenset(Scope), user_id=user_id, auth_time=now, amr=("pwd",))


async def tokens_of(dsn: str, settings: Settings, now: datetime, *grants: Grant) -> list[str]:
    """A token for each grant, signed with the key of the server that these settings describe."""
    configuration = configuration_of(settings)
    await prepare(dsn, settings, lambda: now)

    def mint(session: Session) -> list[str]:
        signer = current_signer(session, configuration, now)
        return [mint_access_token(signer, configuration, grant, now, LIFETIME).token for grant in grants]

    async with opened(dsn) as sessions, sessions.begin() as session:
        return await session.run_sync(mint)
