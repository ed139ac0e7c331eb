"""What happened to each appointment, step by step: the timeline, and the appointment rows that end it."""

from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from models.enums import AppointmentStatus as Status
from models.enums import ConfirmationRule, Role, UserStatus
from server.seed.batch import Batch
from server.seed.bookings import STATUSES, Bookings
from server.seed.calendar import Calendar
from server.seed.clinics import PAYMENT_WINDOW, Clinic
from server.seed.doctors import Doctor
from server.seed.draws import jitter
from server.seed.moments import HOUR, MINUTE
from server.seed.patients import Patient
from server.seed.people import StaffMember

REASONS = (
    "Annual check-up", "Follow-up visit", "Test results", "New symptoms", "Prescription renewal", "Second opinion",
    "Persistent pain", "Referral", "Certificate", None,
)  # fmt: skip
SPECIAL_REASONS = {
    "General practice": ("Cough and fever", "Back pain", "Vaccination", "Headache"),
    "Paediatrics": ("Vaccination", "Growth check", "Ear ache", "Fever"),
    "Dermatology": ("Mole check", "Eczema", "Acne", "Rash"),
    "Cardiology": ("Palpitations", "Blood pressure", "ECG", "Chest tightness"),
    "Dentistry": ("Toothache", "Cleaning", "Crown", "Check-up"),
    "Physiotherapy": ("Knee rehabilitation", "Neck pain", "Back exercises", "Sports injury"),
    "Orthopaedics": ("Knee pain", "Hip pain", "Cast removal", "Shoulder injury"),
}
CANCEL_REASONS = (
    "Feeling better", "Cannot get off work", "Found an earlier appointment", "Travelling", "Childcare",
    "Booked by mistake", "Transport problems", None,
)  # fmt: skip
DOCTOR_AWAY = "Doctor not available"
NOT_PAID = "Not paid in time"
DECLINE_REASONS = ("Not taking new patients", "Wrong specialty, referral sent", "Double request")
NOTES = ("Well, no change in treatment.", "Advised rest and fluids.", "Blood test ordered.", "Review in 3 months.")


class Step(NamedTuple):
    from_status: Status | None
    to_status: Status
    at: int
    actor: int | None
    reason: str | None = None
    from_slot: int | None = None


class History:
    """Works out the steps of any appointment again and again alike; `settled` is when the last one was."""

    def __init__(
        self, made: Bookings, calendar: Calendar, clinics: Sequence[Clinic], doctors: Sequence[Doctor],
        patients: Sequence[Patient], staff: Sequence[StaffMember], present: int,
    ) -> None:  # fmt: skip
        self.made, self.calendar, self.clinics, self.patients = made, calendar, clinics, patients
        self.doctors, self.present = doctors, present
        self.desk: dict[int, list[int]] = {}
        for member in staff:
            person = member.person
            if person.status is UserStatus.ACTIVE and (person.role is Role.STAFF or member.clinic.id not in self.desk):
                self.desk.setdefault(member.clinic.id, []).append(person.user_id)
        self.settled = array("q")
        self.step_counts = array("i")
        for n in range(len(made)):
            steps = self.steps(n)
            self.settled.append(steps[-1].at)
            self.step_counts.append(len(steps))

    def status(self, n: int) -> Status:
        return STATUSES[self.made.status[n]]

    def clinic(self, n: int) -> Clinic:
        return self.clinics[self.calendar.clinic[self.made.slot[n]] - 1]

    def receptionist(self, n: int) -> int:
        desk = self.desk[self.clinic(n).id]
        return desk[jitter(n, 1, len(desk))]

    def booked_by(self, n: int) -> int:
        if jitter(n, 2, 100) < 72:
            return self.patients[self.made.patient[n] - 1].person.user_id
        return self.receptionist(n)

    def was_paid(self, n: int) -> bool:
        """Whether a booking that asked for prepayment got it: all that were kept, and most that were cancelled."""
        if self.clinic(n).rule is not ConfirmationRule.PAYMENT:
            return False
        status = self.status(n)
        if status is Status.CANCELLED:
            return self.confirmed_at(n) < self.made.cancelled[n] and jitter(n, 3, 100) < 85
        return status is not Status.PENDING

    def confirmed_at(self, n: int) -> int:
        """Automatic: with the booking. By payment: minutes later. By staff: within hours."""
        booked, rule = self.made.booked[n], self.clinic(n).rule
        if rule is ConfirmationRule.AUTOMATIC:
            return booked
        longest = 4 * MINUTE if rule is ConfirmationRule.PAYMENT else 90 * MINUTE
        return min(booked + 20 + jitter(n, 4, longest), self.present)

    def cancel_reason(self, n: int) -> str | None:
        status = self.status(n)
        if status is Status.DECLINED:
            return DECLINE_REASONS[jitter(n, 5, len(DECLINE_REASONS))]
        if status is not Status.CANCELLED:
            return None
        if self._lapsed(n):
            return NOT_PAID
        return CANCEL_REASONS[jitter(n, 6, len(CANCEL_REASONS))] if self._by_patient(n) else DOCTOR_AWAY

    def _lapsed(self, n: int) -> bool:
        late = self.made.cancelled[n] - self.made.booked[n] >= PAYMENT_WINDOW
        return self.clinic(n).rule is ConfirmationRule.PAYMENT and not self.was_paid(n) and late

    def _by_patient(self, n: int) -> bool:
        return jitter(n, 7, 100) < 82

    def steps(self, n: int) -> list[Step]:
        """The timeline of appointment n, oldest first, never later than the present."""
        made, status, clinic = self.made, self.status(n), self.clinic(n)
        automatic = clinic.rule is ConfirmationRule.AUTOMATIC
        first = Status.CONFIRMED if automatic else Status.PENDING
        steps = [Step(None, first, made.booked[n], self.booked_by(n))]
        if status is Status.PENDING:
            return steps
        if status in (Status.CANCELLED, Status.DECLINED):
            steps += self._freed(n, first, status)
            return steps
        if not automatic:
            by_staff = clinic.rule is ConfirmationRule.STAFF
            actor = self.receptionist(n) if by_staff else None
            steps.append(Step(first, Status.CONFIRMED, self.confirmed_at(n), actor, None if by_staff else "Paid"))
        if made.moved_from[n] >= 0:
            steps.append(self._moved(n))
        steps += self._visit(n, status)
        return steps

    def _freed(self, n: int, first: Status, status: Status) -> Iterator[Step]:
        at, reason, before = self.made.cancelled[n], self.cancel_reason(n), first
        if status is Status.DECLINED:
            yield Step(before, status, at, self.receptionist(n), reason)
            return
        staffed = self.clinic(n).rule is ConfirmationRule.STAFF and self.confirmed_at(n) < at
        if self.was_paid(n) or staffed:
            before = Status.CONFIRMED
            actor = self.receptionist(n) if staffed else None
            yield Step(first, before, self.confirmed_at(n), actor, None if staffed else "Paid")
        patient = self.patients[self.made.patient[n] - 1].person.user_id
        actor = patient if self._by_patient(n) else self.receptionist(n)
        yield Step(before, status, at, None if self._lapsed(n) else actor, reason)

    def _moved(self, n: int) -> Step:
        made, slot = self.made, self.made.moved_from[n]
        soonest = min(self.calendar.start[slot], self.calendar.start[made.slot[n]], self.present)
        settled = made.booked[n] + 12 * HOUR
        at = settled + (soonest - settled) // 2
        return Step(Status.CONFIRMED, Status.CONFIRMED, at, self.booked_by(n), "Another time suits better", slot)

    def _visit(self, n: int, status: Status) -> Iterator[Step]:
        slot = self.made.slot[n]
        start, end = self.calendar.start[slot], self.calendar.end(slot)
        confirmed, arrived, begun = Status.CONFIRMED, Status.CHECKED_IN, Status.IN_PROGRESS
        doctor = self.doctors[self.calendar.doctor[slot] - 1].person.user_id
        if status is Status.NO_SHOW:
            at = min(end + jitter(n, 8, 10) * MINUTE, self.present)
            yield Step(confirmed, status, at, self.receptionist(n), None)
        if status in (arrived, begun, Status.COMPLETED):
            at = min(start - (1 + jitter(n, 9, 14)) * MINUTE, self.present - jitter(n, 10, 5 * MINUTE))
            yield Step(confirmed, arrived, at, self.receptionist(n))
        if status in (begun, Status.COMPLETED):
            yield Step(arrived, begun, min(start + jitter(n, 11, 8 * MINUTE), self.present), doctor)
        if status is Status.COMPLETED:
            yield Step(begun, status, min(end + (jitter(n, 12, 10) - 3) * MINUTE, self.present), doctor)

    def appointments(self) -> Batch:
        """The appointment rows, with what a trigger would copy from the slot."""

        def rows() -> Iterator[tuple[object, ...]]:
            made, calendar = self.made, self.calendar
            for n in range(len(made)):
                slot, status = made.slot[n], self.status(n)
                doctor = self.doctors[calendar.doctor[slot] - 1]
                special = SPECIAL_REASONS.get(doctor.specialty, REASONS) if jitter(n, 13, 2) else REASONS
                noted = status is Status.COMPLETED and jitter(n, 15, 4) == 0
                notes = NOTES[jitter(n, 14, len(NOTES))] if noted else None
                yield (n + 1, slot + 1, made.patient[n], doctor.id, calendar.clinic[slot], calendar.start[slot],
                       calendar.end(slot), calendar.day[slot], status, made.pay_by[n] or None,
                       special[jitter(n, 16, len(special))], notes, self.cancel_reason(n), made.cancelled[n] or None,
                       calendar.clinic[slot], self.booked_by(n), made.booked[n], int(made.moved_from[n] >= 0),
                       made.is_first[n] == 1, False, self.step_counts[n], made.booked[n], self.settled[n])  # fmt: skip

        columns = (
            "id slot_id patient_id doctor_id clinic_id starts_at ends_at local_day status pay_by reason notes "
            "cancel_reason cancelled_at policy_id booked_by_id booked_at reschedule_count is_first_visit is_override "
            "version created_at updated_at"
        )
        return Batch("appointments", columns, rows(), len(self.made))

    def timeline(self) -> Batch:
        def rows() -> Iterator[tuple[object, ...]]:
            number = 0
            for n in range(len(self.made)):
                for step in self.steps(n):
                    number += 1
                    old = new = None
                    if step.from_slot is not None:
                        old, new = step.from_slot + 1, self.made.slot[n] + 1
                    clinic = self.calendar.clinic[self.made.slot[n]]
                    yield (number, n + 1, clinic, step.from_status, step.to_status, old, new, step.actor, step.reason,
                           step.at)  # fmt: skip

        columns = (
            "id appointment_id clinic_id from_status to_status from_slot_id to_slot_id actor_id reason happened_at"
        )
        return Batch("appointment_timeline", columns, rows(), sum(self.step_counts))
