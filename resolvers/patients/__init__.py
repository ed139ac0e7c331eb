"""Patients' records."""

import strawberry

from resolvers.patients.add_dependant import AddDependant
from resolvers.patients.create_patient import CreatePatient
from resolvers.patients.invite_patient import InvitePatient
from resolvers.patients.remove_dependant import RemoveDependant
from resolvers.patients.set_patient_status import SetPatientStatus
from resolvers.patients.update_patient import UpdatePatient


@strawberry.type
class PatientMutations(
    AddDependant,
    CreatePatient,
    InvitePatient,
    RemoveDependant,
    SetPatientStatus,
    UpdatePatient,
):
    pass
