"""Taking, moving and giving back time."""

import strawberry

from resolvers.scheduling.accept_offer import AcceptOffer
from resolvers.scheduling.add_availability_exception import AddAvailabilityException
from resolvers.scheduling.book_appointment import BookAppointment
from resolvers.scheduling.cancel_appointment import CancelAppointment
from resolvers.scheduling.check_in import CheckIn
from resolvers.scheduling.complete_visit import CompleteVisit
from resolvers.scheduling.confirm_appointment import ConfirmAppointment
from resolvers.scheduling.create_slots import CreateSlots
from resolvers.scheduling.deactivate_slot import DeactivateSlot
from resolvers.scheduling.decline_appointment import DeclineAppointment
from resolvers.scheduling.decline_offer import DeclineOffer
from resolvers.scheduling.delete_slot import DeleteSlot
from resolvers.scheduling.generate_slots import GenerateSlots
from resolvers.scheduling.hold_slot import HoldSlot
from resolvers.scheduling.join_waitlist import JoinWaitlist
from resolvers.scheduling.leave_waitlist import LeaveWaitlist
from resolvers.scheduling.mark_no_show import MarkNoShow
from resolvers.scheduling.override_booking import OverrideBooking
from resolvers.scheduling.reactivate_slot import ReactivateSlot
from resolvers.scheduling.release_hold import ReleaseHold
from resolvers.scheduling.remove_availability_exception import RemoveAvailabilityException
from resolvers.scheduling.remove_availability_template import RemoveAvailabilityTemplate
from resolvers.scheduling.renew_hold import RenewHold
from resolvers.scheduling.reschedule_appointment import RescheduleAppointment
from resolvers.scheduling.set_availability_template import SetAvailabilityTemplate
from resolvers.scheduling.start_visit import StartVisit


@strawberry.type
class SchedulingMutations(
    AcceptOffer,
    AddAvailabilityException,
    BookAppointment,
    CancelAppointment,
    CheckIn,
    CompleteVisit,
    ConfirmAppointment,
    CreateSlots,
    DeactivateSlot,
    DeclineAppointment,
    DeclineOffer,
    DeleteSlot,
    GenerateSlots,
    HoldSlot,
    JoinWaitlist,
    LeaveWaitlist,
    MarkNoShow,
    OverrideBooking,
    ReactivateSlot,
    ReleaseHold,
    RemoveAvailabilityException,
    RemoveAvailabilityTemplate,
    RenewHold,
    RescheduleAppointment,
    SetAvailabilityTemplate,
    StartVisit,
):
    pass
