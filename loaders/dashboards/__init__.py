"""Reads of dashboards: figures from the roll-ups, and what is going on now."""
