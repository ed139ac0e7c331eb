"""Changing what is known of oneself."""

from domain.identity.particulars import Wrong
from domain.identity.people import lock_user, own_id
from domain.refusal import Conflict
from domain.session import Session
from models import User


async def update_me(session: Session, changes: dict[str, str | None], version: int | None) -> int:
    """Changes `name`, `phone` and `language`, as far as they are given; returns the user's id.

    Raises Invalid, and Conflict when the version is not the one that was read.
    """
    wrong = Wrong()
    checked: dict[str, str | None] = {}
    if "name" in changes:
        checked["name"] = wrong.name(changes["name"] or "")
    if "phone" in changes:
        checked["phone"] = wrong.phone(changes["phone"])
    if "language" in changes:
        checked["language"] = wrong.language(changes["language"] or "")
    wrong.check()
    user = await lock_user(session, own_id(session))
    if version is not None and version != user["version"]:
        raise Conflict(field="version")
    if checked:
        await session.update(User, user["id"], **checked)
        session.audit("User", user["id"], patient_id=session.viewer.patient_id)
    return int(user["id"])
