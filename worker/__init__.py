"""What happens by itself: events get their positions, what has expired is let go, what is old is forgotten."""

from worker.worker import Worker

__all__ = ["Worker"]
