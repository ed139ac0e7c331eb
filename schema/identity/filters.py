"""How people are asked for."""

from typing import Annotated

import strawberry

from loaders.identity.users import BY_NAME, UserPages
from models.enums import Role, UserStatus
from schema.context import Info
from schema.fields import described
from schema.node import read_id
from schema.paging import After, First, ask_pages
from schema.words import filter_text, search_words


@strawberry.input(description="Which people. All that is given must hold.")
class UserFilter:
    search: str | None = described("Words of the name, or their beginnings.", default=None)
    email: str | None = described("With this address, whatever its case.", default=None)
    role: Role | None = described("Who hold this role.", default=None)
    status: UserStatus | None = described("In this state.", default=None)
    clinic_id: strawberry.ID | None = described("Who work at this clinic, as staff or doctor.", default=None)


UsersAsked = Annotated[UserFilter | None, strawberry.argument(description="Which people.")]


def ask_users(info: Info, first: First = 20, after: After = None, filter: UsersAsked = None) -> UserPages:
    """Asks for people, by name."""
    asked = filter or UserFilter()
    conditions = {
        "search": search_words(asked.search),
        "email": filter_text("email", asked.email),
        "role": asked.role,
        "status": asked.status,
        "clinic_id": asked.clinic_id and read_id("Clinic", asked.clinic_id),
    }
    return ask_pages(info, UserPages, BY_NAME, conditions, first=first, after=after)
