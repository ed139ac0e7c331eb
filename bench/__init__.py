"""Clinicgraph beside its peers: one command, one table (`python -m bench`, see README.md)."""
