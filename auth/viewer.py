"""The viewer: who is asking, for one request."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from models.enums import Role


class Sight(NamedTuple):
    """Which kinds of rows a viewer may reach. Visibility is compiled once per sight, not once per viewer."""

    everything: bool = False
    as_user: bool = False
    as_patient: bool = False
    as_doctor: bool = False
    as_staff: bool = False


@dataclass(frozen=True, slots=True)
class Viewer:
    """A user with roles and scopes, a service client (no user), somebody whom we do not know, or nobody.

    `client_id` is the application that asks, for whomever. `clinic_ids` are the clinics that the user works for as
    STAFF or MANAGER. `signed_in_at` is when she last proved who she is, if the token says so. Somebody unknown has
    proved who she is to an external issuer, but is no user of ours.
    """

    user_id: int | None = None
    client_id: str | None = None
    is_service: bool = False
    roles: frozenset[Role] = field(default_factory=frozenset)
    scopes: frozenset[str] = field(default_factory=frozenset)
    doctor_id: int | None = None
    patient_id: int | None = None
    clinic_ids: tuple[int, ...] = ()
    signed_in_at: datetime | None = None

    @property
    def is_anonymous(self) -> bool:
        """Nobody: neither a user nor a client."""
        return self.user_id is None and self.client_id is None

    @property
    def sight(self) -> Sight:
        """What rows the viewer's roles reach; a service client is held back by its scopes alone."""
        return Sight(
            everything=Role.ADMIN in self.roles or self.is_service,
            as_user=self.user_id is not None,
            as_patient=self.patient_id is not None,
            as_doctor=self.doctor_id is not None,
            as_staff=bool(self.clinic_ids),
        )

    @property
    def parameters(self) -> dict[str, Hashable]:
        """Values for the parameters that visibility expressions name; with equal ones the same is visible."""
        return {
            "viewer_user_id": self.user_id,
            "viewer_patient_id": self.patient_id,
            "viewer_doctor_id": self.doctor_id,
            "viewer_clinic_ids": self.clinic_ids,
        }


ANONYMOUS = Viewer()
