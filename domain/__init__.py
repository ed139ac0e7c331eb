"""The rules. No HTTP, no clock, no commit."""
