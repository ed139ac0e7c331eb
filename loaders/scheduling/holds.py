"""Questions about held seats."""

from loaders.entities import HOLD
from loaders.rows import RowBy


class HoldById(RowBy):
    entity = HOLD
