"""Errors as values: a failed position holds a ``Failure`` until the whole answer has been read.

While a level runs, nothing knows the paths of its objects; that is what makes it fast. So an error is put where
its value would have been, and ``nulls.settle`` walks the answer afterwards, gives each error its path and lets
nulls rise to the next nullable position.
"""


class Failure:
    """Stands in an answer in place of a value that could not be had."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error
