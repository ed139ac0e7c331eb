"""Guards, as they stand in the SDL: Apollo's names and meaning, so that a federated router can enforce them too."""

from strawberry.schema_directive import Location
from strawberry.schema_directive import schema_directive as directive

PLACES = [Location.FIELD_DEFINITION, Location.OBJECT, Location.INTERFACE, Location.SCALAR, Location.ENUM]


@directive(locations=PLACES, name="authenticated", description="Answered only to somebody who is signed in.")
class Authenticated:
    pass


@directive(
    locations=PLACES,
    name="requiresScopes",
    description="Answered only to a token that has all scopes of at least one of the lists.",
)
class RequiresScopes:
    scopes: list[list[str]]


Guard = Authenticated | RequiresScopes


def requires(*scopes: str) -> RequiresScopes:
    """A guard that is met by having all of these scopes."""
    return RequiresScopes(scopes=[list(scopes)])
