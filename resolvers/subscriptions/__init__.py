"""What is told as it happens, from the outbox."""

import strawberry

from resolvers.subscriptions.appointment_changed import AppointmentChanged
from resolvers.subscriptions.doctor_schedule_changed import DoctorScheduleChanged
from resolvers.subscriptions.slot_availability_changed import SlotAvailabilityChanged


@strawberry.type(
    description="What is told as it happens, over WebSocket (graphql-transport-ws) or server-sent events. Each message "
    "has a position after which the same subscription can be resumed."
)
class Subscription(AppointmentChanged, DoctorScheduleChanged, SlotAvailabilityChanged):
    pass
