"""The executor: graphql-core's, with the execution of an operation replaced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable
from typing import Any, ClassVar, NamedTuple

from graphql import (
    ExecutionResult,
    ExperimentalIncrementalExecutionResults,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    OperationType,
    default_field_resolver,
)
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.incremental import IncrementalExecutor, StreamItemQueue
from graphql.execution.middleware import MiddlewareManager
from graphql.language import FieldNode
from graphql.pyutils import AwaitableOrValue, Path, Undefined

from .cache import PlanCache
from .drive import Steps, drive
from .plan import Plan
from .run import Run
from .streaming import stream_item_queue

fallbacks: Counter[str] = Counter()
"""How many operations were left to graphql-core's executor, by reason."""

Result = ExecutionResult | ExperimentalIncrementalExecutionResults


class OperationInfo(NamedTuple):
    """A resolve info that also carries the request's ``extensions``, with plain variable values.

    The shape that resolvers written for Strawberry expect; the first fourteen fields are GraphQLResolveInfo's.
    """

    field_name: str
    field_nodes: list[FieldNode]
    return_type: Any
    parent_type: GraphQLObjectType
    path: Path
    schema: Any
    fragments: Any
    root_value: Any
    operation: Any
    variable_values: dict[str, Any]
    context: Any
    is_awaitable: Any
    abort_signal: Any
    async_helpers: Any
    operation_extensions: dict[str, Any] | None


class BreadthFirstExecutor(IncrementalExecutor):
    """Resolves each field once for all objects of its level; a drop-in for graphql-core's executor.

    ``graphql.execute(schema, document, executor_class=BreadthFirstExecutor)`` or
    ``strawberry.Schema(execution_context_class=BreadthFirstExecutor)``. The README says how fields are
    given batch resolvers and declared reads. What the engine does not run itself it leaves to the parent
    class, as a whole operation, and counts in ``fallbacks``.
    """

    plans: ClassVar[PlanCache] = PlanCache()
    """Shared by all executors of the class; a subclass may have its own."""

    uniform_infos: ClassVar[bool] = True
    """Whether infos of one field differ in their path only; false once ``build_resolve_info`` is overridden."""

    def __init__(self, *args: Any, operation_extensions: Any = Undefined, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.operation_extensions = operation_extensions
        self.objects: int | None = None
        """How many objects were answered, counted level by level; None for what was left to graphql-core."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "uniform_infos" not in vars(cls):
            own = cls.build_resolve_info is not BreadthFirstExecutor.build_resolve_info
            cls.uniform_infos = cls.uniform_infos and not own

    def build_resolve_info(
        self,
        field_def: GraphQLField,
        field_nodes: list[FieldNode],
        parent_type: GraphQLObjectType,
        path: Path,
    ) -> GraphQLResolveInfo[Any]:
        """Build graphql-core's info, or the extended one if the request came with extensions."""
        info = super().build_resolve_info(field_def, field_nodes, parent_type, path)
        if self.operation_extensions is Undefined:
            return info
        values: tuple[Any, ...] = info._replace(variable_values=self.variable_values.coerced)  # type: ignore[arg-type]
        return OperationInfo(*values, self.operation_extensions)  # type: ignore[return-value,call-arg]

    def build_stream_item_queue(
        self,
        initial_index: int,
        stream_path: Path,
        iterator: Any,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        item_type: GraphQLOutputType,
        is_async: bool,
    ) -> StreamItemQueue:
        """Build graphql-core's queue for items that come one by one, and ours for those that are all there."""
        of = (initial_index, stream_path, iterator, field_details_list, info, item_type)
        if is_async or self.enable_early_execution:
            return super().build_stream_item_queue(*of, is_async)
        return stream_item_queue(self, *of)

    def execute_operation(self, serially: bool | None = None) -> AwaitableOrValue[Result]:
        """Execute the operation; a result at once if nothing has to be awaited."""
        plan = self._plan()
        if isinstance(plan, str):
            fallbacks[plan] += 1
            return super().execute_operation(serially)
        if serially is None:
            serially = self.operation.operation is OperationType.MUTATION
        self.objects = 0
        steps = Run(self, plan).execute(serially=serially)
        try:
            waiting = next(steps)
        except StopIteration as stop:
            self._let_go()
            return self.finish(self.build_response(stop.value))
        response = self._respond(steps, waiting)
        return response if self.abort_signal is None else self.with_aborted_execution_error(response)

    def _plan(self) -> Plan | str:
        signal = self.abort_signal
        if signal is not None and signal.aborted:
            return "aborted"
        manager = self.middleware_manager
        bare = manager is None or (type(manager) is MiddlewareManager and not manager.middlewares)
        default_resolver = bare and self.field_resolver is default_field_resolver
        flags = (bare, default_resolver, self.hide_suggestions)
        return self.plans.find(self, flags).plan(self.variable_values)

    async def _respond(self, steps: Steps[dict[str, Any] | None], waiting: Awaitable[Any]) -> Result:
        try:
            data = await drive(steps, waiting)
        except Exception:
            await self.cancel_incremental_work()
            self.run_async_work_finished_hook()
            raise
        finally:
            self._let_go()
        return self.build_response(data)

    def _let_go(self) -> None:
        """Forget the helpers of infos, which refer to this executor.

        So everything that a request has read goes with its last reference, and not when the collector comes around.
        """
        del self.async_helpers
