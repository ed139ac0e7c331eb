"""Questions about people."""

from loaders.entities import USER
from loaders.rows import RowBy


class UserById(RowBy):
    entity = USER
