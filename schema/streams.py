"""What a subscription is: events, and how each is told to one viewer."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, TypeAlias

import strawberry
from graphql import GraphQLError

from loaders.events import Event, Events, PositionExpired, PositionUnknown, Wanted, Watch
from schema.answers import Answer
from schema.context import Context
from schema.directives import Guard
from schema.errors import BadUserInput
from schema.positions import Position, read_position, write_position

ResumeAfter = Annotated[
    str | None, strawberry.argument(description="Resume after the position of a message; else from now on.")
]


@dataclass(frozen=True)
class StreamContext(Context):
    """What a subscription carries. `renewed` gives a context for one event, of the viewer as she is then."""

    events: Events
    renewed: Callable[[], Awaitable[Context]]


StreamInfo: TypeAlias = strawberry.Info[StreamContext, None]


class Told(NamedTuple):
    """A message of a subscription, and the context in which it is answered."""

    answer: Answer
    context: Context


Tell: TypeAlias = Callable[[Event, Context], Awaitable[Sequence[Answer | None]]]
"""The messages of an event for a viewer, None for each that is not hers to see; always as many, whoever she is."""


class Stream:
    """The messages of a subscription. Close it when it is not wanted any more."""

    def __init__(self, context: StreamContext, watch: Watch, tell: Tell, after: Position | None) -> None:
        self._context = context
        self._watch = watch
        self._tell = tell
        self._after = after
        self._next: list[Told] = []

    def __aiter__(self) -> "Stream":
        return self

    async def __anext__(self) -> Told:
        while not self._next:
            event = await self._watch.__anext__()
            context = await self._context.renewed()
            answers = await self._tell(event, context)
            for nth, answer in enumerate(answers, 1):
                position = Position(event.position) if nth == len(answers) else Position(event.position - 1, nth)
                if answer is not None and (self._after is None or position > self._after):
                    self._next.append(Told(Answer(answer, position=write_position(position)), context))
        return self._next.pop(0)

    async def aclose(self) -> None:
        await self._watch.aclose()


async def stream(info: StreamInfo, wanted: Wanted, tell: Tell, after: str | None) -> Any:
    """Starts a subscription. Raises BadUserInput for a position that nobody gave, POSITION_EXPIRED for one too old."""
    position = None if after is None else read_position(after)
    try:
        watch = await info.context.events.watch(wanted, None if position is None else position.event)
    except PositionUnknown as unknown:
        raise BadUserInput(str(unknown)) from None
    except PositionExpired as expired:
        raise position_expired(expired) from None
    return Stream(info.context, watch, tell, position)


def subscription(start: Callable[..., Any], description: str, *, guard: Guard | None = None) -> Any:
    """A subscription field; `start` checks its arguments and returns what `stream` returns."""
    return strawberry.subscription(start, description=description, directives=[guard] if guard else [])


def position_expired(error: PositionExpired) -> GraphQLError:
    return GraphQLError(str(error), extensions={"code": "POSITION_EXPIRED"})
