"""Who takes an export, and the answer in its place for somebody who may not."""

from collections.abc import Sequence

from starlette.requests import Request

from auth.scopes import Scope
from auth.viewer import Viewer
from server.graphql_request import RequestRefused
from server.problem import problem


class ExportRefused(Exception):
    """An answer in place of the export."""

    def __init__(self, status: int, code: str, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.response = problem(status, code, detail, headers)


async def viewer_of(request: Request) -> Viewer:
    """Whose token the request has. Raises ExportRefused: 401 without one, or what is said of a bad one."""
    try:
        viewer: Viewer = await request.app.state.viewer_of(request.scope)
    except RequestRefused as refused:
        headers = {name.decode(): value.decode() for name, value in refused.headers}
        raise ExportRefused(refused.status, refused.code, str(refused), headers) from None
    if viewer.is_anonymous:
        raise ExportRefused(401, "UNAUTHENTICATED", "This needs a token.", {"WWW-Authenticate": "Bearer"})
    return viewer


def check_scopes(viewer: Viewer, needs: Sequence[Scope]) -> None:
    """Raises ExportRefused, a 403 that names the scopes, unless the viewer has them all."""
    if any(scope not in viewer.scopes for scope in needs):
        challenge = f'Bearer error="insufficient_scope", scope="{" ".join(needs)}"'
        detail = f"This needs the scopes {', '.join(needs)}."
        raise ExportRefused(403, "FORBIDDEN", detail, {"WWW-Authenticate": challenge})
