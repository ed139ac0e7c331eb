"""The front door: the whole application, asked over HTTP without a socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from auth import scopes
from auth.oauth.configuration import Configuration
from auth.oauth.secret import Secret
from auth.passwords import Work
from auth.scopes import of_roles
from auth.viewer import ANONYMOUS, Viewer
from models.enums import Role
from server.app import Application, create_app
from server.parts import Parts
from server.settings import ExecutorName, Settings
from server.wire import Wire
from tests.clinic_data import NOW
from tests.telling import parts as traced


def user(user_id: int, role: Role, **more: Any) -> Viewer:
    """A signed-in user whose token has all that her role may have."""
    return Viewer(user_id=user_id, roles=frozenset({role}), scopes=of_roles([role]), signed_in_at=NOW, **more)


INSTALLATION = Configuration(
    "https://clinic.test",
    Secret("a secret of at least thirty-two characters"),
    password_work=Work(passes=1, memory=64, lanes=1),
)
"""What people's credentials rest on, with light passwords."""

VIEWERS = {
    "anonymous": ANONYMOUS,
    "service": Viewer(client_id="service", is_service=True, scopes=frozenset(scopes.Scope)),
    "admin": user(1, Role.ADMIN),
    "staff": user(2, Role.STAFF, clinic_ids=(1,)),
    "staff of another": user(4, Role.STAFF, clinic_ids=(3,)),
    "manager": user(3, Role.MANAGER, clinic_ids=(1,)),
    "doctor": user(1001, Role.DOCTOR, doctor_id=1),
    "doctor of another": user(1003, Role.DOCTOR, doctor_id=3),
    "patient": user(2001, Role.PATIENT, patient_id=1),
    "stranger": user(2003, Role.PATIENT, patient_id=3),
    "patient without scopes": Viewer(user_id=2001, roles=frozenset({Role.PATIENT}), patient_id=1),
}


async def viewer_of(scope: Scope) -> Viewer:
    return VIEWERS[Headers(scope=scope)["x-test-viewer"]]


@dataclass
class Answer:
    """What came back: status, body, and how many statements it took."""

    response: httpx.Response
    statements: int

    @cached_property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = self.response.json()
        return body

    @property
    def data(self) -> dict[str, Any]:
        """The data of an answer without errors."""
        assert "errors" not in self.body, self.body["errors"]
        data: dict[str, Any] = self.body["data"]
        return data

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.body.get("errors", [])]


class Client:
    """Asks an application as one of `VIEWERS`."""

    def __init__(self, app: Application) -> None:
        self.app = app
        self._scope: Scope = {}
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self._spied), base_url="http://clinicgraph.test")

    async def _spied(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        await self.app(scope, receive, send)

    @classmethod
    @asynccontextmanager
    async def of(
        cls, dsn: str, executor: ExecutorName = ExecutorName.BREADTH_FIRST, parts: Parts | None = None
    ) -> AsyncIterator["Client"]:
        app = create_app(
            *(dsn, Settings(executor=executor, wire=Wire(show_cost=False))),
            viewer_of=viewer_of,
            clock=lambda: NOW,
            parts=parts or traced(),
        )
        app.endpoint.installation = INSTALLATION
        async with app.lifespan:
            client = cls(app)
            async with client.http:
                yield client

    async def ask(self, query: str, variables: dict[str, Any] | None = None, *, viewer: str = "service") -> Answer:
        response = await self.http.post(
            "/graphql", json={"query": query, "variables": variables or {}}, headers={"x-test-viewer": viewer}
        )
        context = self._scope.get("context")
        return Answer(response, context.reads.statements if context else 0)

    def let_go(self) -> None:
        """Forgets the last request, so that what it read can go."""
        self._scope = {}
