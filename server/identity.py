"""Who asks: by tokens of our own authorization server, or of an external issuer in its place."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auth.oauth.clients import keep_client
from auth.oauth.configuration import Configuration, is_loopback
from auth.oauth.keys import current_signer
from auth.oauth.metadata import foreign_resource_metadata
from auth.revocations import Revocations
from auth.scopes import Scope, written
from auth.viewers import Viewers
from gateways.mail import mail_gateway
from loaders.reads import Pools
from models.clock import Clock, utc_now
from server import oauth
from server.bearer import Bearer
from server.endpoint import ViewerOf
from server.oauth.configure import configure
from server.oauth.edge import opened
from server.oauth.endpoints import OPEN
from server.oauth.verifying import foreign_tokens, own_tokens
from server.settings import Settings, Stage

RESOURCE = "/.well-known/oauth-protected-resource"
GRAPHIQL, DASHBOARD = "clinicgraph-graphiql", "clinicgraph-dashboard"


class Identity:
    """Sign-in of one application: its addresses, and the viewer of each request while it is open."""

    def __init__(self, settings: Settings, clock: Clock = utc_now) -> None:
        """Raises ConfigurationError, SecretError or SmtpUrlError for settings that cannot be."""
        self._settings = settings
        self._clock = clock
        self._edge: oauth.Edge | None = None
        self._revocations: Revocations | None = None
        if settings.oidc_issuer is None:
            mail = mail_gateway(settings.smtp_url, settings.data_dir)
            self._edge = oauth.Edge(configuration_of(settings), mail, clock, settings.wire.trusted_proxies)

    @property
    def installation(self) -> Configuration | None:
        """What people's credentials rest on here; None with an external issuer."""
        return None if self._edge is None else self._edge.configuration

    def routes(self) -> list[Route]:
        """Everything under /oauth and /.well-known; with an external issuer only where it is."""
        if self._edge is not None:
            return oauth.routes(self._edge)
        return [Route(RESOURCE, self._foreign_resource, methods=["GET"])]

    @asynccontextmanager
    async def open(self, dsn: str, pools: Pools) -> AsyncIterator[ViewerOf]:
        """Listens for what is revoked and changed in the database at `dsn`, for as long as the block lasts."""
        metadata_url = self._settings.address + RESOURCE
        async with Revocations.listening(dsn, self._clock) as revocations:
            self._revocations = revocations
            if self._edge is not None:
                async with self._edge.open(dsn):
                    verifier = own_tokens(self._edge, revocations)
                    yield Bearer(Viewers(verifier, pools.lookups.fetch, revocations, self._clock), metadata_url)
                return
            async with foreign_tokens(*self._foreign, self._clock) as verifier:
                yield Bearer(Viewers(verifier, pools.lookups.fetch, revocations, self._clock), metadata_url)

    @property
    def signs(self) -> bool:
        """Whether tokens are our own."""
        return self._edge is not None

    @property
    def hears(self) -> bool:
        """Whether it is known what was revoked; while it is not, every token is refused."""
        return self._revocations is not None and self._revocations.hears

    @property
    def _foreign(self) -> tuple[str, str]:
        issuer, audience = self._settings.oidc_issuer, self._settings.oidc_audience
        assert issuer is not None, "there is no external issuer"
        assert audience is not None, "settings with an issuer have an audience"
        return issuer, audience

    async def _foreign_resource(self, _request: Request) -> Response:
        return JSONResponse(foreign_resource_metadata(*self._foreign), headers=OPEN)


def configuration_of(settings: Settings) -> Configuration:
    """How our own authorization server is set up. Raises ConfigurationError or SecretError."""
    return configure(
        public_url=settings.address,
        secret_key=settings.secret_key,
        data_dir=settings.data_dir,
        production=settings.stage is Stage.PRODUCTION,
    )


async def prepare(dsn: str, settings: Settings, clock: Clock = utc_now) -> None:
    """Before the first start: our own clients, and a key to sign with.

    Raises ConfigurationError, and SecretError if the keys were written with another secret.
    """
    if settings.oidc_issuer is not None:
        return
    configuration = configuration_of(settings)

    def work(session: Session) -> None:
        # Elsewhere browsers give a page by plain http no cryptography, and no code may be sent to it.
        if configuration.secure or is_loopback(urlsplit(settings.address).hostname or ""):
            scopes = written(Scope)
            keep_client(session, GRAPHIQL, "GraphiQL", redirect_uris(settings.address, "/graphql"), scopes)
            keep_client(session, DASHBOARD, "Clinicgraph dashboard", redirect_uris(settings.address, "/"), scopes)
        current_signer(session, configuration, clock())

    async with opened(dsn) as sessions, sessions.begin() as session:
        await session.run_sync(work)


def redirect_uris(address: str, path: str) -> list[str]:
    """Where a page of ours may be. On one's own machine it is found by both of its names."""
    parts = urlsplit(address)
    places = [parts.netloc]
    if is_loopback(parts.hostname or ""):
        port = "" if parts.port is None else f":{parts.port}"
        places += [f"127.0.0.1{port}", f"localhost{port}"]
    return [f"{parts.scheme}://{place}{path}" for place in dict.fromkeys(places)]
