"""Finding the people, and the places, that a rule is about."""

from asyncpg import Record

from domain.refusal import Forbidden, NotFound
from domain.session import Session
from models import Clinic, User


def own_id(session: Session) -> int:
    """Who signed in. Raises Forbidden for an application that acts for nobody, and for somebody we do not know."""
    if session.viewer.user_id is None:
        raise Forbidden("this is for somebody who has signed in")
    return session.viewer.user_id


async def lock_user(session: Session, user_id: int) -> Record:
    """The user, locked. Raises NotFound."""
    try:
        return await session.lock(User, user_id)
    except NotFound:
        raise NotFound("there is no such user", field="userId") from None


async def find_clinic(session: Session, clinic_id: int) -> Record:
    """The clinic. Raises NotFound."""
    try:
        return await session.find(Clinic, clinic_id)
    except NotFound:
        raise NotFound("there is no such clinic", field="clinicId") from None
