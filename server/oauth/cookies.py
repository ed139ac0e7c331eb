"""The cookies of the pages: who visits, who is signed in, who has yet to take the second step."""

from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from auth.oauth.configuration import Configuration
from auth.oauth.secret import new_token

NAMES = {"visitor": "clinicgraph_form", "session": "clinicgraph_session", "second_step": "clinicgraph_second_step"}


@dataclass(frozen=True)
class Cookies:
    """What the browser has brought, or will bring next time; None is a cookie that it does not have."""

    visitor: str | None = None
    session: str | None = None
    second_step: str | None = None

    @classmethod
    def of(cls, request: Request, configuration: Configuration) -> "Cookies":
        given = {field: request.cookies.get(_name(name, configuration)) for field, name in NAMES.items()}
        return cls(**given)

    def with_visitor(self) -> "Cookies":
        """With a value of its own for every visitor, so that forms can be bound to it."""
        return self if self.visitor else replace(self, visitor=new_token())

    def write(self, response: Response, before: "Cookies", configuration: Configuration) -> None:
        """Sets what has changed. Scripts cannot read them, other sites cannot send them along with a form."""
        for field, name in NAMES.items():
            value: str | None = getattr(self, field)
            if value == getattr(before, field):
                continue
            response.set_cookie(
                _name(name, configuration),
                value or "",
                max_age=None if value else 0,
                path="/",
                secure=configuration.secure,
                httponly=True,
                samesite="lax",
            )


def _name(name: str, configuration: Configuration) -> str:
    """Under https with the prefix that keeps other hosts of the domain from setting it."""
    return f"__Host-{name}" if configuration.secure else name
