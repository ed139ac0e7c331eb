"""The public address of a server under way, so that commands of the same data directory make tokens for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from server.settings import Settings, Stage


@contextmanager
def noted_address(settings: Settings) -> Iterator[None]:
    """In development the address stands in `public.url` in the data directory until the end of the block."""
    if settings.stage is not Stage.DEVELOPMENT:
        yield
        return
    note = _note(settings)
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(settings.address)
    try:
        yield
    finally:
        if _noted(settings) == settings.address:  # and not that of a server that was started later
            note.unlink(missing_ok=True)


def with_noted_address(settings: Settings) -> Settings:
    """With the address of the server under way, unless CLINICGRAPH_PUBLIC_URL says another."""
    return replace(settings, public_url=settings.public_url or _noted(settings))


def _note(settings: Settings) -> Path:
    return settings.data_dir / "public.url"


def _noted(settings: Settings) -> str | None:
    try:
        return _note(settings).read_text() or None
    except OSError:
        return None
