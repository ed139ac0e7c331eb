"""Reads the CSV files that Synthea writes and loads them as clinics, doctors, patients and past appointments.

What becomes of each kind of row, and why, stands in docs/decisions/0003-importing-synthea.md.
"""

from server.synthea.errors import SyntheaError
from server.synthea.importing import import_synthea
from server.synthea.reasons import Reason
from server.synthea.report import FileCounts, Problem, Report

__all__ = ["FileCounts", "Problem", "Reason", "Report", "SyntheaError", "import_synthea"]
