"""The cache of plans: bounded, least recently used first, keyed by identity and never wrong about it."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError
from graphql.execution.values import VariableValues
from graphql.pyutils import Undefined

from .plan import Plan
from .scan import Scan

if TYPE_CHECKING:
    from .executor import BreadthFirstExecutor

MAX_OUTCOMES = 64
"""How many outcomes of one operation's conditions are kept."""


class CompiledOperation:
    """An operation's plans by the outcome of its conditions; a string in place of a plan is why there is none.

    It holds its schema and its nodes, so that no other object can take their identities while it lives.
    """

    __slots__ = ("flags", "fragments", "operation", "plans", "scan", "schema")

    def __init__(self, executor: BreadthFirstExecutor, flags: tuple[bool, bool, bool]) -> None:
        self.schema = executor.schema
        self.operation = executor.operation
        self.fragments = dict(executor.fragment_definitions)
        self.flags = flags
        self.scan = Scan(self.operation, self.fragments)
        self.plans: dict[tuple[Any, ...], Plan | str] = {}

    def is_of(self, executor: BreadthFirstExecutor) -> bool:
        """Whether the executor's operation is this one, with these fragments."""
        fragments = executor.fragment_definitions
        return (
            self.schema is executor.schema
            and self.operation is executor.operation
            and len(self.fragments) == len(fragments)
            and all(fragments.get(name) is fragment for name, fragment in self.fragments.items())
        )

    def plan(self, variable_values: VariableValues) -> Plan | str:
        """The plan for these variables, or the reason to leave the operation to the parent class."""
        scan = self.scan
        if scan.reason is not None:
            return scan.reason
        coerced = variable_values.coerced
        outcome = tuple([coerced.get(name, Undefined) for name in scan.conditions])
        if any(type(value) is not bool and value is not Undefined for value in outcome):
            return "condition"
        plan = self.plans.get(outcome)
        if plan is None:
            if len(self.plans) >= MAX_OUTCOMES:
                self.plans.clear()
            plan = self.plans[outcome] = self._compile(variable_values)
        return plan

    def _compile(self, variable_values: VariableValues) -> Plan | str:
        if self.schema.get_root_type(self.operation.operation) is None:
            return "root type"
        # Only the variables of conditions: a plan is the same for all values of the others.
        conditions = VariableValues(
            {name: variable_values.sources[name] for name in self.scan.conditions if name in variable_values.sources},
            {name: variable_values.coerced[name] for name in self.scan.conditions if name in variable_values.coerced},
        )
        extended, default_resolver, hide_suggestions = self.flags
        try:
            plan = Plan(
                self.schema,
                self.operation,
                self.fragments,
                conditions,
                extended=extended,
                default_resolver=default_resolver,
                hide_suggestions=hide_suggestions,
            )
        except (GraphQLError, RecursionError):
            return "collection"  # the parent class reports it
        if any(field.name in {"__schema", "__type"} for field in plan.root.fields):
            return "introspection"
        return plan


class PlanCache:
    """Holds the compiled operations that were asked for last."""

    def __init__(self, size: int = 512) -> None:
        self.size = size
        self._operations: OrderedDict[tuple[int, int, tuple[bool, bool, bool]], CompiledOperation] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._operations)

    def clear(self) -> None:
        """Forget everything, for instance after fields of a schema were given other extensions."""
        with self._lock:
            self._operations.clear()

    def find(self, executor: BreadthFirstExecutor, flags: tuple[bool, bool, bool]) -> CompiledOperation:
        """The compiled operation of an executor."""
        key = (id(executor.schema), id(executor.operation), flags)
        with self._lock:
            compiled = self._operations.get(key)
            if compiled is not None and compiled.is_of(executor):
                self._operations.move_to_end(key)
                return compiled
        compiled = CompiledOperation(executor, flags)
        with self._lock:
            self._operations[key] = compiled
            self._operations.move_to_end(key)
            while len(self._operations) > self.size:
                self._operations.popitem(last=False)
        return compiled
