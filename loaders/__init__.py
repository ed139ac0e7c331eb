"""Reads: one class per question, keys in, rows out, filtered by viewer in SQL."""
