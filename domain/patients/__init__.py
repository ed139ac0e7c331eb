"""Patients' records, and who answers for them."""
