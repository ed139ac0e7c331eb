"""Which executor runs the queries: ours, or graphql-core's own, to compare with."""

from typing import Any

from engine import BreadthFirstExecutor
from server.settings import ExecutorName


def executor_class(name: ExecutorName) -> Any:
    """The class to give to Strawberry; None is graphql-core's."""
    return BreadthFirstExecutor if name is ExecutorName.BREADTH_FIRST else None
