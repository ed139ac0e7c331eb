"""Where somebody is signed in."""

from datetime import datetime

import strawberry

from loaders.entities import BrowserSessionRow
from schema.directives import requires
from schema.fields import described, read
from schema.node import Node, global_id


@strawberry.type(
    directives=[requires("profile")], description="A browser in which somebody is signed in. Seen by herself alone."
)
class BrowserSession(Node):
    row_type = BrowserSessionRow
    id: strawberry.ID = global_id("BrowserSession")
    browser: str = read(lambda row: row["user_agent"], "What the browser calls itself.", columns=("user_agent",))
    address: str = described("From which address she signed in.")
    signed_in_at: datetime = read(lambda row: row["auth_time"], "When she signed in.", columns=("auth_time",))
    last_seen_at: datetime = described("When it was last used, give or take a minute.")
    expires_at: datetime = described("When it ends by itself.")
    ended_at: datetime | None = described("When it was ended; null while it lives.")
    used_second_step: bool = read(lambda row: "mfa" in row["amr"], "Whether a second step was taken.", columns=("amr",))
