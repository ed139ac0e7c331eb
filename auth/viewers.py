"""From an access token to a viewer: what the token allows, and what its user is now.

What the database says of a user is read by one statement and kept until it changes: triggers tell every process
(`auth.revocations`). So a suspended user and a revoked role count from the next request on, and a request whose token
was seen before asks no database at all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from asyncpg import Record

from auth.revocations import EVERYBODY, Revocations
from auth.scopes import IDENTITY, Scope, of_roles
from auth.tokens import CannotVerify, Claims, InvalidToken, TokenVerifier
from auth.viewer import Viewer
from models.enums import Role, UserStatus

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")

REMEMBERED = 4_096  # tokens, and people
AGAIN_AFTER = timedelta(minutes=1)
"""How long a token is taken for what it was: then the verifier looks again whether its key is still published."""

_ALL: frozenset[str] = frozenset(Scope)

# A profile or a workplace counts as long as its role is held. $2 is now.
PERSON = """
    SELECT u.id, u.status, r.roles, s.clinic_ids, s.until,
      CASE WHEN 'DOCTOR' = ANY (r.roles) THEN (SELECT d.id FROM doctors d WHERE d.user_id = u.id) END AS doctor_id,
      CASE WHEN 'PATIENT' = ANY (r.roles) THEN (SELECT p.id FROM patients p WHERE p.user_id = u.id) END AS patient_id
    FROM users u,
      LATERAL (SELECT coalesce(array_agg(role), '{}') AS roles FROM user_roles WHERE user_id = u.id) r,
      LATERAL (SELECT coalesce(array_agg(clinic_id ORDER BY clinic_id), '{}') AS clinic_ids, min(ended_at) AS until
               FROM staff WHERE user_id = u.id AND role = ANY (r.roles) AND (ended_at IS NULL OR ended_at > $2)) s
"""
PERSON_BY_ID = f"{PERSON} WHERE u.id = $1"
PERSON_BY_EMAIL = f"{PERSON} WHERE u.email = $1"


class Fetch(Protocol):
    """Runs one statement that only reads."""

    async def __call__(self, text: str, arguments: Sequence[object], row_type: type[Record]) -> list[Record]: ...


@dataclass(frozen=True, slots=True)
class Person:
    """A user who may sign in, as she is now. `until` is when a workplace ends by itself."""

    user_id: int
    roles: frozenset[Role]
    scopes: frozenset[Scope]
    doctor_id: int | None
    patient_id: int | None
    clinic_ids: tuple[int, ...]
    until: datetime | None


class Viewers:
    """The viewers of tokens that `verifier` accepts.

    A token of an external issuer names no user of ours: its verified email address does. Somebody whose address we do
    not know may say who she is, and nothing else.
    """

    def __init__(
        self, verifier: TokenVerifier, fetch: Fetch, revocations: Revocations, clock: Callable[[], datetime]
    ) -> None:
        self._verifier = verifier
        self._fetch = fetch
        self._revocations = revocations
        self._clock = clock
        self._changes = 0
        self.hits = 0
        self.misses = 0
        self._people: dict[int | str, Person] = {}
        self._known: dict[str, tuple[Viewer, datetime]] = {}
        revocations.on_change(self._told)

    async def of(self, token: str) -> Viewer:
        """Whose token it is. Raises InvalidToken, and CannotVerify while changes cannot be heard of."""
        now = self._clock()
        viewer, until = self._known.get(token, (None, now))
        if viewer is not None and now < until and self._revocations.hears:
            self.hits += 1
            return viewer
        self.misses += 1
        if not self._revocations.hears:
            raise CannotVerify("revocations cannot be seen at the moment")
        changes = self._changes
        claims = await self._verifier.verify(token)
        until = min(claims.expires_at, now + AGAIN_AFTER)
        if claims.subject == claims.client_id:
            viewer = Viewer(client_id=claims.client_id, is_service=True, scopes=claims.scopes & _ALL)
        elif (person := await self._person(claims, now)) is not None:
            viewer = Viewer(
                user_id=person.user_id,
                client_id=claims.client_id,
                roles=person.roles,
                scopes=claims.scopes & person.scopes,
                doctor_id=person.doctor_id,
                patient_id=person.patient_id,
                clinic_ids=person.clinic_ids,
                signed_in_at=claims.auth_time,
            )
            until = min(until, person.until or until)
        else:
            return Viewer(client_id=claims.client_id, scopes=claims.scopes & IDENTITY)
        if changes == self._changes:
            _keep(self._known, token, (viewer, until))
        return viewer

    async def _person(self, claims: Claims, now: datetime) -> Person | None:
        """The user of a token; None for somebody who is none of ours. Raises InvalidToken for one who may not."""
        ours = claims.user_id is not None
        key = claims.user_id if ours else (claims.email or "").strip().lower()
        if not key:
            return None
        person = self._people.get(key)
        if person is not None and (person.until is None or now < person.until):
            return person
        changes = self._changes
        rows = await self._fetch(PERSON_BY_ID if ours else PERSON_BY_EMAIL, (key, now), Record)
        if not rows and not ours:
            return None
        # An external issuer has verified the address, which is all that an invitation waits for.
        accepted = {UserStatus.ACTIVE} if ours else {UserStatus.ACTIVE, UserStatus.INVITED}
        if not rows or UserStatus(rows[0]["status"]) not in accepted:
            raise InvalidToken("the account is not active")
        person = _person(rows[0])
        if changes == self._changes:
            _keep(self._people, key, person)
        return person

    def _told(self, word: str) -> None:
        """Forgets what may have changed. What is being read meanwhile is not kept."""
        self._changes += 1
        self._known.clear()
        kind, _, user_id = word.partition(" ")
        if word == EVERYBODY:
            self._people.clear()
        elif kind in ("changed", "user", "-user"):
            self._people.pop(int(user_id), None)
            for key in [key for key in self._people if isinstance(key, str)]:
                del self._people[key]


def _person(row: Record) -> Person:
    roles = frozenset(Role(role) for role in row["roles"])
    return Person(
        user_id=row["id"],
        roles=roles,
        scopes=of_roles(roles),
        doctor_id=row["doctor_id"],
        patient_id=row["patient_id"],
        clinic_ids=tuple(row["clinic_ids"]),
        until=row["until"],
    )


def _keep(kept: dict[KeyT, ValueT], key: KeyT, value: ValueT) -> None:
    """Keeps a value; what was kept longest goes when there are too many."""
    if len(kept) >= REMEMBERED:
        del kept[next(iter(kept))]
    kept[key] = value
