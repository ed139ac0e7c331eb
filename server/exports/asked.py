"""What an export is asked for, and whether the viewer may have it: as with the dashboards."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from auth.scopes import Scope as TokenScope
from auth.viewer import Viewer
from loaders.dashboards.scopes import ClinicDashboards, ClinicsOfDoctorDashboard, Scope
from loaders.loader import Loaders
from models.rollups import ALL
from schema.dashboards.ranges import DateRange, checked
from schema.errors import BadUserInput
from schema.node import read_id

PARAMETERS = ("from", "to", "doctorId", "clinicId", "bom")


@dataclass(frozen=True)
class Asked:
    """The days, of one doctor, of one clinic, of both together, or of everything. `bom`: begin with U+FEFF."""

    first: date
    last: date
    doctor_id: int | None
    clinic_id: int | None
    bom: bool

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "Asked":
        """Raises BadUserInput for what no export can be asked."""
        if unknown := [name for name in parameters if name not in PARAMETERS]:
            raise BadUserInput(f"there is no parameter {unknown[0][:40]!r}; there are {', '.join(PARAMETERS)}")
        first, last = checked(DateRange(from_=_day(parameters, "from"), to=_day(parameters, "to")))
        doctor, clinic = parameters.get("doctorId"), parameters.get("clinicId")
        return cls(
            first,
            last,
            None if doctor is None else read_id("Doctor", doctor),
            None if clinic is None else read_id("Clinic", clinic),
            parameters.get("bom") in ("1", "true"),
        )

    @property
    def dashboard(self) -> TokenScope:
        """The scope that the dashboard asks for whose tables these are."""
        if self.doctor_id is not None:
            return TokenScope.DASHBOARD_DOCTOR
        return TokenScope.DASHBOARD_ADMIN if self.clinic_id is None else TokenScope.DASHBOARD_CLINIC

    async def scope(self, loaders: Loaders, viewer: Viewer) -> Scope | None:
        """Of which doctor and clinics the viewer may see the figures; None if there is nothing for her."""
        if self.doctor_id is not None:
            clinics = await loaders.get(ClinicsOfDoctorDashboard).load(self.doctor_id)
            if clinics is None or self.clinic_id not in (None, *clinics):
                return None
            here = clinics if self.clinic_id is None else (self.clinic_id,)
            return Scope(self.doctor_id, here, self.first, self.last)
        if self.clinic_id is not None:
            clinic = await loaders.get(ClinicDashboards).load(self.clinic_id)
            return None if clinic is None else Scope(ALL, (clinic,), self.first, self.last)
        return Scope(ALL, (ALL,), self.first, self.last) if viewer.sight.everything else None


def _day(parameters: Mapping[str, str], name: str) -> date:
    try:
        return date.fromisoformat(parameters[name])
    except KeyError:
        raise BadUserInput(f"{name} is missing: the first and the last day are asked for, such as 2026-06-15") from None
    except ValueError:
        raise BadUserInput(f"{name} must be a day, such as 2026-06-15") from None
