"""Finding where one is signed in."""

import strawberry

from loaders.identity.sessions import OwnSessions
from schema.directives import requires
from schema.fields import relation
from schema.identity.sessions import BrowserSession


@strawberry.type
class SessionQueries:
    sessions: list[BrowserSession] | None = relation(
        OwnSessions, None, "Where the viewer is signed in, the browser used last first.", guard=requires("profile")
    )
