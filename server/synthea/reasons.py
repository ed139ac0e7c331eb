"""Why a row of a whole file is not loaded. A row that breaks the file is a SyntheaError instead."""

from enum import StrEnum


class Reason(StrEnum):
    NO_POSITION = "no_position"
    CLINIC_NOT_LOADED = "clinic_not_loaded"
    NO_DOCTOR = "no_doctor"
    EMERGENCY = "emergency"
    STAY = "stay"
    UNKNOWN_CLASS = "unknown_class"
    NOT_OVER = "not_over"
    NO_DURATION = "no_duration"
    TOO_LONG = "too_long"
    NEGATIVE_COST = "negative_cost"
    BEFORE_BIRTH = "before_birth"
    AFTER_DEATH = "after_death"
    DOCTOR_OVERLAP = "doctor_overlap"
    PATIENT_OVERLAP = "patient_overlap"
    INSURER = "insurer"
    PRESCRIPTION = "prescription"


WORDS = {
    Reason.NO_POSITION: "a clinic needs a position on land, which its time zone is found by",
    Reason.CLINIC_NOT_LOADED: "its clinic is not loaded (see organizations.csv)",
    Reason.NO_DOCTOR: "the visit names no doctor or no clinic",
    Reason.EMERGENCY: "nobody books an emergency: it is not an appointment",
    Reason.STAY: "an admission (hospital, nursing facility, hospice) is a stay, not an appointment",
    Reason.UNKNOWN_CLASS: "its class is none that is known to be booked",
    Reason.NOT_OVER: "the visit has not ended yet: only past visits are loaded",
    Reason.NO_DURATION: "the visit ends when it starts, or before",
    Reason.TOO_LONG: "the visit lasts more than 8 hours, longer than any slot may",
    Reason.NEGATIVE_COST: "a negative amount is a correction, not the price of a visit",
    Reason.BEFORE_BIRTH: "the visit lies before the patient's birth",
    Reason.AFTER_DEATH: "the visit lies after the day of the patient's death (a certificate, not an appointment)",
    Reason.DOCTOR_OVERLAP: "it overlaps another visit of the same doctor, which is loaded, without the same times",
    Reason.PATIENT_OVERLAP: "it overlaps another visit of the same patient, which is loaded",
    Reason.INSURER: "insurers have no place here; what they paid stands with each visit's payment",
    Reason.PRESCRIPTION: "prescriptions have no place here yet",
}
