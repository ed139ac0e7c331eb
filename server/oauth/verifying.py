"""The verifier of access tokens that a process uses: for tokens of its own server, or of an external issuer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from auth.oauth.published import discovered_keys, own_keys
from auth.revocations import Revocations
from auth.tokens import FOREIGN_ALGORITHMS, Expectation, TokenVerifier
from models.clock import Clock
from server.oauth.edge import Edge


def own_tokens(edge: Edge, revocations: Revocations) -> TokenVerifier:
    """Accepts what the open `edge` has issued, until it expires or is revoked in whatever process."""
    expected = Expectation(edge.configuration.issuer, edge.configuration.resource)
    return TokenVerifier(expected, own_keys(edge.sessions, edge.clock), edge.clock, revocations)


@asynccontextmanager
async def foreign_tokens(issuer: str, audience: str, clock: Clock) -> AsyncIterator[TokenVerifier]:
    """Accepts what an OpenID Connect issuer has issued for `audience`. Whether its subject is a user of ours, and an
    active one, is for whoever makes a viewer of the claims."""
    expected = Expectation(issuer, audience, FOREIGN_ALGORITHMS, ours=False)
    async with httpx.AsyncClient() as http:
        yield TokenVerifier(expected, discovered_keys(issuer, http, clock), clock)
