"""Clinics, their doctors and staff."""

import strawberry

from resolvers.providers.add_closing_day import AddClosingDay
from resolvers.providers.add_staff import AddStaff
from resolvers.providers.apply_as_doctor import ApplyAsDoctor
from resolvers.providers.approve_doctor import ApproveDoctor
from resolvers.providers.create_clinic import CreateClinic
from resolvers.providers.deactivate_clinic import DeactivateClinic
from resolvers.providers.deactivate_doctor import DeactivateDoctor
from resolvers.providers.invite_doctor import InviteDoctor
from resolvers.providers.link_doctor_to_clinic import LinkDoctorToClinic
from resolvers.providers.reactivate_clinic import ReactivateClinic
from resolvers.providers.reject_doctor import RejectDoctor
from resolvers.providers.remove_closing_day import RemoveClosingDay
from resolvers.providers.remove_staff import RemoveStaff
from resolvers.providers.review_credential import ReviewCredential
from resolvers.providers.set_clinic_policy import SetClinicPolicy
from resolvers.providers.submit_credential import SubmitCredential
from resolvers.providers.unlink_doctor_from_clinic import UnlinkDoctorFromClinic
from resolvers.providers.update_clinic import UpdateClinic
from resolvers.providers.update_doctor import UpdateDoctor


@strawberry.type
class ProviderMutations(
    AddClosingDay,
    AddStaff,
    ApplyAsDoctor,
    ApproveDoctor,
    CreateClinic,
    DeactivateClinic,
    DeactivateDoctor,
    InviteDoctor,
    LinkDoctorToClinic,
    ReactivateClinic,
    RejectDoctor,
    RemoveClosingDay,
    RemoveStaff,
    ReviewCredential,
    SetClinicPolicy,
    SubmitCredential,
    UnlinkDoctorFromClinic,
    UpdateClinic,
    UpdateDoctor,
):
    pass
