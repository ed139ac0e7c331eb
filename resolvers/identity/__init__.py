"""What can be asked and changed about people."""

import strawberry

from resolvers.identity.assign_role import AssignRole
from resolvers.identity.audit_log import AuditQueries
from resolvers.identity.change_password import ChangePassword
from resolvers.identity.confirm_totp import ConfirmTotp
from resolvers.identity.disable_totp import DisableTotp
from resolvers.identity.end_all_sessions import EndAllSessions
from resolvers.identity.end_session import EndSession
from resolvers.identity.enroll_totp import EnrollTotp
from resolvers.identity.invite_user import InviteUser
from resolvers.identity.reactivate_user import ReactivateUser
from resolvers.identity.register_patient import RegisterPatient
from resolvers.identity.revoke_role import RevokeRole
from resolvers.identity.sessions import SessionQueries
from resolvers.identity.suspend_user import SuspendUser
from resolvers.identity.update_me import UpdateMe
from resolvers.identity.users import UserQueries
from resolvers.identity.verify_email import VerifyEmail


@strawberry.type
class IdentityQueries(AuditQueries, SessionQueries, UserQueries):
    pass


@strawberry.type
class IdentityMutations(
    AssignRole,
    ChangePassword,
    ConfirmTotp,
    DisableTotp,
    EndAllSessions,
    EndSession,
    EnrollTotp,
    InviteUser,
    ReactivateUser,
    RegisterPatient,
    RevokeRole,
    SuspendUser,
    UpdateMe,
    VerifyEmail,
):
    pass
