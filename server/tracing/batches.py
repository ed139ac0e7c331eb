"""A span for each batch that a loader reads: which question it answers, and for how many keys."""

from collections.abc import Hashable, Mapping
from typing import Any

from opentelemetry.trace import Tracer

from loaders.loader import Loader, Loaders, LoaderT
from loaders.reads import Reads
from server.tracing.spans import span


class TracedLoaders(Loaders):
    """Loaders whose batches are told."""

    def __init__(self, reads: Reads, tracer: Tracer) -> None:
        super().__init__(reads)
        self._tracer = tracer

    def get(self, kind: type[LoaderT], *arguments: Hashable) -> LoaderT:
        loader = super().get(kind, *arguments)
        if "read" not in vars(loader):
            self._watch(loader)
        return loader

    def _watch(self, loader: Loader[Any, Any]) -> None:
        name, read, tracer = type(loader).__name__, loader.read, self._tracer

        async def read_watched(keys: list[Any]) -> Mapping[Any, Any]:
            with span(tracer, name, {"clinicgraph.loader": name, "clinicgraph.keys": len(keys)}):
                return await read(keys)

        loader.read = read_watched  # type: ignore[method-assign]
