"""Rules of money."""
