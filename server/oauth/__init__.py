"""The authorization server on Starlette: its endpoints, and pages that work without JavaScript.

edge = Edge(configuration, mail)
routes = oauth.routes(edge)          # for Starlette(routes=[…])
async with edge.open(dsn): …         # in the application's lifespan
"""

from starlette.routing import Route

from server.oauth.account import AccountPages
from server.oauth.authorization import AuthorizationPages
from server.oauth.edge import Edge
from server.oauth.endpoints import Endpoints
from server.oauth.passwords import PasswordPages
from server.oauth.sign_in import SignInPages
from server.oauth.userinfo import UserinfoEndpoint

__all__ = ["Edge", "routes"]


def routes(edge: Edge) -> list[Route]:
    """Everything under /oauth and the documents under /.well-known."""
    parts = (Endpoints, UserinfoEndpoint, AuthorizationPages, SignInPages, PasswordPages, AccountPages)
    return [route for part in parts for route in part(edge).routes()]
