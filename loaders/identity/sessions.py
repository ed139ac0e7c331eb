"""Questions about where somebody is signed in."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from auth.oauth.configuration import Configuration
from auth.viewer import Sight
from auth.visibility import NOW
from loaders.entities import BROWSER_SESSION
from loaders.loader import Loader
from loaders.rows import RowBy
from models.statement import Statement, compile_statement

SESSIONS = BROWSER_SESSION.table


class BrowserSessionById(RowBy):
    entity = BROWSER_SESSION


class OwnSessions(Loader[int, Any]):
    """The viewer's living sessions, the one seen last first."""

    async def read(self, keys: list[int]) -> Mapping[int, Any]:
        statement = _living(self.reads.sight, self.reads.wanted(BROWSER_SESSION))
        return dict.fromkeys(keys, await self.reads.fetch(statement, BROWSER_SESSION.row, {}))


@lru_cache(maxsize=64)
def _living(sight: Sight, wanted: frozenset[str]) -> Statement:
    query = BROWSER_SESSION.select(sight, wanted).where(
        SESSIONS.c.awaits_second_step.is_(False),
        SESSIONS.c.ended_at.is_(None),
        SESSIONS.c.expires_at > NOW,
        SESSIONS.c.last_seen_at > NOW - Configuration.session_idle,
    )
    return compile_statement(query.order_by(SESSIONS.c.last_seen_at.desc(), SESSIONS.c.id.desc()))
