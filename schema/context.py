"""What one request carries to every resolver."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import strawberry

from auth.viewer import Viewer
from loaders.loader import Loaders
from loaders.reads import Reads


@dataclass(frozen=True)
class Context:
    """Who asks, at which instant, and how rows are read."""

    viewer: Viewer
    now: datetime
    request_id: str
    reads: Reads
    loaders: Loaders


Info: TypeAlias = strawberry.Info[Context, None]
