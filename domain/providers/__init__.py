"""Clinics, and the people who work there: the records that bookings stand on."""
