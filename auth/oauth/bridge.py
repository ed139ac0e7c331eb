"""Between authlib and whatever carries HTTP: a request made of plain values, an answer made of plain values."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from authlib.oauth2.rfc6749 import OAuth2Payload, OAuth2Request

Pairs: TypeAlias = Sequence[tuple[str, str]]

# At DEBUG, authlib logs the tokens that it issues.
logging.getLogger("authlib").setLevel(logging.INFO)


class Parameters(OAuth2Payload):  # type: ignore[misc]
    """The parameters of a query or a form, in order; `data` has the first of each name, `datalist` all."""

    def __init__(self, pairs: Pairs) -> None:
        self._all: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in pairs:
            if value:  # an empty parameter counts as absent (RFC 6749, 3.1)
                self._all[name].append(value)
        self._first = {name: values[0] for name, values in self._all.items()}

    @property
    def data(self) -> dict[str, str]:
        return self._first

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return self._all


class OAuthRequest(OAuth2Request):  # type: ignore[misc]
    """A request to the authorization server. `headers` has `Authorization`, if there was one, and nothing else."""

    def __init__(self, method: str, pairs: Pairs, authorization: str | None = None) -> None:
        # The address would only be looked at for https; that is settled when the configuration is read.
        headers: Mapping[str, str] = {"Authorization": authorization} if authorization else {}
        super().__init__(method, "https://settled.invalid", headers=headers)
        self.payload: Parameters = Parameters(pairs)

    @property
    def args(self) -> dict[str, str]:
        return self.payload.data

    @property
    def form(self) -> dict[str, str]:
        return self.payload.data

    def all(self, name: str) -> list[str]:
        """Every value that was given under a name."""
        return self.payload.datalist.get(name, [])

    def repeated(self) -> list[str]:
        """Names of parameters given more than once; only `resource` may be."""
        return [name for name, values in self.payload.datalist.items() if len(values) > 1 and name != "resource"]


@dataclass
class Answer:
    """What to send back: an object as JSON, or nothing but headers."""

    status: int
    body: dict[str, object] | None
    headers: list[tuple[str, str]] = field(default_factory=list)

    @property
    def location(self) -> str | None:
        return next((value for name, value in self.headers if name == "Location"), None)
