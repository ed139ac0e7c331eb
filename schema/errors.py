"""Refusals of a request or a field: top-level errors with a code. What a mutation's rules refuse is in its payload."""

from graphql import GraphQLError


class BadUserInput(GraphQLError):
    """An argument that cannot be what its field asks for; the message says which and why."""

    def __init__(self, message: str) -> None:
        super().__init__(message, extensions={"code": "BAD_USER_INPUT"})
