"""`python -m server recount`: what is kept beside the facts, computed again from them and compared."""

from server.recount.run import Difference, RecountError, recount

__all__ = ["Difference", "RecountError", "recount"]
