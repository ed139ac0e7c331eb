"""The Python servers that are measured. Each reads its address, database and clock from the environment."""

POOL = 10
"""Connections that every server may hold."""
