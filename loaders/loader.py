"""What all loaders share: one statement for all keys of a level, cached for the request."""

import asyncio
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Generic, TypeVar, cast

from aiodataloader import DataLoader

from loaders.reads import Reads

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
LoaderT = TypeVar("LoaderT", bound="Loader[Any, Any]")


class Loader(Generic[K, V]):
    """Answers one question for many keys. Subclasses write `read`; a key that it does not answer gets `absent`.

    `load(key)` works anywhere and is batched by aiodataloader. `load_level(keys)` answers a whole level of a query
    at once, without one future per key; levels that ask in the same turn of the event loop share one statement.
    """

    absent: Any = None

    def __init__(self, reads: Reads) -> None:
        self.reads = reads
        self._known: dict[K, V] = {}
        self._single: DataLoader[K, V] | None = None  # made for the first single key: most loaders only see levels
        self._gathering: _Batch[K] | None = None
        self._running: list[_Batch[K]] = []
        self._apart: set[asyncio.Task[Any]] | None = None
        self._given_up = False

    async def read(self, keys: list[K]) -> Mapping[K, V]:  # noqa: ARG002 - for subclasses
        """Answers for distinct keys, in one statement."""
        raise TypeError(f"{type(self).__name__} does not say how it reads")

    def load(self, key: K) -> "asyncio.Future[V]":
        """The answer for one key. Shielded: whoever else waits for it keeps waiting when this one is cancelled.

        None as a key is answered like a missing row.
        """
        if key is None:
            nothing: asyncio.Future[V] = asyncio.get_running_loop().create_future()
            nothing.set_result(self.absent)
            return nothing
        if self._single is None:
            self._single = DataLoader(self._load_apart)
        return asyncio.shield(self._single.load(key))

    async def load_level(self, keys: Iterable[K | None]) -> list[V]:
        """The answers in the order of the keys; None as a key is answered like a missing row."""
        keys = list(keys)
        known = self._known
        while missing := {key: None for key in keys if key is not None and key not in known}:
            await self._learn(missing)
        absent = self.absent
        get: Any = known.get
        return [get(key, absent) for key in keys]

    def forget(self) -> None:
        """Drops what was read, because something may have been written."""
        self._single = None
        self._known.clear()

    def give_up(self) -> None:
        """Ends what is read for single keys, and reads none any more: for when nobody waits.

        Whoever waits for a single key cannot end it herself: aiodataloader reads it in a task of its own.
        """
        self._given_up = True
        for task in self._apart or ():
            task.cancel()

    async def _load_apart(self, keys: list[K]) -> list[V]:
        self._single = None  # which refers to this loader: together they would wait for the garbage collector
        task = asyncio.current_task()
        assert task is not None, "aiodataloader loads in tasks"
        if self._given_up:
            raise asyncio.CancelledError
        if self._apart is None:
            self._apart = set()
        self._apart.add(task)
        try:
            return await self.load_level(keys)
        finally:
            self._apart.discard(task)

    async def _learn(self, missing: dict[K, None]) -> None:
        """Reads the keys, or waits for somebody who does. Afterwards some may still be missing."""
        for batch in self._running:
            if not batch.keys.keys().isdisjoint(missing):
                return await batch.end()
        if self._gathering is not None:
            self._gathering.keys.update(missing)
            return await self._gathering.end()
        batch = self._gathering = _Batch(missing)
        try:
            await asyncio.sleep(0)  # the other branches of this turn may have keys too
            self._gathering = None
            self._running.append(batch)
            self.reads.batches.append(len(batch.keys))
            found = await self.read(list(batch.keys))
        except Exception as error:
            batch.over(error)
            raise
        else:
            self._known.update(dict.fromkeys(batch.keys, self.absent))
            self._known.update(found)
        finally:
            # After a cancellation too: the next of those who wait then reads in its place.
            if batch in self._running:
                self._running.remove(batch)
            if self._gathering is batch:
                self._gathering = None
            batch.over()
        return None


class _Batch(Generic[K]):
    """Keys that are read together, and who waits for them, each with a future that nobody else can cancel."""

    __slots__ = ("_waiting", "keys")

    def __init__(self, keys: dict[K, None]) -> None:
        self.keys = keys
        self._waiting: list[asyncio.Future[None]] = []

    async def end(self) -> None:
        """Waits for the end, good or bad; raises what it failed with."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        await waiting

    def over(self, error: Exception | None = None) -> None:
        """Wakes all who wait."""
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None) if error is None else waiting.set_exception(error)


class Loaders:
    """The loaders of one request, one per class and arguments."""

    def __init__(self, reads: Reads) -> None:
        self.reads = reads
        self._loaders: dict[tuple[Hashable, ...], Loader[Any, Any]] = {}

    def get(self, kind: type[LoaderT], *arguments: Hashable) -> LoaderT:
        """The loader for a question, asked with these arguments (first, filter, …)."""
        key = (kind, *arguments)
        loader = self._loaders.get(key)
        if loader is None:
            loader = self._loaders[key] = kind(self.reads, *arguments)
        return cast("LoaderT", loader)

    def forget(self) -> None:
        """Drops what every loader read; called around each mutation field."""
        for loader in self._loaders.values():
            loader.forget()

    def give_up(self) -> None:
        """Ends what is still read, when nobody waits for it any more."""
        for loader in self._loaders.values():
            loader.give_up()
