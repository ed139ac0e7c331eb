"""Links that are good once, made when their mail is sent: only then does anybody know their secret."""

from datetime import datetime
from typing import Any

import asyncpg

from auth.oauth.configuration import Configuration
from auth.oauth.links import PATHS
from auth.oauth.secret import digest, new_token
from models.oauth import LinkPurpose

END_EARLIER = "UPDATE one_time_links SET used_at = $3 WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL"
ADD = """
INSERT INTO one_time_links (token_hash, user_id, purpose, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)
"""


async def make_link(
    connection: "asyncpg.Connection[Any]",
    configuration: Configuration,
    user_id: int,
    purpose: LinkPurpose,
    now: datetime,
) -> str:
    """The address to send. Links made before for the same purpose stop working."""
    token = new_token()
    lifetime = (
        configuration.link_lifetime if purpose is LinkPurpose.RESET_PASSWORD else configuration.invitation_lifetime
    )
    await connection.execute(END_EARLIER, user_id, purpose, now)
    await connection.execute(ADD, digest(token), user_id, purpose, now, now + lifetime)
    return f"{configuration.public_url}{PATHS[purpose]}?token={token}"
