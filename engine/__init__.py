"""A breadth-first GraphQL executor for graphql-core 3.3; see README.md."""

from .executor import BreadthFirstExecutor, fallbacks
from .plan import Plan, PlanField
from .reads import Attribute, Item
from .within import Within

__all__ = ["Attribute", "BreadthFirstExecutor", "Item", "Plan", "PlanField", "Within", "fallbacks"]
