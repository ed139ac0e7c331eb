"""People: who they are here, and what proves it."""
